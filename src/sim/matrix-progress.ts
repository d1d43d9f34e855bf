import { createProgressLine } from '../report/progress-line.ts'
import type { ProgressStream } from '../report/progress-line.ts'
import type { MatrixProgress } from './matrix.ts'

/** Shows how far a matrix is: a bar on a terminal, elsewhere plain lines. `now` is in ms. */
export function createMatrixProgress(stream: ProgressStream, now: () => number) {
  const line = createProgressLine(stream, now)
  const began = now()
  return {
    update(progress: MatrixProgress): void {
      const seconds = (now() - began) / 1000
      line.update(progress.runsDone, progress.runs, () => describe(progress, seconds))
    },
    end: () => line.end(),
  }
}

function describe({ cells, cellsDone, runs, runsDone }: MatrixProgress, seconds: number): string {
  const left = runsDone === 0 ? '' : `, about ${duration((seconds / runsDone) * (runs - runsDone))} left`
  return `${runsDone}/${runs} simulations, ${cellsDone}/${cells} cells, ${duration(seconds)}${left}`
}

function duration(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
