import { mixBits } from '../../engine/mix-bits.ts'
import { loadTokenizer } from '../../tokenizer/load-tokenizer.ts'
import { createPromptTokenizer } from '../../tokenizer/prompt-tokenizer.ts'
import type { Tokenizer } from '../../tokenizer/tokenizer.ts'
import { TokenizerError } from '../../tokenizer/tokenizer-error.ts'
import type { AnswerWords } from '../words.ts'
import { WORDS } from '../words.ts'
import { decodeTokens, tokenBytes } from './decode-tokens.ts'
import type { TokenBytes } from './decode-tokens.ts'

/** A real model's tokenizer inside a simulated engine. */
export interface EngineTokenizer extends AsyncDisposable {
  text(prompt: string, addSpecialTokens: boolean): Promise<Uint32Array>
  /** The prompt of a chat request's body in the model's own template; undefined where there is none that can render it. */
  render(body: object): string | undefined
  decode(tokens: ArrayLike<number>): string
  readonly words: AnswerWords
}

/** Fewer words than this would make all answers alike. */
const FEWEST_WORDS = 16
const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz ')

/** Loads the tokenizer of a model's folder or `.gguf` file. Rejects with a TokenizerError. */
export async function loadEngineTokenizer(path: string): Promise<EngineTokenizer> {
  const { spec, tokenizer } = await loadTokenizer(path)
  const prompts = createPromptTokenizer(tokenizer, spec)
  const bytes = tokenBytes(spec.json)
  const words = await answerWords(tokenizer, bytes)
  return {
    words,
    text: (prompt, addSpecialTokens) => tokenizer.encode(prompt, { addSpecialTokens }),
    render(body) {
      try {
        return prompts.render(body)
      } catch (error) {
        if (error instanceof TokenizerError) return undefined
        throw error
      }
    },
    decode: (tokens) => decodeTokens(bytes, tokens),
    [Symbol.asyncDispose]: () => tokenizer[Symbol.asyncDispose](),
  }
}

/** Words that are one token each with the space before them, or letters where the vocabulary has too few of them. */
async function answerWords(tokenizer: Tokenizer, bytes: TokenBytes): Promise<AnswerWords> {
  const spaced = WORDS.map((word) => ` ${word.trim()}`)
  let entries = await singleTokens(tokenizer, spaced)
  if (entries.length < FEWEST_WORDS) entries = await singleTokens(tokenizer, LETTERS)
  const [first] = entries
  if (first === undefined) {
    throw new TokenizerError('files', 'expected a vocabulary with English letters to answer in, found none of them')
  }
  const at = (seed: number, index: number): (typeof entries)[number] =>
    entries[mixBits(seed + Math.imul(index, 0x9e3779b1)) % entries.length] ?? first
  const ids = [...bytes.keys()]
  return {
    word: (seed, index) => at(seed, index).text,
    token: (seed, index) => at(seed, index).token,
    pieceToken: (piece) => ids[mixBits(piece) % ids.length] ?? 0,
  }
}

async function singleTokens(
  tokenizer: Tokenizer,
  texts: readonly string[],
): Promise<{ readonly text: string; readonly token: number }[]> {
  const found: { readonly text: string; readonly token: number }[] = []
  for (const text of texts) {
    const [token, more] = await tokenizer.encode(text)
    if (token !== undefined && more === undefined) found.push({ text, token })
  }
  return found
}
