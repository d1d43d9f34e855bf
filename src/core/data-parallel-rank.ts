/**
 * Header by which vLLM and SGLang are asked for one of the data-parallel ranks behind their address
 * (vllm-project/vllm#42330, sgl-project/sglang#19832).
 */
export const RANK_HEADER = 'x-data-parallel-rank'

/** The rank that a text names; undefined for what is no rank, which engines ignore as well. */
export function rankNamed(text: unknown): number | undefined {
  return typeof text === 'string' && /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : undefined
}
