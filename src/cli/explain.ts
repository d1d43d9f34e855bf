import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { request } from 'undici'
import { z } from 'zod'

const explanation = z.object({
  model: z.string(),
  policy: z.string(),
  reason: z.string(),
  endpoint: z.string(),
  promptTokens: z.number(),
  unit: z.string(),
  candidates: z.array(
    z.object({
      endpoint: z.string(),
      cost: z.number().nullable(),
      matchedTokens: z.number(),
      terms: z.record(z.string(), z.number()),
    }),
  ),
})

type Explanation = z.infer<typeof explanation>

/** `kvasir explain request.json`: asks a running router where it would send a request, and prints why. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('Show where a running router would send a request, and every number that leads to it.')
    .argument('<file>', 'file with the request body; - for standard input')
    .option('--admin <url>', 'admin address of the router', 'http://127.0.0.1:9090')
    .option('--path <path>', 'path the request would be posted to; guessed from the body by default')
    .option('--json', 'print the answer as JSON')
    .action(explain)
}

interface ExplainFlags {
  readonly admin: string
  readonly path?: string
  readonly json?: boolean
}

async function explain(file: string, flags: ExplainFlags, command: Command): Promise<void> {
  const body = readInput(file, command)
  if (!/^https?:\/\//.test(flags.admin) || !URL.canParse(flags.admin)) {
    command.error(`--admin: expected a URL such as http://127.0.0.1:9090, found '${flags.admin}'`)
  }
  const url = new URL('/api/explain', flags.admin)
  if (flags.path !== undefined) url.searchParams.set('path', flags.path)
  const answer = await request(url, { method: 'POST', body }).catch((error: Error) =>
    command.error(
      `cannot reach the router's admin address ${flags.admin}: ${error.message}; is it running, and is --admin right?`,
    ),
  )
  const text = await answer.body.text()
  if (answer.statusCode !== 200) command.error(`the router answered ${answer.statusCode}: ${text}`)
  const shown = explanation.safeParse(parseJson(text))
  if (!shown.success) {
    return command.error(
      `${flags.admin} answered something else than an explanation; is --admin the router's admin address?`,
    )
  }
  process.stdout.write(flags.json === true ? `${text}\n` : table(shown.data))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readInput(file: string, command: Command): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    return command.error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The ranking as a table, best first: cost, its terms, and the prefix match. */
function table(shown: Explanation): string {
  const terms = Object.keys(shown.candidates[0]?.terms ?? {})
  const head = ['', 'endpoint', `cost (${shown.unit})`, ...terms, 'matched tokens']
  const rows = shown.candidates.map(({ endpoint, cost, terms: values, matchedTokens }, i) => [
    i === 0 ? '>' : '',
    endpoint,
    cost === null ? 'excluded' : number(cost),
    ...terms.map((term) => number(values[term] ?? 0)),
    String(Math.round(matchedTokens)),
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)))
  const line = (row: string[]): string =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const title = `${shown.policy} for model ${shown.model}, about ${Math.round(shown.promptTokens)} prompt tokens: ${shown.endpoint} (${shown.reason})`
  return `${[title, '', ...[head, ...rows].map(line)].join('\n')}\n`
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}
