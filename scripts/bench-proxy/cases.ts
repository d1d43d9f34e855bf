import { ASK, JSON_ANSWER, STREAM_BYTES } from './answers.ts'
import type { Load } from './load.ts'
import { createPrompts } from './prompts.ts'

/** One comparison of the bench. */
export interface BenchCase {
  readonly name: string
  readonly title: string
  /** What is counted: per CPU second it is the case's figure. */
  readonly unit: 'requests' | 'chunks'
  /** Kvasir's share of the bare relay's figure that has to be reached. */
  readonly target: number
  /** Runs of each relay before the first that counts: more code takes longer to be compiled to its final form. */
  readonly warmUps: number
  load(): Load
}

const HEADERS = ['content-type', 'application/json', 'accept', 'application/json', 'authorization', 'Bearer sk-bench']
const AGENT = ['user-agent', 'kvasir-bench-proxy']
const SECONDS = 1
const LANES = 16
const STREAMS = 400

/** Every comparison, in the order in which they are made. */
// The warm-up is long: both relays are measured once their code has been compiled for good.
export const CASES: readonly BenchCase[] = [
  requests('4k', 4 * 1024, 0.7, 14),
  requests('220k', 220 * 1024, 0.5, 10),
  {
    name: 'streams',
    title: `${STREAMS} streams at once, a chunk every 40 ms`,
    unit: 'chunks',
    target: 0.8,
    warmUps: 1,
    load: () => ({
      prompts: createPrompts(STREAMS, 4 * 1024, true),
      headers: [...HEADERS, ...AGENT, ASK.stream, '1'],
      answerBytes: STREAM_BYTES,
      seconds: 0,
    }),
  },
]

function requests(name: string, bytes: number, target: number, warmUps: number): BenchCase {
  return {
    name,
    title: `${bytes / 1024} KB chat prompts, ${LANES} at once`,
    unit: 'requests',
    target,
    warmUps,
    load: () => ({
      prompts: createPrompts(LANES, bytes, false),
      headers: [...HEADERS, ...AGENT],
      answerBytes: JSON_ANSWER.length,
      seconds: SECONDS,
    }),
  }
}
