import type { BlockKeys } from '../src/prefix/block-keys.ts'
import { PredictedIndex } from '../src/prefix/predicted-index.ts'
import { createRandom } from '../src/workload/random.ts'

const BLOCKS = 512
const MIB = 1024 * 1024

type Print = (line: string) => void

const random = createRandom(1)

function below(bound: number): number {
  return Math.floor(random() * bound)
}

/** A prompt of `count` blocks with keys of its own, but for the first `shared` ones, which are those of `start`. */
function prompt(count = BLOCKS, start?: BlockKeys, shared = 0): BlockKeys {
  const words = new Uint32Array(2 * count)
  for (let at = 0; at < words.length; at++) words[at] = random() * 0x1_0000_0000
  if (start !== undefined) words.set(start.words.subarray(0, 2 * shared))
  return { count, words }
}

function leading(keys: BlockKeys, count: number): BlockKeys {
  return { count, words: keys.words.subarray(0, 2 * count) }
}

function prompts(count: number, blocks = BLOCKS): BlockKeys[] {
  return Array.from({ length: count }, () => prompt(blocks))
}

function indexFor(endpoints: number, capacity: number, maxBytes = 256 * MIB): PredictedIndex {
  const index = new PredictedIndex({ maxBytes })
  for (let endpoint = 0; endpoint < endpoints; endpoint++) index.addEndpoint(capacity)
  return index
}

/** CPU time of this process in seconds: on a machine with other work, rates by the clock would say little. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function heldBy(index: PredictedIndex): number {
  let held = 0
  for (let slot = 0; slot < index.slots; slot++) held += index.held(slot)
  return held
}

/** Throws unless the index agrees with one map per endpoint, oldest block first, over a tree of prompts that overflows. */
function checkAgainstMaps(): number {
  const endpoints = 8
  const capacity = 700
  const index = indexFor(endpoints, capacity)
  const maps = Array.from({ length: endpoints }, () => new Map<string, true>())
  const seen = prompts(4, 60)
  const into = new Uint32Array(endpoints)
  const name = (keys: BlockKeys, block: number) => `${keys.words[2 * block]!},${keys.words[2 * block + 1]!}`
  const depth = (map: Map<string, true>, keys: BlockKeys) => {
    let block = 0
    while (block < keys.count && map.has(name(keys, block))) block++
    return block
  }
  for (let round = 0; round < 3000; round++) {
    const start = seen[below(seen.length)]!
    const own = 1 + below(60)
    const shared = below(Math.min(start.count, 60))
    const asked = round % 3 === 0 ? leading(start, 1 + shared) : prompt(own + shared, start, shared)
    seen[seen.length < 50 ? seen.length : below(50)] = asked
    index.match(asked, into)
    maps.forEach((map, slot) => {
      if (into[slot] === depth(map, asked)) return
      throw new Error(`round ${round}: endpoint ${slot} matches ${into[slot]} blocks, not ${depth(map, asked)}`)
    })
    const map = maps[round % endpoints]!
    index.confirm(index.book(round % endpoints, asked))
    for (let block = asked.count - 1; block >= 0; block--) map.delete(name(asked, block))
    for (let block = asked.count - 1; block >= 0; block--) map.set(name(asked, block), true)
    for (const oldest of map.keys()) {
      if (map.size <= capacity) break
      map.delete(oldest)
    }
  }
  return 3000
}

/** Runs `act` `rounds` times, after a quarter as many to warm up, and says how long one took, in microseconds. */
function timed(rounds: number, act: (round: number) => void): { p50: number; p99: number } {
  const warmUp = Math.ceil(rounds / 4)
  for (let round = 0; round < warmUp; round++) act(round)
  const times = new Float64Array(rounds)
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    act(warmUp + round)
    times[round] = (performance.now() - start) * 1000
  }
  times.sort()
  return { p50: times[rounds >> 1]!, p99: times[Math.floor(rounds * 0.99)]! }
}

