import { pino, type DestinationStream, type Logger } from 'pino'
import type { RequestRecord } from '../core/request-record.ts'
import { readableLine } from './readable-line.ts'

export interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly format: 'json' | 'text' | 'off'
  /** File to append to; standard output when absent. */
  readonly file?: string | undefined
}

/** The program's log. Lines are written off the hot path; `flush` writes at once what is left. */
export interface Log {
  readonly logger: Logger
  flush(): void
}

export function createLog(settings: LogSettings): Log {
  const destination = pino.destination({ dest: settings.file ?? 1, sync: false, mkdir: true })
  const stream: DestinationStream =
    settings.format === 'text' ? { write: (line) => void destination.write(readableLine(line)) } : destination
  const level = settings.format === 'off' ? 'silent' : settings.level
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream)
  return { logger, flush: () => flush(destination) }
}

function flush(destination: ReturnType<typeof pino.destination>): void {
  try {
    destination.flushSync()
  } catch {
    // Nothing was written yet, or the reader of a pipe is gone: there is nobody left to tell.
  }
}

/** Writes the line of a request that has ended. */
export function logRequest(logger: Logger, record: RequestRecord): void {
  if (!logger.isLevelEnabled('info')) return
  const { decision, outcome } = record
  logger.info(
    {
      request: record.requestId,
      route: record.route,
      model: record.model,
      status: record.status,
      error: record.error,
      endpoint: decision?.endpoint,
      policy: decision?.policy.type,
      reason: decision?.reason,
      attempts: record.attempts,
      promptTokens: outcome?.usage?.promptTokens ?? rounded(decision?.promptTokens),
      matchedTokens: rounded(decision?.matchedTokens),
      cachedTokens: outcome?.usage?.cachedTokens,
      outputTokens: outcome?.outputTokens,
      queueMs: milliseconds(record.queueSeconds),
      ttftMs: milliseconds(record.ttft),
      e2eMs: milliseconds(record.e2e),
      outcome: outcome?.kind,
    },
    'request',
  )
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value)
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1e6) / 1e3
}
