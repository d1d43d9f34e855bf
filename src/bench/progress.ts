import { createProgressLine } from '../report/progress-line.ts'
import type { ProgressStream } from '../report/progress-line.ts'

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

/** Shows how far a run is: a bar on a terminal, elsewhere plain lines. `now` is in ms. */
export function createProgress(stream: ProgressStream, now: () => number): Progress {
  const line = createProgressLine(stream, now)
  return {
    update: (snapshot) => line.update(snapshot.done, snapshot.total, () => describe(snapshot)),
    end: () => line.end(),
  }
}

function describe({ seed, total, sent, done, failed }: ProgressSnapshot): string {
  return `seed ${seed}: ${done}/${total} requests, ${sent - done} in flight, ${failed} failed`
}
