/** Header by which vLLM and SGLang are asked for one of their data-parallel ranks. */
const RANK_HEADER = 'x-data-parallel-rank'

/** The rank that an endpoint's headers ask for; undefined when they name none. */
export function dataParallelRank(headers: Readonly<Record<string, unknown>>): number | undefined {
  const [, value] = Object.entries(headers).find(([name]) => name.toLowerCase() === RANK_HEADER) ?? []
  return typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : undefined
}
