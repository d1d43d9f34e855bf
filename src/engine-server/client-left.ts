import type { Flavor } from './flavor.ts'

/** SGLang looks for clients that left so often, in seconds. */
const SGLANG_LOOKS = 2

/**
 * Seconds after which an engine ends a request whose client has closed the connection; Infinity where it goes on to the
 * end, as SGLang and llama.cpp do with answers that are not streamed.
 */
export function noticesAfter(flavor: Flavor, stream: boolean): number {
  if (flavor !== 'sglang' && flavor !== 'llama.cpp') return 0
  if (!stream) return Infinity
  return flavor === 'sglang' ? SGLANG_LOOKS : 0
}
