import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { CombinedIndex } from '../src/prefix/combined-index.ts'
import { ExactIndex } from '../src/prefix/exact-index.ts'
import { PromptKeys } from '../src/prefix/prompt-keys.ts'
import { tokenBlockKeys } from '../src/prefix/token-block-keys.ts'
import { createRandom } from '../src/workload/random.ts'
import {
  BLOCK,
  CAPACITY,
  Engine,
  engineHash,
  type Events,
  keysOf,
  type Prompt,
  readPrompts,
  SEED,
  tokensOf,
} from './bench-exact-index/trace-engine.ts'
import { currentCommit } from './current-commit.ts'

/**
 * `node scripts/bench-exact-index.ts [TRACE]`: what the exact prefix index costs on a trace cut into blocks of 16 tokens.
 * Correctness comes first. Engines are caches of 16,384 blocks that evict their least recently used blocks, last ones
 * first; the trace's requests go to endpoints at random, each is looked up before, and its events come right behind.
 */
const TRACE = resolve(import.meta.dirname, '../../shared/traces/mooncake/conversation_trace.jsonl')
const CHUNK = 64
const MIB = 1024 * 1024
/** Endpoints, and the microseconds that half of the look-ups over all of them may take. */
const LOOK_UPS = [
  [4, 5],
  [64, 10],
  [1000, 50],
] as const
/** Blocks stored or removed in a second of one core. */
const LEAST_BLOCKS = 1e6
/** For a held block. */
const MOST_BYTES = 112

type Print = (line: string) => void

/** How much is measured. */
export interface ExactIndexSizes {
  /** Prompts of the trace that are played, from its start. */
  readonly prompts: number
  /** Blocks inserted into a full index. */
  readonly inserts: number
}

/** All of the trace, and ten million inserts. */
const WHOLE: ExactIndexSizes = { prompts: Infinity, inserts: 10_000_000 }

/** CPU time of this process in seconds: on a machine with other work, rates by the clock would say little. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
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

/** The value below which this share of sorted values is. */
function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.floor(sorted.length * share)]!
}

function percentiles(times: readonly number[]): string {
  const sorted = Float64Array.from(times).toSorted()
  const at = (share: number) => percentile(sorted, share).toFixed(2).padStart(7)
  return `p50 ${at(0.5)}   p99 ${at(0.99)}   max ${at(0.999_999)}`
}

/** Look-ups and events of the trace's prompts at some number of endpoints; `target` in microseconds. */
function benchTrace(print: Print, prompts: readonly Prompt[], [endpoints, target]: readonly [number, number]): boolean {
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
  const warm = Float64Array.from(times.slice(times.length >> 2)).toSorted()
  const perBlock = index.bytes / endpoints / CAPACITY
  const p50 = percentile(warm, 0.5)
  print(
    `  look-up over all endpoints, µs             p50 ${p50.toFixed(2)} (target <= ${target})   p99 ${percentile(warm, 0.99).toFixed(2)}`,
  )
  print(`  events per second and core                 ${(events / seconds / 1e3).toFixed(1)} thousand`)
  print(
    `  blocks stored or removed, the same         ${(blocks / seconds / 1e6).toFixed(2)} million (target >= ${LEAST_BLOCKS / 1e6}), ${blocks} in all`,
  )
  print(
    `  MiB, bytes per block that fits the caches  ${Math.round(index.bytes / MIB)}, ${perBlock.toFixed(1)} (target <= ${MOST_BYTES})`,
  )
  return p50 <= target && blocks / seconds >= LEAST_BLOCKS && perBlock <= MOST_BYTES
}

/** Inserts into an index that has room for fewer. */
function benchSoak(print: Print, inserts: number): boolean {
  const index = new ExactIndex({ maxBytes: 64 * MIB })
  for (let slot = 0; slot < 16; slot++) index.addEndpoint()
  const length = 512
  const tokenIds = new Uint32Array(length * BLOCK)
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
  insertUntil(1_500_000)
  const before = index.bytes
  const seconds = insertUntil(next + inserts)
  let held = 0
  for (let slot = 0; slot < 16; slot++) held += index.held(slot)
  print(`${inserts / 1e6} million inserts and as many evictions, ${held} blocks held of ${index.maxHeld} that fit`)
  print(`  inserts per CPU second                     ${(inserts / seconds / 1e6).toFixed(2)} million`)
  print(`  bytes of the index before, after           ${before}, ${index.bytes} (at most ${64 * MIB})`)
  print(`  bytes per held block, index full           ${(index.bytes / held).toFixed(1)} (target <= ${MOST_BYTES})`)
  return before === index.bytes && before <= 64 * MIB && index.bytes / held <= MOST_BYTES
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
export function benchExactIndex(print: Print, sizes = WHOLE, trace = TRACE): boolean {
  if (!existsSync(trace)) {
    print(`The exact prefix index: not measured, ${trace} is missing`)
    return true
  }
  const prompts = readPrompts(trace).slice(0, sizes.prompts)
  print(`The exact prefix index agrees with the engines' caches in ${check(prompts)} matches`)
  benchKeys(print, prompts)
  benchCombined(print, prompts, 64)
  const met = LOOK_UPS.map((lookUp) => benchTrace(print, prompts, lookUp))
  return [...met, benchSoak(print, sizes.inserts)].every(Boolean)
}

if (import.meta.main) {
  console.log(
    `bench-exact-index · commit ${currentCommit()} · ${cpus()[0]?.model ?? 'unknown CPU'} · Node ${process.version}`,
  )
  const trace = process.argv[2]
  process.exitCode = benchExactIndex(console.log, WHOLE, trace === undefined ? TRACE : resolve(trace)) ? 0 : 1
}
