import { AddedTokenScanner } from './added-token-scanner.ts'
import { cutSafety, rawTokens } from './cut-safety.ts'
import { SegmentCache } from './segment-cache.ts'
import { TextChain } from './text-chain.ts'
import type { EncodeOptions, Tokenizer } from './tokenizer.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'

export interface IncrementalOptions {
  /** Bytes of ids that are remembered, with what it takes to find them. */
  readonly cacheBytes?: number
  /** Characters between two cuts at least: fewer look-ups, but more of a new turn's text is encoded again. */
  readonly segmentChars?: number
  /** Two words that the hash of the text starts from. */
  readonly seed?: readonly [number, number]
}

export interface IncrementalStats {
  /** Characters whose ids were remembered. */
  cachedChars: number
  /** Characters that were encoded. */
  encodedChars: number
}

/** A tokenizer that remembers, and why it may not. */
export interface IncrementalEncoder extends Tokenizer {
  /** Why nothing is remembered, if so. */
  readonly disabled: string | undefined
  readonly stats: Readonly<IncrementalStats>
  /** Bytes remembered. */
  readonly cacheBytes: number
}

/**
 * Wraps a tokenizer so that a longer conversation pays for its new part only. The ids are those of the wrapped tokenizer
 * (see `cutSafety` for why); where that cannot be guaranteed every text is encoded in full and `disabled` says why.
 */
export async function createIncrementalEncoder(
  inner: Tokenizer,
  spec: TokenizerSpec,
  options: IncrementalOptions = {},
): Promise<IncrementalEncoder> {
  const affixes = await learnAffixes(inner)
  return new CachingEncoder(inner, spec, affixes, options)
}

/** Ids that `addSpecialTokens` puts in front of and behind any text; undefined where it does something else. */
interface Affixes {
  readonly before: Uint32Array
  readonly after: Uint32Array
}

/** A place where a text is cut. */
interface Cut {
  readonly end: number
  readonly key: number
  readonly check: number
  /** How many cut tokens lie before it. */
  readonly tokens: number
}

class CachingEncoder implements IncrementalEncoder {
  readonly kind: Tokenizer['kind']
  readonly disabled: string | undefined
  readonly stats: IncrementalStats = { cachedChars: 0, encodedChars: 0 }
  readonly #inner: Tokenizer
  readonly #affixes: Affixes | undefined
  readonly #cache: SegmentCache
  readonly #scanner: AddedTokenScanner
  readonly #cutIds: ReadonlySet<number>
  readonly #chain: TextChain
  readonly #segmentChars: number

  constructor(inner: Tokenizer, spec: TokenizerSpec, affixes: Affixes | undefined, options: IncrementalOptions) {
    const safety = cutSafety(spec.json)
    this.kind = inner.kind
    this.disabled = safety.safe ? undefined : safety.reason
    this.#inner = inner
    this.#affixes = affixes
    this.#cache = new SegmentCache(options.cacheBytes ?? 64 << 20)
    this.#scanner = new AddedTokenScanner(rawTokens(spec.json))
    this.#cutIds = new Set(safety.safe ? safety.cutTokens.map(({ id }) => id) : [])
    const [low, high] = options.seed ?? crypto.getRandomValues(new Uint32Array(2))
    this.#chain = new TextChain(low ?? 0, high ?? 0)
    this.#segmentChars = options.segmentChars ?? 256
  }

  get cacheBytes(): number {
    return this.#cache.bytes
  }

  async encode(text: string, options: EncodeOptions = {}): Promise<Uint32Array> {
    const affixes = options.addSpecialTokens === true ? this.#affixes : NO_AFFIXES
    if (this.disabled !== undefined || affixes === undefined) return await this.#inner.encode(text, options)
    const { cuts, tokens } = this.#cuts(text)
    if (cuts.length === 0) return await this.#inner.encode(text, options)
    const { known, held } = this.#held(cuts)
    const from = cuts[known - 1]?.end ?? 0
    const rest = from === text.length ? NO_IDS : await this.#inner.encode(text.slice(from), { signal: options.signal })
    this.stats.cachedChars += from
    this.stats.encodedChars += text.length - from
    this.#remember(cuts, known, rest, tokens)
    // Without its beginning the rest of a text is of no use: the end is to be dropped first.
    for (let index = cuts.length - 1; index >= 0; index--) this.#cache.touch(cuts[index]!.key)
    return joined([affixes.before, ...held, rest, affixes.after])
  }

