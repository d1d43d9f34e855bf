/** Shows how far something is; see {@link createProgressLine}. */
export interface ProgressLine {
  /** `describe` is only called when something is drawn. */
  update(done: number, total: number, describe: () => string): void
  /** Ends the line that is being drawn. */
  end(): void
}

/** Where progress is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const TERMINAL_INTERVAL_MS = 200
const LINE_INTERVAL_MS = 5000
const BAR_WIDTH = 24

/** A bar that is redrawn on a terminal, elsewhere a plain line at most every 5 s. `now` is in ms. */
export function createProgressLine(stream: ProgressStream, now: () => number): ProgressLine {
  const terminal = stream.isTTY === true
  const interval = terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS
  let last = now()
  let drawn = false
  return {
    update(done, total, describe) {
      const time = now()
      if (time - last < interval) return
      last = time
      drawn = true
      stream.write(terminal ? `\r\u001b[2K${bar(done / Math.max(1, total))} ${describe()}` : `${describe()}\n`)
    },
    end() {
      if (terminal && drawn) stream.write('\r\u001b[2K')
      drawn = false
    },
  }
}

function bar(share: number): string {
  const filled = Math.round(share * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`
}
