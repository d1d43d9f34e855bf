import { PlaceTable } from './place-table.ts'
import type { PromptTree } from './prompt-tree.ts'

/**
 * Host memory behind a KV cache: it takes in the blocks that the cache evicts and gives up the ones that were used least
 * recently. A block that was loaded back stays.
 */
export class HostMemory {
  readonly #tree: PromptTree
  /** The place of each held block, by its number in the tree. */
  readonly #places: PlaceTable
  // A ring of places in order of use. Place 0 is the ring's joint: its neighbours are the newest and the oldest.
  readonly #nodes: Int32Array
  readonly #newer: Int32Array
  readonly #older: Int32Array

  /** `capacityBlocks` is at least 1. */
  constructor(capacityBlocks: number, tree: PromptTree) {
    this.#tree = tree
    this.#places = new PlaceTable(capacityBlocks)
    this.#nodes = new Int32Array(capacityBlocks + 1)
    this.#newer = new Int32Array(capacityBlocks + 1)
    this.#older = new Int32Array(capacityBlocks + 1)
  }

  get held(): number {
    return this.#places.size
  }

  /** The block was evicted from the KV cache, or loaded into it: it is the newest from now on. */
  use(node: number): void {
    let place = this.#places.get(node)
    if (place !== undefined) {
      this.#unlink(place)
    } else if (this.#places.size + 1 < this.#nodes.length) {
      place = this.#places.size + 1
    } else {
      place = this.#newer[0]!
      this.#unlink(place)
      this.#places.delete(this.#nodes[place]!)
    }
    this.#nodes[place] = node
    this.#places.set(node, place)
    this.#link(place)
  }

  /** How many blocks of a prompt are held in a row, from block `from` and up to block `limit`. */
  run(prompt: number, from: number, limit: number): number {
    let at = from
    for (const node of this.#tree.nodesOf(prompt, from, limit)) {
      if (this.#places.get(node) === undefined) break
      at++
    }
    return at - from
  }

  /** Blocks `from` to `to` of a prompt were loaded: the last one first, so that ends go before beginnings. */
  touch(prompt: number, from: number, to: number): void {
    const nodes = [...this.#tree.nodesOf(prompt, from, to)]
    for (const node of nodes.reverse()) this.use(node)
  }

  #unlink(place: number): void {
    this.#older[this.#newer[place]!] = this.#older[place]!
    this.#newer[this.#older[place]!] = this.#newer[place]!
  }

  /** Makes a place the newest: the joint's older neighbour is the newest, its newer one the oldest. */
  #link(place: number): void {
    const newest = this.#older[0]!
    this.#older[place] = newest
    this.#newer[place] = 0
    this.#newer[newest] = place
    this.#older[0] = place
  }
}
