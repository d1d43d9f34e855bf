import { cpus } from 'node:os'
import { createIncrementalEncoder, type IncrementalEncoder } from '../src/tokenizer/incremental-encoder.ts'
import { loadTokenizer } from '../src/tokenizer/load-tokenizer.ts'
import { createPromptTokenizer, type PromptTokenizer } from '../src/tokenizer/prompt-tokenizer.ts'
import {
  buildTokenizerJson,
  modelFolder,
  repositoryText,
  SPECIALS,
  TINY_CONFIG,
} from '../src/tokenizer/testing/tiny-tokenizer.ts'
import { TokenizerError } from '../src/tokenizer/tokenizer-error.ts'
import { currentCommit } from './current-commit.ts'

/**
 * What tokens cost: a chat of about 32,000 tokens, its first turn, and its next turns with and without the memory of the
 * turns before. Correctness first. The vocabulary is learned from this repository's text, with as many reserved special
 * tokens as the Llama 3 family has.
 */

const MERGES = 8000
/** Tokens of the first turn; those that are measured have 30,000 to 38,000. */
const FIRST_TOKENS = 26_000
const WARM_UP = 10
const TURNS = 20
const TARGET_MS = 2

interface Message {
  role: string
  content: string
}

type Print = (line: string) => void
type Implementation = 'native' | 'thread'

/** What a model's folder is made of, and chats are cut from. */
interface Material {
  readonly text: string
  readonly folder: string
}

/** Prints what the next turn of a long chat costs. Returns whether it is correct, and quick enough where it is native. */
export async function benchTokenizer(
  print: Print,
  implementations: readonly Implementation[] = ['native', 'thread'],
): Promise<boolean> {
  const text = await repositoryText(1_200_000)
  const specials = [...SPECIALS, ...Array.from({ length: 250 }, (_, i) => `<|reserved_special_token_${i}|>`)]
  const json = buildTokenizerJson(text, MERGES, specials)
  await using folder = await modelFolder({ 'tokenizer.json': json, 'tokenizer_config.json': TINY_CONFIG })
  print(`Tokens of a long chat, byte-level BPE of ${MERGES} merges, ${specials.length} special tokens`)
  const results: boolean[] = []
  for (const one of implementations) results.push(await measured(print, one, { text, folder: folder.path }))
  return results.every(Boolean)
}

/** A machine for which the native tokenizer has no binary has nothing to measure. */
async function measured(print: Print, implementation: Implementation, material: Material): Promise<boolean> {
  try {
    return await measure(print, implementation, material)
  } catch (error) {
    if (!(error instanceof TokenizerError) || error.fault !== 'unavailable') throw error
    print(`${implementation}: not measured, ${error.message}`)
    return true
  }
}

/** The next turns of a chat, in milliseconds. */
interface Turns {
  readonly seen: { readonly text: string; readonly ids: Uint32Array }[]
  readonly rendering: number[]
  readonly encoding: number[]
  /** How long the event loop was occupied before the wait. */
  readonly loop: number[]
}

/** A part of the text by number, of some length. */
type Slice = (index: number, length: number) => string

async function measure(print: Print, implementation: Implementation, { text, folder }: Material): Promise<boolean> {
  const slice = (index: number, length: number): string => sliceOf(text, index, length)
  const started = performance.now()
  const { spec, tokenizer } = await loadTokenizer(folder, { implementation })
  const load = performance.now() - started
  await using encoder = await createIncrementalEncoder(tokenizer, spec)
  const prompts = createPromptTokenizer(encoder, spec)
  const chat = await longChat(slice, (part) => tokenizer.count(part))
  const first = await timed(() => encoder.encode(prompts.render({ messages: chat })))
  const turns = await nextTurns(chat, slice, prompts, encoder)
  // Afterwards, because what a full encoding leaves behind is collected during whatever comes next.
  const whole: number[] = []
  let correct = true
  for (const { text: prompt, ids } of turns.seen) {
    const { value, ms } = await timed(() => tokenizer.encode(prompt))
    whole.push(ms)
    correct &&= String(ids) === String(value)
  }
  const last = turns.seen.at(-1)
  print(`${implementation}: ${last?.ids.length ?? 0} tokens, ${last?.text.length ?? 0} characters in the last turn`)
  print(`  ids equal to a full encoding: ${correct ? 'yes, in every turn' : 'NO'}`)
  print(
    `  load ${load.toFixed(0)} ms, first turn ${first.ms.toFixed(1)} ms, memory ${(encoder.cacheBytes / 1024).toFixed(0)} KiB`,
  )
  print(row('next turn, encoded in full', whole))
  print(row('next turn, the new part only', turns.encoding))
  print(row('  of which on the event loop before the wait', turns.loop))
  print(row('parsing the body and rendering', turns.rendering))
  if (implementation !== 'native') return correct
  const met = median(turns.encoding) < TARGET_MS
  print(`  target: next turn under ${TARGET_MS} ms: ${met ? 'met' : 'MISSED'}`)
  return correct && met
}

/** The chat goes on, turn by turn; the first ones are not counted. */
async function nextTurns(
  chat: Message[],
  slice: Slice,
  prompts: PromptTokenizer,
  encoder: IncrementalEncoder,
): Promise<Turns> {
  const turns: Turns = { seen: [], rendering: [], encoding: [], loop: [] }
  for (let turn = 0; turn < WARM_UP + TURNS; turn++) {
    chat.push({ role: 'assistant', content: slice(turn * 3, 900) }, { role: 'user', content: slice(turn * 3 + 1, 400) })
    const body = JSON.stringify({ model: 'm', messages: chat })
    const { value, ms } = await timed(async () => prompts.render(body))
    const begun = performance.now()
    const pending = encoder.encode(value)
    const loop = performance.now() - begun
    const ids = await pending
    const encoding = performance.now() - begun
    if (turn < WARM_UP) continue
    turns.rendering.push(ms)
    turns.loop.push(loop)
    turns.encoding.push(encoding)
    turns.seen.push({ text: value, ids })
  }
  return turns
}

async function longChat(slice: Slice, count: (text: string) => Promise<number>): Promise<Message[]> {
  const system = slice(0, 4000)
  const chat: Message[] = [{ role: 'system', content: system }]
  let tokens = await count(system)
  for (let i = 1; tokens < FIRST_TOKENS; i++) {
    const content = slice(i * 7, i % 2 === 1 ? 500 : 1800)
    chat.push({ role: i % 2 === 1 ? 'user' : 'assistant', content })
    tokens += await count(content)
  }
  if (chat.length % 2 === 1) chat.push({ role: 'user', content: 'Go on.' })
  return chat
}

function sliceOf(text: string, index: number, length: number): string {
  const at = (index * 1777) % (text.length - length)
  return text.slice(at, at + length).toWellFormed()
}

async function timed<T>(job: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const begun = performance.now()
  const value = await job()
  return { ms: performance.now() - begun, value }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function row(name: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const high = sorted[Math.floor(sorted.length * 0.95)] ?? 0
  return `  ${name.padEnd(46)} median ${median(values).toFixed(2)} ms, p95 ${high.toFixed(2)} ms`
}

if (import.meta.main) {
  console.log(
    `node scripts/bench-tokenizer.ts · commit ${currentCommit()} · ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores · Node ${process.version}`,
  )
  process.exitCode = (await benchTokenizer(console.log)) ? 0 : 1
}
