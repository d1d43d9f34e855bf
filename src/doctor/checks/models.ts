import { z } from 'zod'
import { formatCount } from '../../report/format-number.ts'
import type { Check } from '../check.ts'
import type { EndpointFacts } from '../endpoint-facts.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import { excerpt, parseJson } from '../parse-json.ts'

const LISTED = 4

const modelList = z.object({
  data: z.array(z.object({ id: z.string(), parent: z.string().nullish().catch(undefined) })),
})
const loadedModels = z.object({ models: z.array(z.object({ name: z.string() })) })

type Model = z.output<typeof modelList>['data'][number]

/** Which models and adapters can be asked for. */
export const modelsCheck: Check = {
  id: 'models',
  title: 'models',
  async run({ http, facts, options }) {
    const { status, text } = await http.call({ path: '/v1/models' })
    const list = status === 200 ? parseJson(modelList, text)?.data : undefined
    const loaded = facts.engine === 'ollama' ? await loadedIn(http.call({ path: '/api/ps' })) : undefined
    const sorted = sortModels(list ?? [])
    const askModel = options.model ?? (loaded === undefined ? sorted.models?.[0] : loaded[0])
    const findings =
      list === undefined ? [noList(status, text)] : describeModels(list, facts.contextTokens, options.model, loaded)
    return { findings, facts: { ...sorted, askModel } }
  },
}

async function loadedIn(answer: Promise<{ readonly text: string }>): Promise<readonly string[]> {
  return parseJson(loadedModels, (await answer).text)?.models.map(({ name }) => name) ?? []
}

function sortModels(list: readonly Model[]): EndpointFacts {
  const isAdapter = ({ parent }: Model): boolean => typeof parent === 'string' && parent !== ''
  return {
    models: list.filter((model) => !isAdapter(model)).map(({ id }) => id),
    adapters: list.filter(isAdapter).map(({ id }) => id),
  }
}

function noList(status: number, text: string): Finding {
  const advice = "name the endpoint's models in the configuration (endpoints[].models), or check that this is an engine"
  return problem('models.none', `GET /v1/models answered ${status}, no list of models: ${excerpt(text)}`, advice)
}

/** What a list of models means; `loaded` are those in memory, for an engine that loads them on demand. */
export function describeModels(
  list: readonly Model[],
  contextTokens: number | undefined,
  wanted: string | undefined,
  loaded: readonly string[] | undefined,
): Finding[] {
  const { models = [], adapters = [] } = sortModels(list)
  if (list.length === 0) {
    return [problem('models.none', 'the list of models is empty', 'load a model: no request can be sent there')]
  }
  const context = contextTokens === undefined ? 'context unknown' : `context ${formatCount(contextTokens)} tokens`
  const more = adapters.length === 0 ? '' : `; adapters ${named(adapters)}`
  const findings = [ok('models.listed', `${named(models)}; ${context}${more}`)]
  if (wanted !== undefined && !list.some(({ id }) => id === wanted)) {
    const advice = `ask for one of those it lists, or start it with --served-model-name ${wanted}`
    findings.push(problem('models.wanted', `${wanted} (--model) is not among them`, advice))
  }
  if (loaded?.length === 0) {
    const text = 'no model is in memory: the first request waits for its weights'
    findings.push(note('models.not-loaded', text, 'load it beforehand and keep it (OLLAMA_KEEP_ALIVE)'))
  }
  return findings
}

function named(names: readonly string[]): string {
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  return `${names.slice(0, LISTED).join(', ')}${more}`
}
