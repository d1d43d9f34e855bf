/** Why an attempt is given up before its first byte, for metrics: a closed set. */
export type FailureReason = 'unreachable' | 'reset' | 'timeout' | 'refused' | 'server-error'

/** Whether an answer's status says that another endpoint may do better, and why. */
export function failureOfStatus(status: number): FailureReason | undefined {
  if (status === 429 || status === 503) return 'refused'
  if (status === 500 || status === 502 || status === 504) return 'server-error'
  return undefined
}

/** What the status of an answer blames the endpoint for; a 4xx is the client's mistake, not the endpoint's illness. */
export function faultOfStatus(status: number): FailureReason | undefined {
  if (status < 500) return undefined
  return failureOfStatus(status) ?? 'server-error'
}

const REASON_OF_CODE: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'unreachable',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
}

/** The reason behind a network error; whatever is not known counts as a reset connection. */
export function failureOfError(error: Error): FailureReason {
  return REASON_OF_CODE[codeOf(error)] ?? 'reset'
}

/** True for the errors of a kept connection that the engine had closed before our request reached it. */
export function isStaleSocket(error: Error): boolean {
  const code = codeOf(error)
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
