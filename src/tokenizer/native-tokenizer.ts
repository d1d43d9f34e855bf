import type { Tokenizer as NativeHandle } from 'tokenizers'
import { JobGate } from './job-gate.ts'
import type { EncodeOptions, Tokenizer } from './tokenizer.ts'
import { messageOf, TokenizerError } from './tokenizer-error.ts'
import type { TokenizerSpec } from './tokenizer-spec.ts'

export interface NativeOptions {
  /** Texts encoded at once. They occupy libuv's threads (4 unless UV_THREADPOOL_SIZE says otherwise), which files and names need too. */
  readonly concurrency?: number
  /** Texts that may wait; one more is refused. */
  readonly queue?: number
}

/**
 * The Rust `tokenizers` package, an optional dependency: the code most engines run, so the ids are theirs. Encodes off the
 * event loop. Rejects with `unavailable` where the package is not installed or has no binary for this machine, with `files`
 * where it does not understand the tokenizer.
 */
export async function createNativeTokenizer(spec: TokenizerSpec, options: NativeOptions = {}): Promise<Tokenizer> {
  const { Tokenizer: Native } = await import('tokenizers').catch((error: unknown) => {
    const advice = 'npm install tokenizers, or use the thread implementation'
    const found = messageOf(error)
    const message = `expected the optional package 'tokenizers' with a binary for ${process.platform}-${process.arch}, found: ${found}; ${advice}`
    throw new TokenizerError('unavailable', message, { cause: error })
  })
  try {
    return new NativeTokenizer(Native.fromString(JSON.stringify(spec.json)), options)
  } catch (error) {
    const message = `${spec.source}: expected a tokenizer the native package understands, found: ${messageOf(error)}`
    throw new TokenizerError('files', message, { cause: error })
  }
}

class NativeTokenizer implements Tokenizer {
  readonly kind = 'native'
  readonly #handle: NativeHandle
  readonly #gate: JobGate

  constructor(handle: NativeHandle, { concurrency = 2, queue = 256 }: NativeOptions) {
    this.#handle = handle
    this.#gate = new JobGate({ running: concurrency, waiting: queue }, 'native tokenizer')
  }

  async encode(text: string, options: EncodeOptions = {}): Promise<Uint32Array> {
    return Uint32Array.from((await this.#encoding(text, options)).getIds())
  }

  async count(text: string, options: EncodeOptions = {}): Promise<number> {
    return (await this.#encoding(text, options)).getLength()
  }

  /** Nothing to let go of: the library frees its memory with the handle. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #encoding(
    text: string,
    { addSpecialTokens = false, signal }: EncodeOptions,
  ): ReturnType<NativeHandle['encode']> {
    try {
      return await this.#gate.run(() => this.#handle.encode(text, null, { addSpecialTokens }), signal)
    } catch (error) {
      if (error instanceof TokenizerError || signal?.aborted === true) throw error
      const message = `expected to encode ${text.length} characters, found: ${messageOf(error)}`
      throw new TokenizerError('failed', message, { cause: error })
    }
  }
}
