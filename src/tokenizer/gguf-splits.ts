import { GPT_2_SPLIT } from './byte-level-json.ts'

/** How a byte-level vocabulary splits text into words before it merges bytes. */
export interface GgufSplit {
  /** In the form of `tokenizer.json`. */
  readonly preTokenizer: object
  /** A word that is a token as a whole is taken without merging. */
  readonly wholeWords: boolean
}

const BYTES = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
const DIGITS = { type: 'Digits', individual_digits: true }

function splitBy(regex: string): object {
  const pattern = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
  return { type: 'Sequence', pretokenizers: [pattern, BYTES] }
}

/** The published split of the GPT-4 family, which differs between models in how many digits go together. */
function modern(digits: string): object {
  return splitBy(
    `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  )
}

const LLAMA_3 = { preTokenizer: modern('\\p{N}{1,3}'), wholeWords: true }
const QWEN = { preTokenizer: modern('\\p{N}'), wholeWords: false }
const PLAIN = { preTokenizer: GPT_2_SPLIT, wholeWords: false }
const SINGLE_DIGITS = { preTokenizer: { type: 'Sequence', pretokenizers: [DIGITS, GPT_2_SPLIT] }, wholeWords: false }

/** By the names llama.cpp gives them in `tokenizer.ggml.pre`. */
const SPLITS = new Map<string, GgufSplit>([
  ['gpt-2', PLAIN],
  ['phi-2', PLAIN],
  ['mpt', PLAIN],
  ['olmo', PLAIN],
  ['jais', PLAIN],
  ['llama3', LLAMA_3],
  ['llama-v3', LLAMA_3],
  ['llama-bpe', LLAMA_3],
  ['falcon3', LLAMA_3],
  ['dbrx', { ...LLAMA_3, wholeWords: false }],
  ['smaug-bpe', { ...LLAMA_3, wholeWords: false }],
  ['qwen2', QWEN],
  ['stablelm2', QWEN],
  ['deepseek-r1-qwen', QWEN],
  ['starcoder', SINGLE_DIGITS],
  ['refact', SINGLE_DIGITS],
  ['command-r', SINGLE_DIGITS],
  ['smollm', SINGLE_DIGITS],
  ['codeshell', SINGLE_DIGITS],
  ['exaone', SINGLE_DIGITS],
])

/** Undefined for a name that is not known. Only `gpt-2` can be tried against a real engine here; the self-check tells for the rest. */
export function splitOf(pre: string): GgufSplit | undefined {
  return SPLITS.get(pre)
}
