import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planWorkload } from '../src/workload/plan-workload.ts'
import { writePage } from './results/table.ts'
import { compared, figuresOf } from './results-exact/figures.ts'
import { exactPage } from './results-exact/page.ts'
import { armResult } from './results-exact/request-result.ts'
import { runArm } from './results-exact/run-arm.ts'
import { ARMS, type ArmName, REQUESTS, SEED, TRACE } from './results-exact/settings.ts'

/**
 * Writes docs/results/exact.md: how often the router's word about an engine's cache is the engine's own, by KV events, by
 * prediction, and while engines are killed and events are lost. With the folder of an earlier run as argument only the
 * page is written again; with arms behind it, these are run anew into that folder.
 */
const PAGE = 'docs/results/exact.md'
const COMMAND = 'node scripts/results-exact.ts'

const [earlier, ...again] = process.argv.slice(2)
const folder = earlier ?? mkdtempSync(join(tmpdir(), 'kvasir-exact-'))
const fileOf = (arm: ArmName): string => join(folder, `${arm}.json`)
const wanted = earlier === undefined ? ARMS : ARMS.filter((arm) => again.includes(arm))

if (wanted.length > 0) {
  const source = { kind: 'trace', path: TRACE, blockTokens: undefined } as const
  const all = { maxSessions: undefined, maxPrompt: undefined, outputCap: undefined, jitter: undefined }
  const plan = await planWorkload({ source, ...all, maxRequests: REQUESTS })
  for (const arm of wanted) {
    console.log(`${arm}: ${REQUESTS} requests`)
    const result = await runArm({ arm, folder, workload: plan.workload(SEED) })
    writeFileSync(fileOf(arm), JSON.stringify(result))
    const { share, error, requests } = figuresOf(compared(result))
    console.log(`  ${requests} compared, ${(100 * share).toFixed(2)} % equal, mean error ${error.toFixed(1)} tokens`)
  }
}

const read = (arm: ArmName) => armResult.parse(JSON.parse(readFileSync(fileOf(arm), 'utf8')))
writePage(PAGE, exactPage({ exact: read('exact'), predicted: read('predicted'), faults: read('faults') }, COMMAND))
console.log(`${PAGE} written; the runs are in ${folder}`)
