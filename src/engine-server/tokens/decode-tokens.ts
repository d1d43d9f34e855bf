import type { TokenizerJson } from '../../tokenizer/tokenizer-spec.ts'

/** The bytes of one token, by its id. */
export type TokenBytes = ReadonlyMap<number, Uint8Array>

/**
 * The bytes that each token of a `tokenizer.json` stands for: byte-level vocabularies write bytes as printable letters
 * (GPT-2's table), others write `▁` for a space and `<0xNN>` for bytes. Special tokens are the text they are written as.
 */
export function tokenBytes(json: TokenizerJson): TokenBytes {
  const bytes = new Map<number, Uint8Array>()
  const vocabulary = vocabularyOf(json)
  const byteLevel = JSON.stringify([json.pre_tokenizer, json['decoder']]).includes('ByteLevel')
  const letters = byteLevel ? byteLetters() : undefined
  for (const [piece, id] of vocabulary)
    bytes.set(id, letters === undefined ? plainBytes(piece) : decoded(piece, letters))
  for (const { id, content } of json.added_tokens) bytes.set(id, Buffer.from(content))
  return bytes
}

/** The text of tokens; what is unknown is left out. */
export function decodeTokens(bytes: TokenBytes, tokens: ArrayLike<number>): string {
  return Buffer.concat(Array.from(tokens, (token) => bytes.get(token) ?? new Uint8Array(0))).toString()
}

/** Of BPE and WordPiece a map by piece, of Unigram a list of pieces with their scores. */
function vocabularyOf({ model }: TokenizerJson): [string, number][] {
  const vocabulary = model['vocab']
  if (Array.isArray(vocabulary)) {
    const list: readonly unknown[] = vocabulary
    return list.flatMap((entry, id): [string, number][] => {
      const piece: unknown = Array.isArray(entry) ? entry[0] : undefined
      return typeof piece === 'string' ? [[piece, id]] : []
    })
  }
  if (typeof vocabulary !== 'object' || vocabulary === null) return []
  return Object.entries(vocabulary).flatMap(([piece, id]): [string, number][] =>
    typeof id === 'number' ? [[piece, id]] : [],
  )
}

/** Printable bytes stand for themselves; the others, in their order, for the letters from U+0100 on. */
function byteLetters(): ReadonlyMap<string, number> {
  const letters = new Map<string, number>()
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173)
    letters.set(String.fromCodePoint(printable ? byte : next++), byte)
  }
  return letters
}

function decoded(piece: string, letters: ReadonlyMap<string, number>): Uint8Array {
  const bytes = Array.from(piece, (letter) => letters.get(letter))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : Buffer.from(piece)
}

function plainBytes(piece: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1]
  return byte === undefined ? Buffer.from(piece.replaceAll('▁', ' ')) : Uint8Array.of(Number.parseInt(byte, 16))
}
