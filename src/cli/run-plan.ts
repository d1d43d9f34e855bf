import { runPlan } from '../sim/plan.ts'
import { planMarkdown, planText } from '../sim/report/plan-report.ts'
import { checkOutputs, writeText } from '../sim/report/present-simulation.ts'
import { parsePlanOptions } from './plan-options.ts'
import { refusing } from './run-simulate.ts'

const SUCCESS = 0
const NOT_MET = 1

/**
 * Runs `kvasir plan`.
 * @param options the command's options by name, as `commander` gives them
 * @param args the arguments to show in reports
 * @returns the exit code: 0, 1 when no policy meets the targets, 2 for bad input
 */
export function plan(options: unknown, args: readonly string[]): Promise<number> {
  return refusing('plan', async () => {
    const { settings, jobs, json, markdown } = parsePlanOptions(options, args)
    await checkOutputs({ json, markdown })
    const onStep = (label: string, replicas: number, isMet: boolean) => {
      process.stderr.write(
        `${label}: ${replicas} ${replicas === 1 ? 'endpoint meets' : 'endpoints meet'} the targets: ${isMet ? 'yes' : 'no'}\n`,
      )
    }
    const report = await runPlan(settings, { jobs, onStep })
    const shown = json === '-' ? process.stderr : process.stdout
    shown.write(planText(report))
    const written = `${JSON.stringify(report)}\n`
    if (json === '-') process.stdout.write(written)
    else if (json !== undefined) await writeText(json, written)
    if (markdown !== undefined) await writeText(markdown, planMarkdown(report))
    return report.arms.some(({ replicas }) => replicas !== null) ? SUCCESS : NOT_MET
  })
}
