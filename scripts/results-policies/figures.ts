import { z } from 'zod'
import type { SimulationResult } from '../../src/sim/simulation-result.ts'
import { statistics } from '../../src/stats/summary.ts'

/** What is kept of one simulation. Times are virtual seconds, except `processor`. */
export const figuresSchema = z.object({
  requests: z.number(),
  ttft: z.number(),
  ttftP50: z.number(),
  ttftP95: z.number(),
  ttftP99: z.number(),
  /** Mean over requests with more than one token. */
  tpot: z.number(),
  e2e: z.number(),
  e2eP95: z.number(),
  /** Share of the prompt tokens that were cached. */
  hit: z.number(),
  span: z.number(),
  /** Seconds of processor time that the simulation took. */
  processor: z.number(),
})

export type Figures = z.infer<typeof figuresSchema>

/** Name of a figure. */
export type FigureName = keyof Figures

/** Reduces a simulation to its figures. */
export function figuresOf({ requests, span }: SimulationResult, processor: number): Figures {
  const ttft = statistics(requests.map((request) => request.ttft))
  const e2e = statistics(requests.map((request) => request.e2e))
  const tpot = statistics(requests.map((request) => request.tpot).filter(Number.isFinite))
  const sum = (read: (index: number) => number) => requests.reduce((total, _, index) => total + read(index), 0)
  const cached = sum((index) => requests[index]?.cachedTokens ?? 0)
  const prompt = sum((index) => requests[index]?.promptTokens ?? 0)
  return {
    requests: requests.length,
    ttft: ttft.mean,
    ttftP50: ttft.p50,
    ttftP95: ttft.p95,
    ttftP99: ttft.p99,
    tpot: tpot.mean,
    e2e: e2e.mean,
    e2eP95: e2e.p95,
    hit: cached / prompt,
    span,
    processor,
  }
}
