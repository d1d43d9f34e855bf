import { createNativeTokenizer } from './native-tokenizer.ts'
import { readGgufTokenizer } from './gguf-tokenizer.ts'
import { readTokenizerFolder } from './read-tokenizer-folder.ts'
import type { Tokenizer } from './tokenizer.ts'
import { TokenizerError } from './tokenizer-error.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'
import { createWorkerTokenizer } from './worker-tokenizer.ts'

export interface LoadOptions {
  /** Which implementation; `auto` is native, and the thread where native has no binary for this machine. */
  readonly implementation?: 'auto' | 'native' | 'thread'
  /** Texts that may wait for the tokenizer; one more is refused. */
  readonly queue?: number
  /** Told why the native package is not used. */
  readonly onFallback?: (reason: string) => void
}

/** A model's tokenizer, ready to encode, and what it was made of. */
export interface LoadedTokenizer {
  readonly spec: TokenizerSpec
  readonly tokenizer: Tokenizer
}

/**
 * Loads a tokenizer from a model's folder (`tokenizer.json` and what lies beside it) or from a `.gguf` file. Rejects with
 * a TokenizerError that names the file, what was expected and what to do.
 */
export async function loadTokenizer(path: string, options: LoadOptions = {}): Promise<LoadedTokenizer> {
  const spec = path.endsWith('.gguf') ? await readGgufTokenizer(path) : await readTokenizerFolder(path)
  return { spec, tokenizer: await createTokenizer(spec, options) }
}

async function createTokenizer(spec: TokenizerSpec, options: LoadOptions): Promise<Tokenizer> {
  const { implementation = 'auto', queue = 256, onFallback } = options
  if (implementation === 'thread') return await createWorkerTokenizer(spec, { queue })
  try {
    return await createNativeTokenizer(spec, { queue })
  } catch (error) {
    const missing = error instanceof TokenizerError && error.fault === 'unavailable'
    if (implementation === 'native' || !missing) throw error
    onFallback?.(error.message)
    return await createWorkerTokenizer(spec, { queue })
  }
}
