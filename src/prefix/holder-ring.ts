import { KEY_HIGH, KEY_LOW, ONE_HOLDER, OWNER, RING_NEXT, RING_PREVIOUS, SLOT_MASK } from './holding-pool.ts'
import type { KeyTable } from './key-table.ts'

/** A ring's count of holders has 16 bits. */
export const MOST_HOLDERS = 0xffff

/** How many endpoints hold the block whose ring starts at `head`; 0 when `head` is none. */
export function holderCount(words: Int32Array, head: number): number {
  return head === 0 ? 0 : words[head + OWNER]! >>> 16
}

/** The holding of the endpoint at `slot` in the ring that starts at `head`, 0 when it is not in there. */
export function holdingOf(words: Int32Array, head: number, slot: number): number {
  if (head === 0) return 0
  let holding = head
  do {
    if ((words[holding + OWNER]! & SLOT_MASK) === slot) return holding
    holding = words[holding + RING_NEXT]!
  } while (holding !== head)
  return 0
}

/** Adds a holding whose key is set to the ring of its block, and says whose it is. */
export function joinRing(table: KeyTable, words: Int32Array, holding: number, slot: number): void {
  const head = table.findOrAdd(words, words[holding + KEY_LOW]!, words[holding + KEY_HIGH]!, holding)
  if (head === 0) {
    words[holding + OWNER] = slot | ONE_HOLDER
    words[holding + RING_NEXT] = holding
    words[holding + RING_PREVIOUS] = holding
    return
  }
  words[holding + OWNER] = slot
  words[head + OWNER]! += ONE_HOLDER
  linkBehind(words, head, holding)
}

/** Makes a holding of the ring, not the head, the next after the head. */
export function moveBehindHead(words: Int32Array, head: number, holding: number): void {
  unlink(words, holding)
  linkBehind(words, head, holding)
}

function linkBehind(words: Int32Array, before: number, holding: number): void {
  const next = words[before + RING_NEXT]!
  words[holding + RING_NEXT] = next
  words[holding + RING_PREVIOUS] = before
  words[next + RING_PREVIOUS] = holding
  words[before + RING_NEXT] = holding
}

function unlink(words: Int32Array, holding: number): void {
  const next = words[holding + RING_NEXT]!
  const previous = words[holding + RING_PREVIOUS]!
  words[previous + RING_NEXT] = next
  words[next + RING_PREVIOUS] = previous
}

/** Takes a holding out of the ring of its block; the last one takes the block out of the table. */
export function leaveRing(table: KeyTable, words: Int32Array, holding: number): void {
  const low = words[holding + KEY_LOW]!
  const high = words[holding + KEY_HIGH]!
  const next = words[holding + RING_NEXT]!
  if (next === holding) {
    table.remove(low, high, holding)
    return
  }
  unlink(words, holding)
  const holders = words[holding + OWNER]! & ~SLOT_MASK
  if (holders === 0) {
    words[table.find(words, low, high) + OWNER]! -= ONE_HOLDER
    return
  }
  words[next + OWNER]! += holders - ONE_HOLDER
  table.replace(low, high, holding, next)
}
