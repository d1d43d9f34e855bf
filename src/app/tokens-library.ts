import { createIncrementalEncoder, type IncrementalEncoder } from '../tokenizer/incremental-encoder.ts'
import { loadTokenizer } from '../tokenizer/load-tokenizer.ts'
import type { TokenizerSpec } from '../tokenizer/tokenizer-spec.ts'

/** A tokenizer that remembers conversations, and what it was made of. */
export interface LoadedTokens {
  readonly spec: TokenizerSpec
  readonly encoder: IncrementalEncoder
}

/** A tokenizer in use; to be disposed of whether it could be loaded or not. */
export interface BorrowedTokens extends Disposable {
  /** Rejects with a TokenizerError that names the file, what was expected and what to do. */
  readonly loaded: Promise<LoadedTokens>
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

  /** One that could not be loaded is read again by whoever takes it next. */
  take(path: string, cacheBytes: number): BorrowedTokens {
    const key = `${cacheBytes} ${path}`
    const shelf = this.#shelves.get(key) ?? this.#load(key, path, cacheBytes)
    shelf.readers++
    let given = false
    return {
      loaded: shelf.loaded,
      [Symbol.dispose]: () => {
        if (given) return
        given = true
        if (--shelf.readers === 0) this.#close(key, shelf)
      },
    }
  }

  #load(key: string, path: string, cacheBytes: number): Shelf {
    const shelf = { loaded: load(path, cacheBytes, this.#onFallback), readers: 0 }
    this.#shelves.set(key, shelf)
    shelf.loaded.catch(() => this.#remove(key, shelf))
    return shelf
  }

  #close(key: string, shelf: Shelf): void {
    this.#remove(key, shelf)
    // One that could not be loaded has told so to whoever took it.
    shelf.loaded.then(({ encoder }) => encoder[Symbol.asyncDispose]()).catch(() => undefined)
  }

  #remove(key: string, shelf: Shelf): void {
    if (this.#shelves.get(key) === shelf) this.#shelves.delete(key)
  }
}

async function load(path: string, cacheBytes: number, onFallback: (reason: string) => void): Promise<LoadedTokens> {
  const { spec, tokenizer } = await loadTokenizer(path, { onFallback })
  return { spec, encoder: await createIncrementalEncoder(tokenizer, spec, { cacheBytes }) }
}
