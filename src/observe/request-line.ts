import type { RequestRecord } from '../core/request-record.ts'

/** Level of the line, in pino's numbers. */
const INFO = 30

/**
 * Creates the writer of request lines: JSON, one object, ending in a newline, in the form of the log's other lines.
 * Written by hand because it runs once per request: a general serializer takes several times as long.
 *
 * @param wallClock Milliseconds since the epoch.
 */
export function createRequestLine(wallClock: () => number): (record: RequestRecord) => string {
  const time = createIsoClock(wallClock)
  return (record) => {
    const { decision, outcome } = record
    let line = `{"level":${INFO},"time":"${time()}","request":${JSON.stringify(record.requestId)},"route":"${record.route}"`
    if (record.model !== undefined) line += `,"model":${JSON.stringify(record.model)}`
    line += `,"status":${record.status}`
    if (record.error !== undefined) line += `,"error":"${record.error}"`
    if (decision !== undefined) {
      line += `,"endpoint":${JSON.stringify(decision.endpoint)},"policy":"${decision.policy.type}","reason":"${decision.reason}"`
    }
    line += `,"attempts":${record.attempts}`
    line += number('promptTokens', outcome?.usage?.promptTokens ?? decision?.promptTokens)
    line += number('matchedTokens', decision?.matchedTokens)
    line += number('predictedTokens', record.reuse?.predictedTokens)
    line += number('cachedTokens', outcome?.usage?.cachedTokens)
    line += number('outputTokens', outcome?.outputTokens)
    line += milliseconds('queueMs', record.queueSeconds)
    line += milliseconds('ttftMs', record.ttft)
    line += milliseconds('e2eMs', record.e2e)
    if (outcome !== undefined) line += `,"outcome":"${outcome.kind}"`
    return `${line},"msg":"request"}\n`
  }
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${Math.round(value)}`
}

function milliseconds(name: string, seconds: number | undefined): string {
  return seconds === undefined ? '' : `,"${name}":${Math.round(seconds * 1e6) / 1e3}`
}

/** The time as ISO 8601 text; all but the milliseconds is made once a second. */
function createIsoClock(wallClock: () => number): () => string {
  let second = Number.NaN
  let text = ''
  return () => {
    const now = wallClock()
    const whole = Math.floor(now / 1000)
    if (whole !== second) {
      second = whole
      text = new Date(whole * 1000).toISOString().slice(0, 20)
    }
    return `${text}${String(Math.floor(now - whole * 1000)).padStart(3, '0')}Z`
  }
}
