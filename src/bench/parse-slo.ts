import { InputError } from '../report/input-error.ts'
import { POSITIVE, readNumber } from '../report/option-values.ts'
import type { Slo } from '../stats/slo.ts'

/** Reads limits such as `2:0.025`, seconds of TTFT and TPOT. @throws InputError */
export function parseSlo(given: string): Slo {
  const [ttft, tpot, more] = given.split(':')
  if (ttft === undefined || tpot === undefined || more !== undefined) {
    throw new InputError(`--slo: expected seconds of TTFT and TPOT such as 2:0.025, found ${given}`)
  }
  return { ttft: readNumber('--slo', ttft, POSITIVE) ?? 0, tpot: readNumber('--slo', tpot, POSITIVE) ?? 0 }
}
