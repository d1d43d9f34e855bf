import type { Load } from './load-reckoning.ts'

/** Of the difference between the load now and the usual load, so much is expected to last while a request is there. */
const LASTS = 0.3
/** What is usual is the average over this part of the time of an answer. */
const USUAL = 0.5

/** Load that a request will meet on an endpoint, on average over its time there. */
export interface ExpectedLoad {
  inFlight: number
  decoding: number
  inFlightTokens: number
}

/** What each endpoint usually has to do, and from that and from what it has to do now: what it will have to do. */
export interface LoadExpectation {
  /**
   * Takes in an endpoint's load; the same object every time.
   *
   * @param decodeSeconds What an answer usually takes, in seconds.
   */
  next(slot: number, load: Readonly<Load>, decodeSeconds: number, now: number): Readonly<ExpectedLoad>
}

/**
 * Creates an expectation. Requests end and others come, so a crowd of the moment is gone before an answer has been written,
 * while an endpoint with many sessions stays busy: what is expected lies between the load now and its recent average. An endpoint that was not seen before is expected to stay as it is.
 */
export function createLoadExpectation(): LoadExpectation {
  const seenAt: number[] = []
  const usual: ExpectedLoad[] = []
  const expected: ExpectedLoad = { inFlight: 0, decoding: 0, inFlightTokens: 0 }
  return {
    next(slot, load, decodeSeconds, now) {
      const average = usual[slot]
      if (average === undefined) {
        const { inFlight, decoding, inFlightTokens } = load
        usual[slot] = { inFlight, decoding, inFlightTokens }
        seenAt[slot] = now
        return load
      }
      const passed = Math.max(0, now - seenAt[slot]!)
      const weight = passed / (passed + USUAL * decodeSeconds)
      seenAt[slot] = now
      move(average, load, weight)
      expected.inFlight = average.inFlight
      expected.decoding = average.decoding
      expected.inFlightTokens = average.inFlightTokens
      move(expected, load, LASTS)
      return expected
    },
  }
}

/** Moves an average by a share of the difference. */
function move(average: ExpectedLoad, load: Readonly<Load>, weight: number): void {
  average.inFlight += weight * (load.inFlight - average.inFlight)
  average.decoding += weight * (load.decoding - average.decoding)
  average.inFlightTokens += weight * (load.inFlightTokens - average.inFlightTokens)
}
