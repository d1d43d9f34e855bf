import type { Candidate } from '../core/endpoint.ts'

type FactorSignal = 'prefillFactor' | 'decodeFactor'
type Observed = Candidate<FactorSignal>

/** Factors closer to the fleet's than this are taken for the fleet's: observation alone scatters so much. */
const SAME = 1.3

/** Observed over configured time of each candidate. */
export interface SpeedFactors {
  /** Takes in the candidates of a request. */
  look(candidates: readonly Observed[]): void
  prefill(candidate: Observed): number
  decode(candidate: Observed): number
  /** How unlike the endpoints are: 0 when all prefill at the same speed, 1 when the fastest is twice as fast as the slowest. */
  readonly spread: number
}

/**
 * Creates a reader of factors. An endpoint that nobody has observed yet is as fast, against its rates, as the others are on
 * average; so is one that is observed to be much the same.
 */
export function createSpeedFactors(): SpeedFactors {
  let usualPrefill = 1
  let usualDecode = 1
  let spread = 0
  const nearUsual = (value: number | undefined, usual: number) =>
    value === undefined || (value < SAME * usual && value * SAME > usual) ? usual : value
  const prefillLogs = createKeptLogs()
  const decodeLogs = createKeptLogs()
  function spreadOf(candidates: readonly Observed[]): number {
    let fastest = Number.POSITIVE_INFINITY
    let slowest = 0
    for (let i = 0; i < candidates.length; i++) {
      const { rates, signals } = candidates[i]!
      const perToken = rates.prefillPerToken * nearUsual(signals.prefillFactor, usualPrefill)
      fastest = Math.min(fastest, perToken)
      slowest = Math.max(slowest, perToken)
    }
    return slowest > fastest ? Math.min(1, Math.log2(slowest / fastest)) : 0
  }

  return {
    look(candidates) {
      let prefill = 0
      let decode = 0
      let prefills = 0
      let decodes = 0
      for (let i = 0; i < candidates.length; i++) {
        const { slot, signals } = candidates[i]!
        if (signals.prefillFactor !== undefined) {
          prefill += prefillLogs.of(slot, signals.prefillFactor)
          prefills += 1
        }
        if (signals.decodeFactor !== undefined) {
          decode += decodeLogs.of(slot, signals.decodeFactor)
          decodes += 1
        }
      }
      usualPrefill = prefills === 0 ? 1 : Math.exp(prefill / prefills)
      usualDecode = decodes === 0 ? 1 : Math.exp(decode / decodes)
      spread = spreadOf(candidates)
    },
    get spread() {
      return spread
    },
    prefill: ({ signals }) => nearUsual(signals.prefillFactor, usualPrefill),
    decode: ({ signals }) => nearUsual(signals.decodeFactor, usualDecode),
  }
}

/** Logarithms of numbers that seldom change, one for each slot. */
function createKeptLogs(): { of(slot: number, value: number): number } {
  const values: number[] = []
  const logs: number[] = []
  return {
    of(slot, value) {
      if (values[slot] !== value) {
        values[slot] = value
        logs[slot] = Math.log(value)
      }
      return logs[slot]!
    },
  }
}
