import { createIncrementalEncoder, type IncrementalEncoder } from '../tokenizer/incremental-encoder.ts'
import { loadTokenizer } from '../tokenizer/load-tokenizer.ts'
import type { TokenizerSpec } from '../tokenizer/tokenizer-spec.ts'

/** A tokenizer that remembers conversations, and what it was made of. */
export interface LoadedTokens {
  readonly spec: TokenizerSpec
  readonly encoder: IncrementalEncoder
}

interface Shelf {
  readonly loaded: Promise<LoadedTokens>
  readers: number
}

/** Tokenizers by path: models that name the same one (a model and its adapters) share it. */
export class TokensLibrary {
  readonly #shelves = new Map<string, Shelf>()
  readonly #onFallback: (reason: string) => void

  /** @param onFallback Told why the native implementation is not used. */
  constructor(onFallback: (reason: string) => void) {
    this.#onFallback = onFallback
  }

  /** Rejects with a TokenizerError that names the file, what was expected and what to do. To be given back either way. */
  take(path: string, cacheBytes: number): Promise<LoadedTokens> {
    const key = keyOf(path, cacheBytes)
    let shelf = this.#shelves.get(key)
    if (shelf === undefined) {
      shelf = { loaded: load(path, cacheBytes, this.#onFallback), readers: 0 }
      this.#shelves.set(key, shelf)
    }
    shelf.readers++
    return shelf.loaded
  }

  giveBack(path: string, cacheBytes: number): void {
    const key = keyOf(path, cacheBytes)
    const shelf = this.#shelves.get(key)
    if (shelf === undefined || --shelf.readers > 0) return
    this.#shelves.delete(key)
    // One that could not be loaded has told so to whoever took it.
    shelf.loaded.then(({ encoder }) => encoder[Symbol.asyncDispose]()).catch(() => undefined)
  }
}

function keyOf(path: string, cacheBytes: number): string {
  return `${cacheBytes} ${path}`
}

async function load(path: string, cacheBytes: number, onFallback: (reason: string) => void): Promise<LoadedTokens> {
  const { spec, tokenizer } = await loadTokenizer(path, { onFallback })
  return { spec, encoder: await createIncrementalEncoder(tokenizer, spec, { cacheBytes }) }
}
