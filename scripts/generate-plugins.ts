/**
 * Writes the list of all plugins (src/plugins/index.ts) and their reference (docs/plugins.md) from what lies in the
 * plugin folders: every file that is not a test is one plugin. With `--check` it writes nothing and exits with 1 when
 * either is stale.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, type PolicyPlugin, z } from '../src/core/plugin.ts'

type Schema = z.core.JSONSchema.BaseSchema

interface Kind {
  readonly folder: string
  readonly kind: Plugin['kind']
  readonly list: string
  readonly typeName: string
  readonly heading: string
  readonly intro: string
}

interface Entry {
  readonly name: string
  readonly plugin: Plugin
  readonly docstring: string
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const PLUGINS = join(ROOT, 'src', 'plugins')
const LINE_WIDTH = 120

const KINDS: readonly Kind[] = [
  {
    folder: 'policies',
    kind: 'policy',
    list: 'POLICIES',
    typeName: 'PolicyPlugin',
    heading: 'Policies',
    intro: 'A policy ranks the eligible endpoints of a request by cost; the lowest cost wins.',
  },
  {
    folder: 'filters',
    kind: 'filter',
    list: 'FILTERS',
    typeName: 'FilterPlugin',
    heading: 'Filters',
    intro: 'A filter drops endpoints. Filters, scorers and pickers are parts of the `weighted-scorers` policy.',
  },
  {
    folder: 'scorers',
    kind: 'scorer',
    list: 'SCORERS',
    typeName: 'ScorerPlugin',
    heading: 'Scorers',
    intro: 'A scorer rates how well an endpoint suits a request, from 0 to 1.',
  },
  {
    folder: 'pickers',
    kind: 'picker',
    list: 'PICKERS',
    typeName: 'PickerPlugin',
    heading: 'Pickers',
    intro: 'A picker turns the weighted scores into a choice.',
  },
]

function pluginNames(folder: string): readonly string[] {
  return readdirSync(join(PLUGINS, folder))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

/** The docstring of the default export, without its comment marks. */
function readDocstring(source: string): string {
  const end = source.indexOf('*/\nexport default ')
  if (end < 0) return ''
  const body = source.slice(source.lastIndexOf('/**', end) + '/**'.length, end)
  return body
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
}

async function readEntry({ folder, kind }: Kind, name: string): Promise<Entry> {
  const file = join(PLUGINS, folder, `${name}.ts`)
  const module: { readonly default?: Plugin } = await import(pathToFileURL(file).href)
  const plugin = module.default
  if (plugin?.type !== name || plugin.kind !== kind) {
    throw new Error(
      `src/plugins/${folder}/${name}.ts: expected a default export of kind "${kind}" and type "${name}", ` +
        `found ${plugin === undefined ? 'none' : `kind "${plugin.kind}" and type "${plugin.type}"`}; ` +
        'move the file or change its type',
    )
  }
  return { name, plugin, docstring: readDocstring(readFileSync(file, 'utf8')) }
}

