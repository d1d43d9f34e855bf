import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import type { StoredBlocks } from '../src/prefix/block-events.ts'
import { CombinedIndex } from '../src/prefix/combined-index.ts'
import { ExactIndex } from '../src/prefix/exact-index.ts'
import { PromptKeys } from '../src/prefix/prompt-keys.ts'
import { namespaceSeed, type TokenKeys, tokenBlockKeys } from '../src/prefix/token-block-keys.ts'
import { mooncakeFormat, parseBlockTrace } from '../src/workload/block-trace.ts'
import { createRandom, mixBits } from '../src/workload/random.ts'
import { currentCommit } from './current-commit.ts'

/**
 * `node scripts/bench-exact-index.ts [TRACE]`: what the exact prefix index costs on a trace cut into blocks of 16 tokens.
 * Correctness comes first. Engines are caches of 16,384 blocks that evict their least recently used blocks, last ones
 * first; the trace's requests go to endpoints at random, each is looked up before, and its events come right behind.
 */
const BLOCK = 16
/** Blocks of 16 tokens in one of the trace's. */
const CUT = 512 / BLOCK
const CAPACITY = 16_384
const CHUNK = 64
const MIB = 1024 * 1024
const SEED = namespaceSeed({}, BLOCK)

type Print = (line: string) => void

/** A prompt of the trace: its blocks by number. Equal numbers are equal blocks after equal prompts. */
type Prompt = Int32Array

interface Events {
  readonly slot: number
  readonly stored: StoredBlocks | undefined
  readonly removed: readonly bigint[]
}

/** CPU time of this process in seconds: on a machine with other work, rates by the clock would say little. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function readPrompts(path: string): Prompt[] {
  const { sessions } = parseBlockTrace(readFileSync(path, 'utf8'), path, mooncakeFormat)
  return sessions.flatMap(({ requests }) =>
    requests.map(({ messages, promptTokens }) => {
      const ids = messages[0]?.parts[0]?.ids ?? []
      return Int32Array.from({ length: Math.floor(promptTokens / BLOCK) }, (_, at) => {
        return ids[Math.floor(at / CUT)]! * CUT + (at % CUT)
      })
    }),
  )
}

const hashWords = new Uint32Array(2)
const hashNumber = new BigUint64Array(hashWords.buffer)

/** What the engine calls a block. */
function engineHash(block: number): bigint {
  hashWords[0] = mixBits(block)
  hashWords[1] = mixBits(block ^ 0x5bd1e995)
  return hashNumber[0]!
}

function tokensOf(prompt: Prompt, from: number): Uint32Array {
  const tokens = new Uint32Array((prompt.length - from) * BLOCK)
  for (let at = 0; at < tokens.length; at++) {
    const block = prompt[from + Math.floor(at / BLOCK)]!
    tokens[at] = mixBits(block * BLOCK + (at % BLOCK)) % 128_000
  }
  return tokens
}

function keysOf(prompt: Prompt): TokenKeys {
  return tokenBlockKeys(tokensOf(prompt, 0), BLOCK, SEED)
}

/** The blocks an engine holds, least recently used first. */
class Engine {
  readonly slot: number
  readonly blocks = new Map<number, true>()

  constructor(slot: number) {
    this.slot = slot
  }

  depth(prompt: Prompt): number {
    let depth = 0
    while (depth < prompt.length && this.blocks.has(prompt[depth]!)) depth++
    return depth
  }

  /** Computes a prompt; what the engine publishes then. */
  run(whole: Prompt): Events {
    const prompt = whole.subarray(0, CAPACITY)
    const held = this.depth(prompt)
    for (let at = prompt.length - 1; at >= 0; at--) {
      this.blocks.delete(prompt[at]!)
      this.blocks.set(prompt[at]!, true)
    }
    const removed: bigint[] = []
    for (const oldest of this.blocks.keys()) {
      if (this.blocks.size <= CAPACITY) break
      this.blocks.delete(oldest)
      removed.push(engineHash(oldest))
    }
    return { slot: this.slot, stored: held < prompt.length ? storedFrom(prompt, held) : undefined, removed }
  }
}

function storedFrom(prompt: Prompt, from: number): StoredBlocks {
  return {
    blockHashes: Array.from(prompt.subarray(from), engineHash),
    parentHash: from === 0 ? undefined : engineHash(prompt[from - 1]!),
    tokenIds: tokensOf(prompt, from),
    blockSize: BLOCK,
  }
}

