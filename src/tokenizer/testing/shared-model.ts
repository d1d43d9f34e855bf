import { buildTokenizerJson, repositoryText, TINY_CONFIG } from './tiny-tokenizer.ts'
import { prepareTokenizerJson } from '../prepare-tokenizer-json.ts'
import type { AddedToken, TokenizerJson, TokenizerSpec } from '../tokenizer-spec.ts'

const flags = { special: true, normalized: false, lstrip: false, rstrip: false, single_word: false }

export function addedToken(id: number, content: string, more: Partial<AddedToken> = {}): AddedToken {
  return { id, content, ...flags, ...more }
}

let trained: Promise<Record<string, unknown>> | undefined

/** The parts of a small trained `tokenizer.json`, learned once for all tests of a file. */
export function trainedJson(): Promise<Record<string, unknown>> {
  trained ??= repositoryText(60_000).then((text) => buildTokenizerJson(text, 300))
  return trained
}

/** A spec of the trained tokenizer with some parts replaced; added tokens are appended. */
export async function trainedSpec(
  change: Readonly<Record<string, unknown>> = {},
  added: readonly AddedToken[] = [],
): Promise<TokenizerSpec> {
  const { added_tokens: own, model, ...rest } = await trainedJson()
  const tokens = [...addedTokensOf(own), ...added]
  const json: TokenizerJson = prepareTokenizerJson(
    { ...rest, model: { ...objectOf(model) }, added_tokens: tokens, ...change },
    {},
  )
  const templates = new Map([['default', TINY_CONFIG.chat_template]])
  return { source: 'trained', json, config: {}, templates, specialTokens: { eos_token: '<|im_end|>' } }
}

/** An id that no token has yet. */
export function freeId(spec: TokenizerSpec): number {
  return Math.max(...spec.json.added_tokens.map(({ id }) => id)) + 1
}

function addedTokensOf(value: unknown): AddedToken[] {
  if (!Array.isArray(value)) return []
  return value.map((token: { id: number; content: string }) => addedToken(token.id, token.content))
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
