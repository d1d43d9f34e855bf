import type { ArmResult, RequestResult } from './request-result.ts'
import { BIN_SECONDS, BLOCK, CALM_BINS, NEAR_TOKENS, TARGET_SHARE, TRACE_BLOCK } from './settings.ts'

/**
 * Tokens by which the router's word differs from the engine's. An engine always computes the last token of a prompt, and
 * with it the block that it is in: so much is taken away from what the router said.
 */
export function difference({ matched, cached, prompt }: RequestResult): number {
  return Math.min(matched, BLOCK * Math.floor((prompt - 1) / BLOCK)) - cached
}

/** Whether both mean the same blocks: they differ by less than one. */
export function isEqual(request: RequestResult): boolean {
  return Math.abs(difference(request)) < BLOCK
}

/** Whether router or engine speaks of more than the beginning that all prompts share. */
export function isLong({ matched, cached }: RequestResult): boolean {
  return Math.max(matched, cached) >= 2 * TRACE_BLOCK
}

/** Requests whose answer came to its end, and so has both figures. */
export function compared({ requests }: ArmResult): RequestResult[] {
  return requests.filter(({ complete }) => complete)
}

export interface Figures {
  readonly requests: number
  readonly equal: number
  /** Share of the compared requests. */
  readonly share: number
  /** Share of those that are equal or near. */
  readonly near: number
  /** Mean absolute difference, in tokens. */
  readonly error: number
  /** Requests of which the router said too much, and too little. */
  readonly over: number
  readonly under: number
  /** Largest absolute difference, in tokens. */
  readonly worst: number
  /** Share of prompt tokens that engines found cached. */
  readonly cached: number
}

export function figuresOf(requests: readonly RequestResult[]): Figures {
  const differences = requests.map(difference)
  const unequal = requests.filter((request) => !isEqual(request))
  const count = requests.length
  return {
    requests: count,
    equal: count - unequal.length,
    share: (count - unequal.length) / count,
    near: differences.filter((one) => Math.abs(one) <= NEAR_TOKENS).length / count,
    error: sum(differences.map(Math.abs)) / count,
    over: unequal.filter((request) => difference(request) > 0).length,
    under: unequal.filter((request) => difference(request) < 0).length,
    worst: differences.reduce((worst, one) => Math.max(worst, Math.abs(one)), 0),
    cached: sum(requests.map(({ cached }) => cached)) / sum(requests.map(({ prompt }) => prompt)),
  }
}

export interface Bin {
  /** Seconds since the first request at which it begins. */
  readonly from: number
  readonly requests: number
  readonly equal: number
}

/** The compared requests by when they were sent. */
export function binsOf(requests: readonly RequestResult[]): Bin[] {
  const bins: { from: number; requests: number; equal: number }[] = []
  for (const request of requests) {
    const at = Math.floor(request.sent / BIN_SECONDS)
    while (bins.length <= at) bins.push({ from: bins.length * BIN_SECONDS, requests: 0, equal: 0 })
    const bin = bins[at]
    if (bin === undefined) continue
    bin.requests++
    if (isEqual(request)) bin.equal++
  }
  return bins
}

/**
 * Seconds from the kill until equality is back: until the begin of the first `CALM_BINS` bins that, taken together, reach
 * the target. Undefined when they never do.
 */
export function recoverySeconds(bins: readonly Bin[], killed: number): number | undefined {
  const first = Math.floor(killed / BIN_SECONDS)
  for (let at = first; at + CALM_BINS <= bins.length; at++) {
    const calm = bins.slice(at, at + CALM_BINS)
    const begins = bins[at]
    const reached =
      shareOf(calm) >= TARGET_SHARE && begins !== undefined && begins.equal / begins.requests >= TARGET_SHARE
    if (reached) return Math.max(0, begins.from - killed)
  }
  return undefined
}

/** Requests that took more than one attempt: the first endpoint could not be reached or failed before it answered. */
export function sentAgain({ attempts }: ArmResult): number {
  return Object.entries(attempts).reduce((sum, [tried, count]) => sum + (Number(tried) > 1 ? count : 0), 0)
}

interface Lost {
  /** Answered with an error, or not at all. */
  readonly refused: number
  /** Broken off after the first bytes of an answer. */
  readonly broken: number
}

export function lostOf({ requests }: ArmResult): Lost {
  const incomplete = requests.filter(({ complete }) => !complete)
  const refused = incomplete.filter(({ status }) => status !== 200).length
  return { refused, broken: incomplete.length - refused }
}

/** A share with two digits behind the point. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function shareOf(bins: readonly Bin[]): number {
  return sum(bins.map(({ equal }) => equal)) / sum(bins.map(({ requests }) => requests))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