  async count(text: string, options?: EncodeOptions): Promise<number> {
    return (await this.encode(text, options)).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  /** Where to cut; depends on the text before each cut only, so that a longer text is cut at the same places. */
  #cuts(text: string): { cuts: Cut[]; tokens: number } {
    const cuts: Cut[] = []
    const scanner = this.#scanner
    const chain = this.#chain
    chain.reset()
    let tokens = 0
    let last = 0
    for (let token = scanner.next(text, 0); token !== undefined; token = scanner.next(text, scanner.end)) {
      if (!this.#cutIds.has(token.id)) continue
      tokens++
      const { end } = scanner
      if (end - last < this.#segmentChars) continue
      chain.update(text, last, end)
      cuts.push({ end, key: chain.key, check: chain.high, tokens })
      last = end
    }
    return { cuts, tokens }
  }

  /** The ids of as many segments as are known without a gap. */
  #held(cuts: readonly Cut[]): { known: number; held: Uint32Array[] } {
    const held: Uint32Array[] = []
    for (const { key, check, end } of cuts) {
      const segment = this.#cache.peek(key, check, end)
      if (segment === undefined) break
      held.push(segment.ids)
    }
    return { known: held.length, held }
  }

  /**
   * Takes the ids of the new segments apart at the ids of the tokens they end with. `expected` is how many such tokens the
   * whole text holds: where more of their ids came out, other text yields them too, and nothing is remembered.
   */
  #remember(cuts: readonly Cut[], known: number, ids: Uint32Array, expected: number): void {
    let index = known
    let tokens = cuts[known - 1]?.tokens ?? 0
    let from = 0
    let found = tokens
    for (let at = 0; at < ids.length; at++) if (this.#cutIds.has(ids[at]!)) found++
    if (found !== expected) return
    for (let at = 0; at < ids.length && index < cuts.length; at++) {
      if (!this.#cutIds.has(ids[at]!)) continue
      tokens++
      const cut = cuts[index]!
      if (tokens !== cut.tokens) continue
      this.#cache.set(cut.key, { ids: ids.slice(from, at + 1), check: cut.check, end: cut.end })
      from = at + 1
      index++
    }
  }
}

const NO_IDS = new Uint32Array(0)
const NO_AFFIXES: Affixes = { before: NO_IDS, after: NO_IDS }

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const ids = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    ids.set(part, at)
    at += part.length
  }
  return ids
}

/** Two texts that no template of a post-processor treats differently. */
const PROBES = ['a', 'b a']

/** Finds the affixes by encoding the probes with and without; undefined where they are not the same for both. */
async function learnAffixes(inner: Tokenizer): Promise<Affixes | undefined> {
  const found: Affixes[] = []
  for (const probe of PROBES) {
    const plain = await inner.encode(probe)
    const full = await inner.encode(probe, { addSpecialTokens: true })
    const affixes = affixesOf(plain, full)
    if (affixes === undefined) return undefined
    found.push(affixes)
  }
  const [first, second] = found
  return first !== undefined &&
    String(first.before) === String(second?.before) &&
    String(first.after) === String(second?.after)
    ? first
    : undefined
}

function affixesOf(plain: Uint32Array, full: Uint32Array): Affixes | undefined {
  const extra = full.length - plain.length
  for (let shift = 0; shift <= extra; shift++) {
    if (plain.every((id, at) => full[at + shift] === id)) {
      return { before: full.slice(0, shift), after: full.slice(shift + plain.length) }
    }
  }
  return undefined
}