function apply(index: ExactIndex, { slot, stored, removed }: Events): void {
  if (removed.length > 0) index.removed(slot, { blockHashes: removed })
  if (stored !== undefined) index.stored(slot, stored)
}

function fleet(endpoints: number, maxBytes: number): { index: ExactIndex; engines: Engine[] } {
  const index = new ExactIndex({ maxBytes })
  const engines = Array.from({ length: endpoints }, () => new Engine(index.addEndpoint({ expectedBlocks: CAPACITY })))
  return { index, engines }
}

/** Throws unless the index, at each request, says of all endpoints what their engines hold. */
function check(prompts: readonly Prompt[]): number {
  const { index, engines } = fleet(8, 64 * MIB)
  const into = new Uint32Array(engines.length)
  const random = createRandom(7)
  const checked = prompts.slice(0, 1500)
  for (const [at, prompt] of checked.entries()) {
    index.match(keysOf(prompt), into)
    for (const engine of engines) {
      const expected = engine.depth(prompt)
      if (into[engine.slot] === expected) continue
      throw new Error(`request ${at}, endpoint ${engine.slot}: ${into[engine.slot]} blocks match, not ${expected}`)
    }
    apply(index, engines[Math.floor(random() * engines.length)]!.run(prompt))
  }
  return checked.length * engines.length
}

function percentiles(times: readonly number[]): string {
  const sorted = Float64Array.from(times).toSorted()
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(2).padStart(7)
  return `p50 ${at(0.5)}   p99 ${at(0.99)}   max ${at(0.999_999)}`
}

function benchTrace(print: Print, prompts: readonly Prompt[], endpoints: number): boolean {
  const { index, engines } = fleet(endpoints, 4096 * MIB)
  const into = new Uint32Array(endpoints)
  const random = createRandom(endpoints)
  const times: number[] = []
  let seconds = 0
  let events = 0
  let blocks = 0
  let deepest = 0
  for (let from = 0; from < prompts.length; from += CHUNK) {
    const chunk = prompts.slice(from, from + CHUNK)
    const keys = chunk.map(keysOf)
    const batch = chunk.map((prompt) => engines[Math.floor(random() * endpoints)]!.run(prompt))
    for (const asked of keys) {
      const start = performance.now()
      index.match(asked, into)
      times.push((performance.now() - start) * 1000)
      for (const depth of into) if (depth > deepest) deepest = depth
    }
    const start = cpuSeconds()
    for (const one of batch) apply(index, one)
    seconds += cpuSeconds() - start
    for (const { stored, removed } of batch) {
      events += Number(stored !== undefined) + Number(removed.length > 0)
      blocks += (stored?.blockHashes.length ?? 0) + removed.length
    }
  }
  let held = 0
  for (const { slot, blocks } of engines) {
    held += index.held(slot)
    if (index.held(slot) !== blocks.size)
      throw new Error(`endpoint ${slot} holds ${blocks.size}, not ${index.held(slot)}`)
  }
  print(
    `${endpoints} endpoints, ${prompts.length} prompts, deepest match ${deepest} blocks, ${held} blocks held at the end`,
  )
  print(`  look-up over all endpoints, µs             ${percentiles(times.slice(times.length >> 2))}`)
  print(`  events per CPU second                      ${(events / seconds / 1e3).toFixed(1)} thousand`)
  print(
    `  blocks stored or removed per CPU second    ${(blocks / seconds / 1e6).toFixed(2)} million (${blocks} in all)`,
  )
  print(
    `  MiB, bytes per block that fits the caches  ${Math.round(index.bytes / MIB)}, ${(index.bytes / endpoints / CAPACITY).toFixed(1)}`,
  )
  return blocks / seconds >= 1e6
}

/** Ten million inserts into an index that has room for fewer. */
function benchSoak(print: Print): boolean {
  const index = new ExactIndex({ maxBytes: 64 * MIB })
  for (let slot = 0; slot < 16; slot++) index.addEndpoint()
  const length = 512
  const tokenIds = new Uint32Array(length * BLOCK)
  const inserts = 10_000_000
  let next = 0
  const insertUntil = (goal: number) => {
    let seconds = 0
    while (next < goal) {
      const blockHashes = Array.from({ length }, () => engineHash(next++))
      tokenIds[0] = next
      const start = cpuSeconds()
      index.stored((next / length) % 16, { blockHashes, tokenIds, blockSize: BLOCK })
      seconds += cpuSeconds() - start
    }
    return seconds
  }
  insertUntil(2_000_000)
  const before = index.bytes
  const seconds = insertUntil(next + inserts)
  let held = 0
  for (let slot = 0; slot < 16; slot++) held += index.held(slot)
  print(`${inserts / 1e6} million inserts and as many evictions, ${held} blocks held of ${index.maxHeld} that fit`)
  print(`  inserts per CPU second                     ${(inserts / seconds / 1e6).toFixed(2)} million`)
  print(`  bytes of the index before, after           ${before}, ${index.bytes} (at most ${64 * MIB})`)
  print(`  bytes per held block, index full           ${(index.bytes / held).toFixed(1)}`)
  return before === index.bytes && before <= 64 * MIB
}

