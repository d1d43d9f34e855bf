import { pino, type DestinationStream, type Logger } from 'pino'
import type { RequestRecord } from '../core/request-record.ts'
import { readableLine } from './readable-line.ts'
import { createRequestLine } from './request-line.ts'

export interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly format: 'json' | 'text' | 'off'
  /** File to append to; standard output when absent. */
  readonly file?: string | undefined
}

/** The program's log. Lines are gathered and written off the hot path; `flush` writes at once what is left. */
export interface ProgramLog {
  readonly logger: Logger
  /** Writes the line of a request that has ended. */
  request(record: RequestRecord): void
  flush(): void
}

/** Bytes that are gathered before they are written, and milliseconds after which they are written anyway. */
const GATHERED_BYTES = 8192
const GATHERED_MS = 200

/** Opens the log that the settings describe. */
export function createProgramLog(settings: LogSettings): ProgramLog {
  const destination = pino.destination({
    dest: settings.file ?? 1,
    sync: false,
    mkdir: true,
    minLength: GATHERED_BYTES,
    periodicFlush: GATHERED_MS,
  })
  const stream: DestinationStream =
    settings.format === 'text' ? { write: (line) => void destination.write(readableLine(line)) } : destination
  return {
    ...programLogTo(stream, settings.format === 'off' ? 'silent' : settings.level),
    flush: () => flush(destination),
  }
}

/** A log that writes each line to `stream` at once. */
export function programLogTo(
  stream: DestinationStream,
  level: LogSettings['level'] | 'silent',
): Omit<ProgramLog, 'flush'> {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream)
  const line = createRequestLine(Date.now)
  return {
    logger,
    request(record) {
      if (logger.isLevelEnabled('info')) stream.write(line(record))
    },
  }
}

function flush(destination: ReturnType<typeof pino.destination>): void {
  try {
    destination.flushSync()
  } catch {
    // Nothing was written yet, or the reader of a pipe is gone: there is nobody left to tell.
  }
}
