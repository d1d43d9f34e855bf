import type { TokenKeys } from '../prefix/token-block-keys.ts'
import { type BodyEdit, textEdit } from '../protocol/body-edits.ts'
import { promptPlace } from '../protocol/prompt-place.ts'
import type { Route } from '../protocol/route.ts'
import type { UnderstoodRequest } from './understand.ts'

/** The tokens of a prompt that came as text, as its engine will see them. */
export interface FoundTokens {
  readonly ids: Uint32Array
  readonly keys: readonly TokenKeys[] | undefined
  /** The engine is sent the ids in place of the text. */
  readonly forward: boolean
  /** The ids are believed to be those of the prompt's beginning; how many there are in all is not known. */
  readonly prefix?: boolean
}

/** Finds out the tokens of prompts that come as text. */
export interface TokenFinder {
  /**
   * Undefined where nobody looks for them. Otherwise resolves soon, with undefined where there are no exact tokens or where
   * it takes too long; never rejects. Nothing of the body is kept.
   */
  find(route: Route, request: UnderstoodRequest, body: Uint8Array): Promise<FoundTokens | undefined> | undefined
}

/** The request with its prompt's tokens, where they were found. */
export function withTokens(request: UnderstoodRequest, found: FoundTokens | undefined): UnderstoodRequest {
  if (found === undefined) return request
  const { ids, keys, forward, prefix } = found
  if (prefix === true) return { ...request, tokenKeys: keys }
  const place = forward ? promptPlace(request.prompt) : undefined
  const promptIds: BodyEdit | undefined = place && textEdit(place, `[${ids.join(',')}]`)
  return { ...request, tokenKeys: keys, promptTokens: ids.length, promptIds }
}
