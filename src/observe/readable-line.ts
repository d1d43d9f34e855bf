const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** A JSON log line as text for people: time, level, message, then `name=value` for the rest. */
export function readableLine(line: string): string {
  const parsed: unknown = JSON.parse(line)
  if (typeof parsed !== 'object' || parsed === null) return line
  const { time, level, msg, ...rest } = { time: '', level: 30, msg: '', ...parsed }
  const clock = time.slice(11, 23)
  const facts = Object.entries(rest).map(([name, value]) => `${name}=${shown(value)}`)
  return `${[clock, (LEVELS[level] ?? String(level)).padEnd(5), msg, ...facts].join(' ')}\n`
}

function shown(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value
  return JSON.stringify(value)
}