function benchKeys(print: Print, prompts: readonly Prompt[]): void {
  const all = prompts.slice(0, 500).map((prompt) => tokensOf(prompt, 0))
  const hash = () => all.reduce((blocks, tokens) => blocks + tokenBlockKeys(tokens, BLOCK, SEED).count, 0)
  hash()
  const start = cpuSeconds()
  let blocks = 0
  for (let round = 0; round < 4; round++) blocks += hash()
  const seconds = cpuSeconds() - start
  const perPrompt = (seconds / 4 / all.length) * 1e6
  print(`Keys of a prompt of ${Math.round((blocks * BLOCK) / 4 / all.length)} tokens: ${perPrompt.toFixed(1)} µs`)
}

/** What the combined index adds to the predicted one, for requests without and with token keys. */
function benchCombined(print: Print, prompts: readonly Prompt[], endpoints: number): void {
  const combined = new CombinedIndex({ clock: () => performance.now() / 1000, exact: { maxBytes: 1024 * MIB } })
  const engines = Array.from({ length: endpoints }, () => new Engine(combined.addEndpoint(CAPACITY / 4)))
  const into = new Uint32Array(endpoints)
  const random = createRandom(3)
  const requests = prompts.slice(0, 3000).map((prompt) => {
    const bytes = tokenBlockKeys(tokensOf(prompt, 0), 4 * BLOCK, SEED)
    return { prompt, bytes, both: new PromptKeys(bytes, 4 * BLOCK, [keysOf(prompt)]) }
  })
  for (const { slot } of engines) combined.setMode(slot, 'exact')
  const times = new Map<string, number[]>()
  const timed = (name: string, act: () => void): void => {
    const start = performance.now()
    act()
    const list = times.get(name) ?? []
    list.push((performance.now() - start) * 1000)
    times.set(name, list)
  }
  for (const { prompt, bytes, both } of requests) {
    const { slot } = engines[Math.floor(random() * endpoints)]!
    combined.match(bytes, into)
    timed('match, predicted index alone', () => combined.predicted.match(bytes, into))
    timed('match, no token keys', () => combined.match(bytes, into))
    combined.exact.match(both.tokenKeys[0]!, into)
    timed('match, exact index alone', () => combined.exact.match(both.tokenKeys[0]!, into))
    timed('match, with token keys', () => combined.match(both, into))
    let booking = combined.book(slot, bytes)
    timed('book again, no token keys', () => (booking = combined.book(slot, bytes)))
    timed('book, with token keys', () => (booking = combined.book(slot, both)))
    apply(combined.exact, engines[slot]!.run(prompt))
    timed('confirm after the events, with token keys', () => combined.confirm(booking))
  }
  print(`Combined index, ${endpoints} endpoints in mode exact, µs`)
  for (const [name, list] of times) print(`  ${name.padEnd(42)} ${percentiles(list.slice(list.length >> 2))}`)
}

/** Checks the exact prefix index against engines, then prints what it costs. Returns whether every target was met. */
export function benchExactIndex(print: Print, trace: string): boolean {
  const prompts = readPrompts(trace)
  print(`The exact prefix index agrees with the engines' caches in ${check(prompts)} matches`)
  benchKeys(print, prompts)
  benchCombined(print, prompts, 64)
  return [...[4, 64, 1000].map((endpoints) => benchTrace(print, prompts, endpoints)), benchSoak(print)].every(Boolean)
}

if (import.meta.main) {
  const trace = resolve(
    process.argv[2] ?? resolve(import.meta.dirname, '../../shared/traces/mooncake/conversation_trace.jsonl'),
  )
  console.log(
    `bench-exact-index · commit ${currentCommit()} · ${cpus()[0]?.model ?? 'unknown CPU'} · Node ${process.version}`,
  )
  process.exitCode = benchExactIndex(console.log, trace) ? 0 : 1
}
