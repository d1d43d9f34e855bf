import { ablationArms, ablationCells, removableTerms } from './ablation.ts'
import { ARMS, OURS } from './arms.ts'
import { runCells } from './cell-runs.ts'
import type { CellRuns } from './cell-runs.ts'
import { HOLD_OUT_SEED, holdOutCells } from './hold-out.ts'
import { believedCells, untoldCells } from './learned-rates.ts'
import { ablation } from './page-ablation.ts'
import { caseTables } from './page-cases.ts'
import { definitions, introduction } from './page-head.ts'
import { holdOut } from './page-hold-out.ts'
import { learnedRates } from './page-rates.ts'
import { summary } from './page-summary.ts'
import type { RunCache } from './run-cache.ts'

/** Makes the runs of the sections beside the matrix; returns the page. */
export async function makePage(core: readonly CellRuns[], seeds: number, cache: RunCache): Promise<string> {
  const ours = ARMS.filter(({ label }) => label === OURS)
  const heldOut = await runCells(holdOutCells(), ARMS, seeds, cache, HOLD_OUT_SEED)
  const rates = {
    known: await runCells(believedCells('known'), ours, seeds, cache),
    slow: await runCells(believedCells('believed-slow'), ours, seeds, cache),
    fast: await runCells(believedCells('believed-fast'), ours, seeds, cache),
    untold: await runCells(untoldCells(), ARMS, seeds, cache),
  }
  const terms = removableTerms()
  const ablated = terms.length === 0 ? [] : await runCells(ablationCells(), ablationArms(terms), seeds, cache)
  const sections = [
    introduction(seeds),
    await definitions(),
    summary(core),
    holdOut(heldOut),
    learnedRates(rates),
    ...(terms.length === 0 ? [] : [ablation(ablated, terms)]),
    caseTables(core),
  ]
  if (terms.length === 0) process.stderr.write(`${OURS} takes no \`without\`: no ablation\n`)
  return `${sections.join('\n\n')}\n`
}
