/** An answer to a small `GET`. */
export interface ProbeAnswer {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/**
 * Asks one endpoint for one path. Rejects when there is no answer: on network errors, after a timeout, when the body is
 * too large, or when `signal` aborts.
 */
export type Probe = (path: string, signal?: AbortSignal) => Promise<ProbeAnswer>
