/** The tokens of one pulled block. */
export interface BlockTokens {
  readonly ids: readonly number[]
  /** What tells the block from one of the same ids, when tokens stand for something else, such as parts of an image. */
  readonly extra: string | undefined
}

const LARGEST_ID = 0xffff_ffff

/**
 * Reads a list of `{ token_id, token_extra_id }`. An extra id other than 0 says what a token stands for besides its id.
 * Undefined when the value is no such list.
 */
export function readBlockTokens(value: unknown): BlockTokens | undefined {
  if (!Array.isArray(value)) return undefined
  const list: readonly unknown[] = value
  const ids: number[] = []
  const extras: string[] = []
  for (let at = 0; at < list.length; at++) {
    const token = list[at]
    if (token === null || typeof token !== 'object' || !('token_id' in token)) return undefined
    const id = token.token_id
    const extra = 'token_extra_id' in token ? token.token_extra_id : 0
    if (!isTokenId(id) || !isExtraId(extra)) return undefined
    ids.push(id)
    if (extra !== 0 && extra !== null) extras.push(`${at}:${extra}`)
  }
  return { ids, extra: extras.length === 0 ? undefined : `token_extra_id ${extras.join(',')}` }
}

function isTokenId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= LARGEST_ID
}

/** It has 64 bits, which JSON is read with as a number, a `bigint` or its digits. */
function isExtraId(extra: unknown): extra is number | bigint | string | null {
  return typeof extra === 'number' || typeof extra === 'bigint' || typeof extra === 'string' || extra === null
}
