import type { AddedToken, TokenizerJson } from './tokenizer-spec.ts'

/** A `tokenizer.json` as it is read. */
interface ReadJson {
  readonly added_tokens: readonly AddedToken[]
  readonly model: Readonly<Record<string, unknown>>
  readonly [part: string]: unknown
}

/**
 * A `tokenizer.json` as engines use it: nothing truncates or pads, and the tokens that `tokenizer_config.json` adds
 * (`added_tokens_decoder`, by id) are there.
 */
export function prepareTokenizerJson(
  json: ReadJson,
  decoder: Readonly<Record<string, Omit<AddedToken, 'id'>>>,
): TokenizerJson {
  const known = new Set(json.added_tokens.map(({ id }) => id))
  const added = [...json.added_tokens]
  for (const [key, token] of Object.entries(decoder)) {
    const id = Number(key)
    if (Number.isSafeInteger(id) && !known.has(id)) added.push({ ...token, id })
  }
  // Ids must ascend: the libraries give a token that is not in the vocabulary the next free one.
  added.sort((a, b) => a.id - b.id)
  return { ...json, added_tokens: added, truncation: null, padding: null }
}
