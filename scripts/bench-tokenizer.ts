import { cpus } from 'node:os'
import { createIncrementalEncoder } from '../src/tokenizer/incremental-encoder.ts'
import { loadTokenizer } from '../src/tokenizer/load-tokenizer.ts'
import { createPromptTokenizer } from '../src/tokenizer/prompt-tokenizer.ts'
import {
  buildTokenizerJson,
  modelFolder,
  repositoryText,
  SPECIALS,
  TINY_CONFIG,
} from '../src/tokenizer/testing/tiny-tokenizer.ts'
import { currentCommit } from './current-commit.ts'

/**
 * What tokens cost: a chat of about 32,000 tokens, its first turn, and its next turns with and without the memory of the
 * turns before. Correctness first. The vocabulary is learned from this repository's text, with as many reserved special
 * tokens as the Llama 3 family has.
 */

const MERGES = 8000
const TARGET_TOKENS = 30_000
const TURNS = 20
const TARGET_MS = 2

interface Message {
  role: string
  content: string
}

const text = await repositoryText(1_200_000)
const specials = [...SPECIALS, ...Array.from({ length: 250 }, (_, i) => `<|reserved_special_token_${i}|>`)]
const json = buildTokenizerJson(text, MERGES, specials)
await using folder = await modelFolder({ 'tokenizer.json': json, 'tokenizer_config.json': TINY_CONFIG })

console.log(
  `node scripts/bench-tokenizer.ts · commit ${currentCommit()} · ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores · Node ${process.version}`,
)
console.log(`byte-level BPE of ${MERGES} merges, ${specials.length} special tokens\n`)

const results: boolean[] = []
for (const implementation of ['native', 'thread'] as const) results.push(await measure(implementation))
process.exitCode = results.every(Boolean) ? 0 : 1

async function measure(implementation: 'native' | 'thread'): Promise<boolean> {
  const started = performance.now()
  const { spec, tokenizer } = await loadTokenizer(folder.path, { implementation })
  const load = performance.now() - started
  await using encoder = await createIncrementalEncoder(tokenizer, spec)
  const prompts = createPromptTokenizer(encoder, spec)
  const chat = await longChat((part) => tokenizer.count(part))

  const first = await timed(() => encoder.encode(prompts.render({ messages: chat })))
  const rendering: number[] = []
  const turns: number[] = []
  const loop: number[] = []
  const seen: { text: string; ids: Uint32Array }[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    chat.push({ role: 'assistant', content: slice(turn * 3, 900) }, { role: 'user', content: slice(turn * 3 + 1, 400) })
    const body = JSON.stringify({ model: 'm', messages: chat })
    const { value, ms } = await timed(async () => prompts.render(body))
    rendering.push(ms)
    const begun = performance.now()
    const pending = encoder.encode(value)
    loop.push(performance.now() - begun)
    const ids = await pending
    turns.push(performance.now() - begun)
    seen.push({ text: value, ids })
  }
  // Afterwards, because what a full encoding leaves behind is collected during whatever comes next.
  const whole: number[] = []
  let correct = true
  for (const { text: prompt, ids } of seen) {
    const { value, ms } = await timed(() => tokenizer.encode(prompt))
    whole.push(ms)
    correct &&= String(ids) === String(value)
  }
  const last = seen.at(-1)
  console.log(
    `${implementation}: ${last?.ids.length ?? 0} tokens, ${last?.text.length ?? 0} characters in the last turn`,
  )
  console.log(`  ids equal to a full encoding: ${correct ? 'yes, in every turn' : 'NO'}`)
  console.log(
    `  load ${load.toFixed(0)} ms, first turn ${first.ms.toFixed(1)} ms, memory ${(encoder.cacheBytes / 1024).toFixed(0)} KiB`,
  )
  row('next turn, encoded in full', whole)
  row('next turn, the new part only', turns)
  row('  of which on the event loop before the wait', loop)
  row('parsing the body and rendering', rendering)
  if (implementation !== 'native') return correct
  const met = median(turns) < TARGET_MS
  console.log(`  target: next turn under ${TARGET_MS} ms: ${met ? 'met' : 'MISSED'}\n`)
  return correct && met
}

async function longChat(count: (text: string) => Promise<number>): Promise<Message[]> {
  const chat: Message[] = [{ role: 'system', content: slice(0, 4000) }]
  let tokens = await count(chat[0]?.content ?? '')
  for (let i = 1; tokens < TARGET_TOKENS; i++) {
    const content = slice(i * 7, i % 2 === 1 ? 500 : 1800)
    chat.push({ role: i % 2 === 1 ? 'user' : 'assistant', content })
    tokens += await count(content)
  }
  if (chat.length % 2 === 1) chat.push({ role: 'user', content: 'Go on.' })
  return chat
}

function slice(index: number, length: number): string {
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

function row(name: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b)
  const high = sorted[Math.floor(sorted.length * 0.95)] ?? 0
  console.log(`  ${name.padEnd(46)} median ${median(values).toFixed(2)} ms, p95 ${high.toFixed(2)} ms`)
}