function importName(name: string, { kind }: Kind): string {
  const camel = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  return `${camel}${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
}

function listOf(kind: Kind, names: readonly string[]): string {
  const items = names.map((name) => importName(name, kind))
  const head = `export const ${kind.list}: readonly ${kind.typeName}[] = [`
  const oneLine = `${head}${items.join(', ')}]`
  if (oneLine.length <= LINE_WIDTH) return oneLine
  return [head, ...items.map((item) => `  ${item},`), ']'].join('\n')
}

function indexSource(names: ReadonlyMap<Kind, readonly string[]>): string {
  const lines = [
    '// Written by scripts/generate-plugins.ts from the files in this folder. Do not edit.',
    `import type { ${KINDS.map((kind) => kind.typeName)
      .sort()
      .join(', ')} } from '../core/plugin.ts'`,
  ]
  const imports = [...names].flatMap(([kind, ofKind]) =>
    ofKind.map((name) => `import ${importName(name, kind)} from './${kind.folder}/${name}.ts'`),
  )
  const byPath = (line: string) => line.slice(line.indexOf("'"))
  lines.push(...imports.sort((a, b) => (byPath(a) < byPath(b) ? -1 : 1)))
  for (const [kind, ofKind] of names) lines.push('', listOf(kind, ofKind))
  return `${lines.join('\n')}\n`
}

function asSchema(schema: Schema | boolean | undefined): Schema {
  return typeof schema === 'object' ? schema : {}
}

function itemsOf(schema: Schema): Schema {
  return Array.isArray(schema.items) ? {} : asSchema(schema.items)
}

function describeNumber({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const limits: string[] = []
  if (exclusiveMinimum !== undefined) limits.push(`> ${exclusiveMinimum}`)
  if (minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER) limits.push(`>= ${minimum}`)
  if (exclusiveMaximum !== undefined) limits.push(`< ${exclusiveMaximum}`)
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) limits.push(`<= ${maximum}`)
  return [type === 'integer' ? 'integer' : 'number', ...limits].join(' ')
}

function describeObject({ properties, additionalProperties }: Schema): string {
  return properties === undefined && additionalProperties !== undefined ? 'map of names to texts' : 'object'
}

function describeType(schema: Schema): string {
  const { type } = schema
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (type === 'number' || type === 'integer') return describeNumber(schema)
  if (type === 'array') return `list of ${describeType(itemsOf(schema))}`
  return type === 'string' ? 'text' : type === 'boolean' ? 'true or false' : describeObject(schema)
}

/** Table cells cannot hold a bar. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** One row per option, nested ones below their parent with their whole path. */
function optionRows(schema: Schema, path: string): readonly string[] {
  const rows: string[] = []
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const option = asSchema(property)
    const place = path === '' ? name : `${path}.${name}`
    const isRequired = schema.required?.includes(name) === true
    const preset =
      option.default === undefined ? (isRequired ? 'required' : 'none') : `\`${JSON.stringify(option.default)}\``
    rows.push(`| \`${place}\` | ${cell(describeType(option))} | ${cell(preset)} | ${cell(option.description ?? '')} |`)
    rows.push(...optionRows(option, place), ...optionRows(itemsOf(option), `${place}[]`))
    for (const variant of itemsOf(option).oneOf ?? []) rows.push(...optionRows(variant, `${place}[]`))
  }
  return rows
}

function optionTable(plugin: Plugin): readonly string[] {
  const rows = optionRows(z.toJSONSchema(plugin.options, { io: 'input', unrepresentable: 'any' }), '')
  if (rows.length === 0) return ['No options.']
  return ['| Option | Type | Default | Meaning |', '|---|---|---|---|', ...new Set(rows)]
}

function code(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.map((name) => `\`${name}\``).join(', ')
}

function policyFacts({ reasons, unit, terms = [], ties = 'fewest-in-flight' }: PolicyPlugin): readonly string[] {
  const between = ties === 'random' ? 'at random' : 'fewest requests in flight, then in turn'
  return [
    `- Reasons: ${code(reasons)}`,
    `- Cost in: ${unit}${terms.length === 0 ? '' : `; terms ${code(terms)}`}`,
    `- Equal costs: ${between}`,
  ]
}

function describePlugin({ plugin, docstring }: Entry): string {
  const facts = plugin.kind === 'picker' ? [] : [`- Reads: ${code(plugin.reads)}`]
  if (plugin.kind === 'policy') facts.push(...policyFacts(plugin))
  return [
    `### ${plugin.type}`,
    docstring.startsWith(`${plugin.summary}.`) ? '' : `${plugin.summary}.`,
    docstring,
    facts.join('\n'),
    optionTable(plugin).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function referenceOf(entries: ReadonlyMap<Kind, readonly Entry[]>): string {
  const parts = [
    '<!-- Written by scripts/generate-plugins.ts from the plugins themselves. Do not edit. -->',
    '# Plugins',
    'Every plugin is one file in `src/plugins`. An option that is not listed here is refused at start.',
  ]
  for (const [kind, ofKind] of entries) {
    parts.push(`## ${kind.heading}`, kind.intro, ...ofKind.map(describePlugin))
  }
  return `${parts.join('\n\n')}\n`
}

/** Writes the file, or only says whether it would change. Returns true when it is stale. */
function put(path: string, text: string, check: boolean): boolean {
  const file = join(ROOT, path)
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return false
  if (check) process.stderr.write(`${path} is stale: run \`node scripts/generate-plugins.ts\`\n`)
  else writeFileSync(file, text)
  return true
}

async function main(): Promise<void> {
  const check = process.argv.includes('--check')
  const names = new Map(KINDS.map((kind) => [kind, pluginNames(kind.folder)]))
  const entries = new Map<Kind, readonly Entry[]>()
  for (const [kind, ofKind] of names) {
    entries.set(kind, await Promise.all(ofKind.map((name) => readEntry(kind, name))))
  }
  const stale = [
    put('src/plugins/index.ts', indexSource(names), check),
    put('docs/plugins.md', referenceOf(entries), check),
  ]
  if (check && stale.includes(true)) process.exitCode = 1
}

await main()
