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
const GATHERED_BYTES = 32_768
const GATHERED_MS = 200
/** Most bytes a UTF-16 unit of a line may take. */
const BYTES_PER_UNIT = 3

/** Opens the log that the settings describe. */
export function createProgramLog(settings: LogSettings): ProgramLog {
  const destination = pino.destination({ dest: settings.file ?? 1, sync: false, mkdir: true })
  const gather = gatherLines((text) => destination.write(text))
  const write =
    settings.format === 'text' ? (line: string) => gather.add(readableLine(line)) : (line: string) => gather.add(line)
  return {
    ...programLogTo({ write }, settings.format === 'off' ? 'silent' : settings.level),
    flush() {
      gather.flush()
      flush(destination)
    },
  }
}

/**
 * Puts lines together, because each write costs several times what a line does. They are kept as bytes: as text they
 * would be ropes of their parts, which the garbage collector has to carry around until they are written.
 */
function gatherLines(write: (text: string) => void): { add(line: string): void; flush(): void } {
  const gathered = Buffer.allocUnsafeSlow(GATHERED_BYTES)
  let filled = 0
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (filled > 0) write(gathered.toString('utf8', 0, filled))
    filled = 0
  }
  return {
    add(line) {
      const most = line.length * BYTES_PER_UNIT
      if (filled + most > GATHERED_BYTES) flush()
      if (most > GATHERED_BYTES) return write(line)
      filled += gathered.write(line, filled, 'utf8')
      timer ??= setTimeout(flush, GATHERED_MS)
    },
    flush,
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
