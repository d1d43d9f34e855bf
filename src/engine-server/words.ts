import { mixBits } from '../engine/mix-bits.ts'

const CONSONANTS = 'bcdfghjklmnprstvwxyz'.split('')
const VOWELS = 'aeiou'.split('')

/** Words of three letters and a space, hence of one token each: what simulated answers are made of. */
export const WORDS: readonly string[] = CONSONANTS.flatMap((first) =>
  VOWELS.flatMap((vowel) => CONSONANTS.map((last) => `${first}${vowel}${last} `)),
)

const TOKENS = Uint32Array.from(WORDS, (word) => Buffer.from(word).readUInt32LE())

/** What answers are made of: words of one token each, in plain ASCII. */
export interface AnswerWords {
  /** The word at a position of the text that follows from a seed. */
  word(seed: number, index: number): string
  /** The same word as a token. */
  token(seed: number, index: number): number
  /** The token that stands for four bytes of a function call; those bytes themselves when undefined. */
  readonly pieceToken: ((bytes: number) => number) | undefined
}

/** Words that are tokens of four bytes. */
export const BUILT_IN_WORDS: AnswerWords = { word: wordAt, token: wordTokenAt, pieceToken: undefined }

/** The word at a position of the text that follows from a seed. */
export function wordAt(seed: number, index: number): string {
  return WORDS[wordIndex(seed, index)] ?? ''
}

/** The same word as a token. */
function wordTokenAt(seed: number, index: number): number {
  return TOKENS[wordIndex(seed, index)] ?? 0
}

function wordIndex(seed: number, index: number): number {
  return mixBits(seed + Math.imul(index, 0x9e3779b1)) % WORDS.length
}
