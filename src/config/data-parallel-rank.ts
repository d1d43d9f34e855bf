import { RANK_HEADER, rankNamed } from '../core/data-parallel-rank.ts'

/** The rank that an endpoint's headers ask for; undefined when they name none. */
export function dataParallelRank(headers: Readonly<Record<string, unknown>>): number | undefined {
  const [, value] = Object.entries(headers).find(([name]) => name.toLowerCase() === RANK_HEADER) ?? []
  return rankNamed(value)
}

/** The id of one of several ranks behind an address that is called `id`. */
export function rankId(id: string, rank: number): string {
  return `${id}@${rank}`
}
