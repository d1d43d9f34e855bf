import { NEWER, OLDER } from './holding-pool.ts'

/** One endpoint's holdings, ordered by last use: a doubly linked list through the `NEWER` and `OLDER` words. */
export class LruList {
  newest = 0
  oldest = 0

  /** Moves the holdings from `top` (newer) to `bottom` (older), which are neighbours in this order, to the new end. */
  moveToFront(words: Int32Array, top: number, bottom: number): void {
    const before = words[top + NEWER]!
    if (before === 0) return
    const after = words[bottom + OLDER]!
    words[before + OLDER] = after
    words[after + NEWER] = before
    if (after === 0) this.oldest = before
    words[this.newest + NEWER] = bottom
    words[bottom + OLDER] = this.newest
    words[top + NEWER] = 0
    this.newest = top
  }

  /** Inserts the holdings from `top` to `bottom`, already linked to each other, behind `before` (0: at the new end). */
  insertBehind(words: Int32Array, before: number, top: number, bottom: number): void {
    const after = before === 0 ? this.newest : words[before + OLDER]!
    words[top + NEWER] = before
    words[bottom + OLDER] = after
    words[before + OLDER] = top
    words[after + NEWER] = bottom
    if (before === 0) this.newest = top
    if (after === 0) this.oldest = bottom
  }

  /** Makes `holding` the oldest, 0 for none at all; the caller has dropped what was older. */
  cutBehind(words: Int32Array, holding: number): void {
    words[holding + OLDER] = 0
    this.oldest = holding
    if (holding === 0) this.newest = 0
  }

  remove(words: Int32Array, holding: number): void {
    const newer = words[holding + NEWER]!
    const older = words[holding + OLDER]!
    words[newer + OLDER] = older
    words[older + NEWER] = newer
    if (newer === 0) this.newest = older
    if (older === 0) this.oldest = newer
  }
}
