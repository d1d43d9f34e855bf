/** How far a run is. */
export interface ProgressSnapshot {
  readonly seed: number
  readonly total: number
  readonly sent: number
  readonly done: number
  readonly failed: number
}

/** Shows progress; see {@link createProgress}. */
export interface Progress {
  update(snapshot: ProgressSnapshot): void
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
export function createProgress(stream: ProgressStream, now: () => number): Progress {
  const terminal = stream.isTTY === true
  const interval = terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS
  let last = now()
  let drawn = false
  return {
    update(snapshot) {
      const time = now()
      if (time - last < interval) return
      last = time
      drawn = true
      stream.write(terminal ? `\r\u001b[2K${bar(snapshot)} ${describe(snapshot)}` : `${describe(snapshot)}\n`)
    },
    end() {
      if (terminal && drawn) stream.write('\r\u001b[2K')
      drawn = false
    },
  }
}

function bar(snapshot: ProgressSnapshot): string {
  const filled = Math.round((snapshot.done / Math.max(1, snapshot.total)) * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`
}

function describe({ seed, total, sent, done, failed }: ProgressSnapshot): string {
  return `seed ${seed}: ${done}/${total} requests, ${sent - done} in flight, ${failed} failed`
}
