import { RatioAverage } from './ratio-average.ts'

/** A decode of fewer tokens says little about the speed of decoding. */
const MIN_DECODED_TOKENS = 8
/** Share of an answer's time that must be left after prefills beside it, or it says little about decoding. */
const MIN_DECODE_SHARE = 0.2

/** What was observed of a prefill; times in seconds. */
export interface FirstTokenObservation {
  readonly sentAt: number
  readonly now: number
  /** By the rates, everything included that happens between two first tokens. */
  readonly own: number
  /** To the first token by the rates, from the moment it was sent. */
  readonly predicted: number
  /** Prefill work of plain answers that had left the queue when this was sent, and now. */
  readonly plainBefore: number
  readonly plainNow: number
}

/** What was observed of an answer while it was decoded; times in seconds. */
export interface DecodeObservation {
  readonly tokens: number
  readonly seconds: number
  /** Of one step, by the endpoint's rates, with the batch that was there. */
  readonly stepSeconds: number
  /** Prefill work, by the endpoint's rates, that was done meanwhile. */
  readonly prefillSeconds: number
}

/**
 * How fast an endpoint really is, as factors on its configured rates: learned from times to the first token, from the
 * time between tokens, and from whole answers where nothing else is seen. A factor of 2 means twice as slow.
 */
export class EndpointSpeed {
  readonly #prefill = new RatioAverage()
  readonly #decode = new RatioAverage()
  readonly #error = new RatioAverage()
  #lastFirstTokenAt = Number.NEGATIVE_INFINITY
  #plainAtLast = 0

  /** On everything that prefill costs; undefined until observed. */
  get prefill(): number | undefined {
    return this.#prefill.value
  }

  /** On everything that decoding costs; undefined until observed. */
  get decode(): number | undefined {
    return this.#decode.value
  }

  /** Mean deviation of the predicted time to the first token, as a share of the observed one; undefined until observed. */
  get error(): number | undefined {
    return this.#error.value
  }

  /**
   * A first token came. Prefills are done in the order they were sent, so the one that has just ended began when the one
   * before it ended, or when it was sent; plain answers' prefills in between are nobody's to see, but known.
   */
  firstToken({ sentAt, now, own, predicted, plainBefore, plainNow }: FirstTokenObservation): void {
    const ttft = now - sentAt
    if (ttft > 0) this.#error.observe(Math.abs(ttft - (this.#prefill.value ?? 1) * predicted), ttft)
    const plain = plainNow - Math.max(plainBefore, this.#plainAtLast)
    this.#prefill.observe(now - Math.max(sentAt, this.#lastFirstTokenAt), own + plain)
    this.passed(now, plainNow)
  }

  /** A first token came that says nothing about speed, but the next one's prefill began with it. */
  passed(now: number, plainNow: number): void {
    this.#lastFirstTokenAt = now
    this.#plainAtLast = plainNow
  }

  /** A streamed answer has ended. */
  decoded({ tokens, seconds, stepSeconds, prefillSeconds }: DecodeObservation): void {
    if (tokens < MIN_DECODED_TOKENS) return
    const decoding = seconds - (this.#prefill.value ?? 1) * prefillSeconds
    if (decoding > MIN_DECODE_SHARE * seconds) this.#decode.observe(decoding, (tokens - 1) * stepSeconds)
  }

  /** A plain answer has ended, of which only the whole time is seen: both factors take the blame. */
  answered(seconds: number, predictedPrefill: number, predictedDecode: number): void {
    const expected = (this.#prefill.value ?? 1) * predictedPrefill + (this.#decode.value ?? 1) * predictedDecode
    const ratio = seconds / expected
    this.#prefill.observe(ratio * (this.#prefill.value ?? 1) * predictedPrefill, predictedPrefill)
    this.#decode.observe(ratio * (this.#decode.value ?? 1) * predictedDecode, predictedDecode)
  }
}
