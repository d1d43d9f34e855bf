/**
 * Writes docs/configuration.md from the schema of the configuration file and the flags. With `--check` it writes nothing
 * and exits with 1 when the page is stale.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { SHORT_VARIABLES } from '../src/config/environment.ts'
import { addConfigFlags } from '../src/config/flags.ts'
import { configJsonSchema } from '../src/config/json-schema.ts'
import { type ConfigKey, configKeys } from '../src/config/keys.ts'
import { showPath } from '../src/config/problem.ts'

const PAGE = new URL('../docs/configuration.md', import.meta.url)

const HEAD = `<!-- Written by scripts/generate-config-docs.ts from the schema itself. Do not edit. -->

# Configuration

Kvasir reads one YAML (or JSON) file. Everything has a default except where the endpoints are, so the smallest
configuration is a list of URLs:

\`\`\`yaml
endpoints:
  - http://10.0.0.7:8000
  - http://10.0.0.8:8000
\`\`\`

[examples/kvasir.yaml](../examples/kvasir.yaml) is a start, [examples/every-option.yaml](../examples/every-option.yaml)
shows every key. The file is the one \`--config\` names, else \`KVASIR_CONFIG\`, else \`kvasir.yaml\` in the working directory.

| Command | Does |
|---|---|
| \`kvasir config check [FILE]\` | Says whether the configuration can be used; lists all problems at once, with line and column, and exits with 2 |
| \`kvasir config print [FILE]\` | Prints the complete configuration with all defaults, without secrets, and says which values came from variables and flags |
| \`kvasir config schema\` | Prints the JSON Schema, for editors |

With \`kvasir config schema > kvasir.schema.json\` and this first line in the file, an editor completes and checks it:
\`# yaml-language-server: $schema=./kvasir.schema.json\`

## Layers

Defaults, then the file, then environment variables, then flags; later wins. A list (such as \`endpoints\`) and a policy
are replaced as a whole. An unknown key, variable or policy is an error; nothing is silently ignored.

## Forms of values

| Form | Examples | Meaning |
|---|---|---|
| duration | \`5\`, \`250ms\`, \`5s\`, \`2h\`, \`1h30m\` | A bare number is seconds; at most 24 days |
| size | \`4096\`, \`64MB\`, \`32MiB\` | A bare number is bytes; MB is a million, MiB is 1024 * 1024 |
| tokens | \`8192\`, \`300k\`, \`1M\` | k is a thousand, M a million |
| policy | \`least-loaded\`, \`{ type: prefix-aware, saturationInFlight: 4 }\` | A name, or a type with its options beside it; see [plugins](plugins.md) |

In the headers of an endpoint, \`\${NAME}\` stands for an environment variable, so that the file need not hold secrets.

## Keys`

const VARIABLES = `## Environment variables

A variable is named after its key: \`KVASIR_\`, then the path in capitals. Lists are separated by commas; a list or a map
may also be written as YAML, e.g. \`KVASIR_POOLS='[{ model: qwen3-32b, aliases: [default] }]'\`. An empty variable counts as not
set. Variables that Kubernetes sets for a Service named \`kvasir\` are left alone.

These shorter ones do the same; a \`KVASIR_\` variable wins over them.`

const PLUGINS = `## Plugins of your own

A file in \`plugins\` is a TypeScript or JavaScript module whose default export is a function that returns a plugin or a
list of plugins. It is handed \`definePolicy\`, \`defineFilter\`, \`defineScorer\`, \`definePicker\` and \`z\` (zod), because a file
outside the package cannot import from it:

\`\`\`ts
export default ({ definePolicy, z }) =>
  definePolicy({
    type: 'first',
    summary: 'Always the first endpoint',
    options: z.strictObject({}),
    reads: [],
    reasons: ['first'],
    unit: 'rank',
    create: () => ({ rank: (_request, candidates, ranking) => candidates.forEach((_, i) => (ranking.cost[i] = i)) }),
  })
\`\`\``

const OTHERS = `## Coming from another router

| There | Here |
|---|---|
| \`server.addr\`, \`listen_addr\` | \`listen.host\`, \`listen.port\` |
| \`metrics.addr\` | \`admin.host\`, \`admin.port\` |
| \`server.shutdown_timeout\` | \`timeouts.drain\` |
| \`router.strategy\` | \`policy\` |
| \`router.saturation_inflight\` | \`policy: { type: prefix-aware, saturationInFlight: 8 }\` |
| \`workers\`, \`backends\`, \`BACKENDS\` | \`endpoints\` |
| \`max_inflight\`, \`max_concurrent\` | \`endpoints[].maxConcurrency\` |
| \`kv_budget\` (chunks), \`cache_capacity_blocks\` | \`endpoints[].kvTokens\` (tokens) |
| \`breaker_threshold\`, \`breaker_cooldown\` | \`health.passive.failures\`, \`health.passive.cooldown\` |
| \`health_check_interval\` | \`health.interval\` |
| \`logging\` | \`log\` |`

/** Table cells cannot hold a bar. */
function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

function defaultOf({ section, required, default: preset }: ConfigKey): string {
  if (preset !== undefined) return code(typeof preset === 'string' ? preset : JSON.stringify(preset))
  return section ? '' : required ? 'required' : 'none'
}

function keyRow(key: ConfigKey): string {
  return row(code(key.name), key.type, defaultOf(key), key.description, code(key.variable ?? ''))
}

/** One table for each key at the top; keys at the top without keys of their own share the first. */
function keyTables(keys: readonly ConfigKey[]): string[] {
  const head = [row('Key', 'Type', 'Default', 'Meaning', 'Variable'), '|---|---|---|---|---|']
  const tops = keys.filter(({ name }) => !/[.[]/.test(name))
  const inner = (top: ConfigKey) =>
    keys.filter(({ name }) => /^[.[]/.test(name.slice(top.name.length)) && name.startsWith(top.name))
  const single = tops.filter((top) => !top.section).map(keyRow)
  const tables = tops.filter((top) => inner(top).length > 0)
  return [
    [...head, ...single].join('\n'),
    ...tables.flatMap((top) => [
      `### ${top.name}`,
      `${top.description}.`,
      [...head, ...inner(top).map(keyRow)].join('\n'),
    ]),
  ]
}

function flagTable(): string {
  const flags = addConfigFlags(new Command()).options.map(({ flags: names, description }) =>
    row(code(names), description),
  )
  return [row('Flag', 'Meaning'), '|---|---|', ...flags].join('\n')
}

function variableTable(): string {
  const rows = SHORT_VARIABLES.map(({ name, path }) => row(code(name), code(showPath(path))))
  return [row('Variable', 'Key'), '|---|---|', ...rows].join('\n')
}

function page(): string {
  const tables = keyTables(configKeys(configJsonSchema()))
  const parts = [HEAD, ...tables, VARIABLES, variableTable(), '## Flags', flagTable(), PLUGINS, OTHERS]
  return `${parts.join('\n\n')}\n`
}

const text = page()
const stale = !existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== text
if (process.argv.includes('--check')) {
  if (stale) {
    process.stderr.write('docs/configuration.md is stale: run `npm run generate`\n')
    process.exitCode = 1
  }
} else if (stale) {
  writeFileSync(PAGE, text)
}