function line(what: string, { p50, p99 }: { p50: number; p99: number }, target?: number): string {
  const aim = target === undefined ? '' : ` (target <= ${target})`
  return `  ${what.padEnd(62)} p50 ${p50.toFixed(2).padStart(6)}${aim}   p99 ${p99.toFixed(2)}`
}

/** Look-ups of single keys in an index of four million blocks, in millions per second. */
function benchLookUps(print: Print): boolean {
  const index = indexFor(16, 256 * 1024)
  const held = prompts(16 * 512)
  held.forEach((keys, at) => index.confirm(index.book(at % 16, keys)))
  const strangers = prompts(2048)
  const shuffled = new Uint32Array(2 * 2_000_000)
  for (let at = 0; at < shuffled.length; at += 2) {
    const { words } = held[below(held.length)]!
    const block = 2 * below(BLOCKS)
    shuffled[at] = words[block]!
    shuffled[at + 1] = words[block + 1]!
  }
  const rate = (lists: readonly Uint32Array[], expected: number) => {
    let keys = 0
    let found = 0
    const start = cpuSeconds()
    for (const words of lists) {
      for (let at = 0; at < words.length; at += 2) found += index.holders(words[at]!, words[at + 1]!)
      keys += words.length / 2
    }
    const seconds = cpuSeconds() - start
    if (found !== expected * keys) throw new Error(`found ${found} of ${keys} keys`)
    return keys / seconds / 1e6
  }
  const scattered = held.map((keys) => keys.words).toSorted(() => random() - 0.5)
  for (let warmUp = 0; warmUp < 2; warmUp++) rate(scattered.slice(0, 2000), 1)
  const inOrder = rate(scattered, 1)
  const unknown = rate(
    strangers.map((keys) => keys.words),
    0,
  )
  const anywhere = rate([shuffled], 1)
  const hot = rate(
    Array.from({ length: 1000 }, (_, at) => held[at % 16]!.words),
    1,
  )
  print(
    `Single keys looked up one after the other, one core, ${(heldBy(index) / 1e6).toFixed(1)} million blocks, millions per second`,
  )
  print(`  prompts at random, their blocks in order   ${inOrder.toFixed(1)} (target >= 5)`)
  print(`  prompts that nobody holds                  ${unknown.toFixed(1)}`)
  print(`  blocks at random, each out of main memory  ${anywhere.toFixed(1)}`)
  print(`  the same 16 prompts again and again        ${hot.toFixed(1)}`)
  return inOrder >= 5
}

/** What a full index takes for each held (block, endpoint) pair, in bytes. */
function benchBytes(print: Print): boolean {
  const perHeld = (endpoints: number, capacity: number, shared: boolean): number => {
    const index = indexFor(endpoints, capacity)
    const same = shared ? prompts(Math.ceil(capacity / BLOCKS)) : []
    for (let at = 0; at * BLOCKS < capacity; at++) {
      for (let slot = 0; slot < endpoints; slot++) index.confirm(index.book(slot, same[at] ?? prompt()))
    }
    return index.bytes / heldBy(index)
  }
  const own = perHeld(16, 50_000, false)
  const shared = perHeld(16, 50_000, true)
  const budget = perHeld(64, 100_000, false)
  print('Bytes for each held (block, endpoint) pair, all arrays, index full (target <= 80)')
  print(`  16 endpoints, every block held once        ${own.toFixed(1)}`)
  print(`  16 endpoints, every block held by all      ${shared.toFixed(1)}`)
  print(`  64 endpoints, 256 MiB not enough for all   ${budget.toFixed(1)}`)
  return Math.max(own, shared, budget) <= 80
}

