import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { planWorkload } from '../src/workload/plan-workload.ts'
import { writePage } from './results/table.ts'
import { compared, figuresOf } from './results-exact/figures.ts'
import { exactPage } from './results-exact/page.ts'
import { promptForm } from './results-exact/prompt-form.ts'
import { armResult } from './results-exact/request-result.ts'
import { runArm } from './results-exact/run-arm.ts'
import {
  type ArmName,
  ARMS,
  DEADLINE,
  ENGINES,
  PROMPTS,
  type PromptsName,
  REQUESTS,
  type Scale,
  SEED,
  SPEEDS,
  TRACE,
} from './results-exact/settings.ts'

/**
 * Writes how often the router's word about an engine's cache is the engine's own, by KV events, by prediction, and while
 * engines are killed and events are lost: of chats (docs/results/exact.md), or with `--prompts ids` of token ids
 * (docs/results/exact-token-ids.md). With the folder of an earlier run as argument only the page is written again; with arms behind it,
 * these are run anew into that folder. A run of other `--requests`, `--engines`, `--speed` or
 * `--deadline` leaves its page in the folder.
 */
const PAGES: Readonly<Record<PromptsName, string>> = {
  chat: 'docs/results/exact.md',
  ids: 'docs/results/exact-token-ids.md',
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompts: { type: 'string', default: 'chat' },
    requests: { type: 'string', default: String(REQUESTS) },
    engines: { type: 'string', default: String(ENGINES) },
    speed: { type: 'string' },
    deadline: { type: 'string', default: DEADLINE },
  },
})
const prompts = PROMPTS.find((name) => name === values.prompts)
if (prompts === undefined) {
  throw new Error(`--prompts: expected one of ${PROMPTS.join(', ')}, found '${values.prompts}'`)
}
const scale: Scale = {
  requests: Number(values.requests),
  engines: Number(values.engines),
  speed: Number(values.speed ?? SPEEDS[prompts]),
  deadline: values.deadline,
}
const [earlier, ...again] = positionals
const folder = earlier ?? mkdtempSync(join(tmpdir(), 'kvasir-exact-'))
const fileOf = (arm: ArmName): string => join(folder, `${arm}.json`)
const wanted = earlier === undefined ? ARMS : ARMS.filter((arm) => again.includes(arm))

if (wanted.length > 0) {
  mkdirSync(folder, { recursive: true })
  const source = { kind: 'trace', path: TRACE, blockTokens: undefined } as const
  const all = { maxSessions: undefined, maxPrompt: undefined, outputCap: undefined, jitter: undefined }
  const plan = await planWorkload({ source, ...all, maxRequests: scale.requests })
  const form = await promptForm(prompts, folder)
  for (const arm of wanted) {
    console.log(`${arm}: ${scale.requests} requests`)
    const result = await runArm({ arm, folder, workload: plan.workload(SEED), form, scale })
    writeFileSync(fileOf(arm), JSON.stringify(result))
    const { share, error, requests } = figuresOf(compared(result))
    console.log(`  ${requests} compared, ${(100 * share).toFixed(2)} % equal, mean error ${error.toFixed(1)} tokens`)
  }
}

if (!ARMS.every((arm) => existsSync(fileOf(arm)))) {
  console.log(`no page yet: ${folder} has not all of ${ARMS.join(', ')}`)
} else {
  const read = (arm: ArmName) => armResult.parse(JSON.parse(readFileSync(fileOf(arm), 'utf8')))
  const results = { exact: read('exact'), predicted: read('predicted'), faults: read('faults') }
  const { prompts: form, requests, modes, speed, deadline } = results.exact
  const usual = speed === SPEEDS[form] && deadline === DEADLINE
  const complete = usual && requests.length === REQUESTS && Object.keys(modes).length === ENGINES
  const page = complete ? PAGES[form] : join(folder, 'page.md')
  const command = `node scripts/results-exact.ts${form === 'chat' ? '' : ` --prompts ${form}`}`
  writePage(page, exactPage(results, command))
  console.log(`${page} written; the runs are in ${folder}`)
}
