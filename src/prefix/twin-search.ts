import { FIRST_CHILD, LEVEL_MASK, MARKS, NEXT_SIBLING } from './block-records.ts'
import { holderCount, MOST_HOLDERS } from './holder-ring.ts'
import { KEY_HIGH, KEY_LOW, PARENT, RING_NEXT } from './holding-pool.ts'
import type { KeyTable } from './key-table.ts'

/**
 * True when a record may not join a ring: one with the same parent and the same key is in a ring of either table, or there
 * are too many of a prompt's first block, which have no parent and are not held against each other. Looks through the
 * siblings or through the rings, whichever ends first: a block with many successors at one endpoint is the end of what
 * prompts share, and each successor is held by few endpoints.
 */
export function hasTwin(words: Int32Array, first: KeyTable, second: KeyTable, record: number): boolean {
  const parent = words[record + PARENT]!
  const low = words[record + KEY_LOW]!
  const high = words[record + KEY_HIGH]!
  const firstHead = first.find(words, low, high)
  const secondHead = second.find(words, low, high)
  const inRings = holderCount(words, firstHead) + holderCount(words, secondHead)
  // Each block further down has another parent in its ring, so that they cannot be too many there.
  if (parent === 0) return inRings >= MOST_HOLDERS
  if (inRings === 0) return false
  let sibling = words[parent + FIRST_CHILD]!
  for (let left = inRings; left >= 0; left--) {
    if (sibling === 0) return false
    const ringed = (words[sibling + MARKS]! & LEVEL_MASK) !== 0
    if (ringed && words[sibling + KEY_LOW] === low && words[sibling + KEY_HIGH] === high) return true
    sibling = words[sibling + NEXT_SIBLING]!
  }
  return hasChildIn(words, firstHead, parent) || hasChildIn(words, secondHead, parent)
}

function hasChildIn(words: Int32Array, head: number, parent: number): boolean {
  if (head === 0) return false
  let record = head
  do {
    if (words[record + PARENT] === parent) return true
    record = words[record + RING_NEXT]!
  } while (record !== head)
  return false
}