/** What ten million inserted blocks leave behind. */
function benchGrowth(print: Print): boolean {
  const inserts = 10_000_000
  const endpoints = 16
  const index = indexFor(endpoints, 50_000)
  // More prompts for each endpoint than it can hold, in turn: the oldest is always the next to come, so all are inserts.
  const cycle = prompts(endpoints * 128)
  let inserted = 0
  const insertUntil = (goal: number) => {
    for (let at = 0; inserted < goal; at++) {
      const booking = index.book(at % endpoints, cycle[at % cycle.length]!)
      index.confirm(booking)
      inserted += booking.blocks - booking.matched
    }
  }
  insertUntil(2_000_000)
  const measure = () => {
    globalThis.gc?.()
    return { bytes: index.bytes, heap: process.memoryUsage().heapUsed }
  }
  const before = measure()
  const start = cpuSeconds()
  insertUntil(inserted + inserts)
  const seconds = cpuSeconds() - start
  const after = measure()
  const collected = globalThis.gc === undefined ? ' (garbage not collected first: run with --expose-gc)' : ''
  print(`${inserts / 1e6} million inserts and as many evictions, ${heldBy(index)} blocks held`)
  print(`  inserts per CPU second                     ${(inserts / seconds / 1e6).toFixed(1)} million`)
  print(`  bytes of the index before, after           ${before.bytes}, ${after.bytes}`)
  print(
    `  MiB of heap before, after                  ${(before.heap / MIB).toFixed(1)}, ${(after.heap / MIB).toFixed(1)}${collected}`,
  )
  return before.bytes === after.bytes
}

/** Times of match and book at some number of endpoints, in microseconds. */
function benchTimes(print: Print, endpoints: number, target: number): boolean {
  const index = indexFor(endpoints, 18_000)
  const into = new Uint32Array(endpoints)
  const everywhere = prompt()
  const system = prompt(BLOCKS)
  const steps = prompt()
  const chats = Array.from({ length: 64 }, () => prompt(BLOCKS, system, 24))
  for (let slot = 0; slot < endpoints; slot++) {
    while (index.held(slot) < 18_000) index.confirm(index.book(slot, prompt()))
    index.confirm(index.book(slot, everywhere))
    index.confirm(index.book(slot, leading(system, 24)))
    index.confirm(index.book(slot, leading(steps, 1 + ((slot * 101) % endpoints) * Math.floor(BLOCKS / endpoints))))
  }
  chats.forEach((chat, at) => {
    index.confirm(index.book((at * 7) % endpoints, leading(chat, 480)))
    index.confirm(index.book((at * 11 + 1) % endpoints, leading(chat, 300)))
  })
  const fresh = prompts(2500)
  print(`${endpoints} endpoints, prompts of ${BLOCKS} blocks, ${(index.bytes / MIB).toFixed(0)} MiB, µs`)
  const whole = timed(20_000, () => index.match(everywhere, into))
  if (into.some((depth) => depth !== BLOCKS)) throw new Error('not everybody holds what everybody booked')
  const chat = timed(20_000, (round) => index.match(chats[round % chats.length]!, into))
  const ladder = timed(5000, () => index.match(steps, into))
  if (new Set(into).size !== endpoints)
    throw new Error('two endpoints hold equally much of what each holds differently')
  const refresh = timed(20_000, (round) => index.confirm(index.book(round % endpoints, everywhere)))
  const insert = timed(2000, (round) => index.confirm(index.book(round % endpoints, fresh[round]!)))
  print(line('match, all hold all', whole, target))
  print(line('match, all hold the system prompt, two hold a chat', chat, target))
  print(line('match, each holds another depth', ladder))
  print(line('book and confirm, all blocks held', refresh, 12))
  print(line('book and confirm, all blocks new, as many evicted', insert))
  print(`  matches per second, two hold a chat: ${(1 / chat.p50).toFixed(2)} million`)
  return whole.p50 <= target && chat.p50 <= target && refresh.p50 <= 12
}

/** Checks the predicted prefix index, then prints what it costs. Returns whether every target was met. */
export function benchIndex(print: Print): boolean {
  print(`The predicted prefix index agrees with a map for each endpoint in ${checkAgainstMaps()} matches`)
  const met = [
    benchLookUps(print),
    benchBytes(print),
    benchGrowth(print),
    benchTimes(print, 16, 3),
    benchTimes(print, 256, 10),
  ]
  return met.every(Boolean)
}

if (import.meta.main) process.exitCode = benchIndex(console.log) ? 0 : 1
