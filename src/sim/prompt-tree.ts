import type { BlockKeys } from '../prefix/block-keys.ts'

/** A stretch of blocks at whose ends prompts part or end, and nowhere in between. */
interface Edge {
  /** Depth of its first block, and of the one behind its last. */
  readonly start: number
  end: number
  /** A prompt that holds all of its blocks. */
  readonly prompt: number
}

/**
 * The prompts of a workload as a tree of prefixes. It knows beforehand every block that any engine will ever hold, and
 * gives each a number; along an edge numbers are consecutive. Because keys are chained, the first key of an edge names
 * the whole prefix up to there.
 */
export class PromptTree {
  /** Number of different blocks. */
  readonly nodes: number
  readonly edges: number
  /** By edge: depth of the first block, of the one behind the last, and the number of the first. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly firstNodes: Int32Array
  /** The edges of all prompts, root first; those of prompt `p` from `pathStarts[p]` up to `pathStarts[p + 1]`. */
  readonly paths: Int32Array
  readonly pathStarts: Int32Array
  readonly #prompts: readonly BlockKeys[]
  readonly #samples: Int32Array

  constructor(prompts: readonly BlockKeys[]) {
    const heads = new Map<number, number>()
    const edges: Edge[] = []
    for (let prompt = 0; prompt < prompts.length; prompt++) insert(prompts, prompt, edges, heads)
    this.#prompts = prompts
    this.edges = edges.length
    this.starts = Int32Array.from(edges, (edge) => edge.start)
    this.ends = Int32Array.from(edges, (edge) => edge.end)
    this.#samples = Int32Array.from(edges, (edge) => edge.prompt)
    this.firstNodes = new Int32Array(edges.length)
    let nodes = 0
    for (let edge = 0; edge < edges.length; edge++) {
      this.firstNodes[edge] = nodes
      nodes += this.ends[edge]! - this.starts[edge]!
    }
    this.nodes = nodes
    const { paths, pathStarts } = pathsOf(prompts, this.ends, heads)
    this.paths = paths
    this.pathStarts = pathStarts
  }

  /** The numbers of a prompt's blocks from `from` up to `to`, as far as it goes. */
  *nodesOf(prompt: number, from: number, to: number): Generator<number, void> {
    let at = from
    for (let place = this.pathStarts[prompt]!; place < this.pathStarts[prompt + 1]! && at < to; place++) {
      const edge = this.paths[place]!
      const end = Math.min(this.ends[edge]!, to)
      for (; at < end; at++) yield this.firstNodes[edge]! + at - this.starts[edge]!
    }
  }

  /** A prompt that holds the block, and the block's place in it. */
  sampleOf(node: number): { readonly keys: BlockKeys; readonly block: number } {
    let low = 0
    let high = this.edges
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.firstNodes[middle]! <= node) low = middle
      else high = middle
    }
    const keys = this.#prompts[this.#samples[low]!]!
    return { keys, block: this.starts[low]! + node - this.firstNodes[low]! }
  }
}

/** 53 bits of a key, as many as a number holds. */
function headOf(keys: BlockKeys, block: number): number {
  return keys.words[2 * block]! + (keys.words[2 * block + 1]! & 0x1fffff) * 2 ** 32
}

/** Adds a prompt; where it leaves an edge or ends on it, the edge is cut. */
function insert(prompts: readonly BlockKeys[], prompt: number, edges: Edge[], heads: Map<number, number>): void {
  const keys = prompts[prompt]!
  let depth = 0
  while (depth < keys.count) {
    const head = headOf(keys, depth)
    const edge = edges[heads.get(head) ?? -1]
    if (edge === undefined) {
      heads.set(head, edges.length)
      edges.push({ start: depth, end: keys.count, prompt })
      return
    }
    const other = prompts[edge.prompt]!
    const common = commonBlocks(keys, other, edge.start + 1, Math.min(edge.end, keys.count))
    if (common < edge.end) {
      heads.set(headOf(other, common), edges.length)
      edges.push({ start: common, end: edge.end, prompt: edge.prompt })
      edge.end = common
    }
    depth = common
  }
}

/**
 * How many leading blocks two prompts share, given that they share `shared` and no more than `most` may count. Keys are
 * chained, so a shared key means that all before it are shared as well.
 */
export function commonBlocks(a: BlockKeys, b: BlockKeys, shared: number, most: number): number {
  let low = shared
  let high = most + 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    const same =
      a.words[2 * middle - 2] === b.words[2 * middle - 2] && a.words[2 * middle - 1] === b.words[2 * middle - 1]
    if (same) low = middle
    else high = middle
  }
  return low
}

function pathsOf(prompts: readonly BlockKeys[], ends: Int32Array, heads: ReadonlyMap<number, number>) {
  const paths: number[] = []
  const pathStarts = new Int32Array(prompts.length + 1)
  for (const [prompt, keys] of prompts.entries()) {
    for (let depth = 0; depth < keys.count;) {
      const edge = heads.get(headOf(keys, depth))
      if (edge === undefined) throw new Error(`prompt ${prompt} is not in the tree at block ${depth}: insert it first`)
      paths.push(edge)
      depth = ends[edge]!
    }
    pathStarts[prompt + 1] = paths.length
  }
  return { paths: Int32Array.from(paths), pathStarts }
}
