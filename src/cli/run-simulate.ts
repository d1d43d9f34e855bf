import { InputError } from '../report/input-error.ts'
import { createMatrixProgress } from '../sim/matrix-progress.ts'
import { runMatrix } from '../sim/matrix.ts'
import { checkOutputs, presentSimulation } from '../sim/report/present-simulation.ts'
import { parseSimulateOptions } from './simulate-options.ts'

const SUCCESS = 0
const BAD_INPUT = 2

/**
 * Runs `kvasir simulate`.
 * @param options the command's options by name, as `commander` gives them
 * @param args the arguments to show in reports
 * @returns the exit code: 0, or 2 for bad input
 */
export function simulate(options: unknown, args: readonly string[]): Promise<number> {
  return refusing('simulate', async () => {
    const { settings, jobs, outputs } = parseSimulateOptions(options, args)
    await checkOutputs(outputs)
    const progress = createMatrixProgress(process.stderr, () => performance.now())
    try {
      const report = await runMatrix(settings, { jobs, onProgress: (state) => progress.update(state) })
      progress.end()
      await presentSimulation(report, outputs, process)
      return SUCCESS
    } finally {
      progress.end()
    }
  })
}

/** Bad input ends with a message and its exit code, everything else as the error it is. */
export async function refusing(command: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    process.stderr.write(`kvasir ${command}: ${error.message}\n`)
    return BAD_INPUT
  }
}
