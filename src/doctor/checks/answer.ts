import { LOAD_HEADER, LOAD_REQUEST_HEADER, parseLoadHeader } from '../../signals/load-header.ts'
import type { Check, Subject } from '../check.ts'
import { describeError } from '../describe-error.ts'
import type { GeneratingRoute } from '../endpoint-facts.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import { generatePlain, type PlainAnswer } from '../generate.ts'
import { excerpt } from '../parse-json.ts'
import { GREETING } from '../probe-prompt.ts'

const TOKENS = 4
const ROUTES: readonly GeneratingRoute[] = ['chat', 'completions']

/** Whether a small request is answered, and what the answer reports. */
export const answerCheck: Check = {
  id: 'answer',
  title: 'plain answer',
  async run(subject) {
    const { facts, options } = subject
    if (options.readOnly) return { findings: [note('answer.skipped', 'no request sent that generates (--read-only)')] }
    const model = facts.askModel
    if (model === undefined) {
      return { findings: [note('answer.no-model', 'no model to ask for', 'name one with --model')] }
    }
    const asked = await askAnyRoute(subject, model)
    if ('findings' in asked) return asked
    const { route, answer } = asked
    const findings = describeAnswer(answer, route)
    const works = answer.http.status === 200 && answer.wellFormed
    return {
      findings,
      facts: { generatingRoute: works ? route : undefined, promptTokens: answer.usage?.promptTokens },
    }
  },
}

/** Asks for a chat, and for a completion where chats are refused: a model may have no chat template. */
async function askAnyRoute({ http }: Subject, model: string) {
  let first: { readonly route: GeneratingRoute; readonly answer: PlainAnswer } | undefined
  for (const route of ROUTES) {
    try {
      const headers = { [LOAD_REQUEST_HEADER.name]: LOAD_REQUEST_HEADER.value }
      const answer = await generatePlain(http, { route, model, prompt: GREETING, maxTokens: TOKENS, headers })
      const { status } = answer.http
      if (status === 200) return { route, answer }
      first ??= { route, answer }
      if (status !== 400 && status !== 404 && status !== 405 && status !== 501) break
    } catch (error) {
      const advice = 'look at the log of the engine; a busy one may need more time (--timeout)'
      return { findings: [problem('answer.none', `POST for a ${route}: ${describeError(error)}`, advice)] }
    }
  }
  return first ?? { findings: [] }
}

/** What an answer to a small request means. */
export function describeAnswer({ http, usage, wellFormed }: PlainAnswer, route: GeneratingRoute): Finding[] {
  const { status, text, totalMs, headers } = http
  if (status === 429 || status === 503) {
    const after = headers['retry-after'] === undefined ? '' : `, retry-after ${headers['retry-after']}`
    const advice = 'ask again when it has less to do; what needs an answer was left out'
    return [problem('answer.refused', `it refuses a small request now: status ${status}${after}`, advice)]
  }
  if (status !== 200) {
    const log = 'look at the log of the engine'
    const advice = status >= 500 ? log : `correct the model (--model), or ${log}`
    return [problem('answer.status', `a small request is answered with ${status}: ${excerpt(text)}`, advice)]
  }
  if (!wellFormed) {
    const advice = 'check that the URL leads to the engine: what answers does not speak the OpenAI protocol'
    return [problem('answer.malformed', `expected a completion in JSON, found ${excerpt(text)}`, advice)]
  }
  const findings: Finding[] = []
  const took = `in ${totalMs.toFixed(0)} ms`
  if (usage === undefined) {
    const advice = 'the router then guesses the tokens of prompts from their bytes'
    findings.push(note('answer.no-usage', `answered ${took}, without usage`, advice))
  } else {
    const counts = `${usage.promptTokens} prompt and ${usage.completionTokens} answer tokens in usage`
    findings.push(ok('answer.usage', `answered ${took}, ${counts}`))
  }
  if (route === 'completions') {
    findings.push(note('answer.no-chat', 'chats are refused, completions work: the model has no chat template'))
  }
  const load = parseLoadHeader(headers[LOAD_HEADER])
  if (load?.waiting !== undefined || load?.kvUsage !== undefined) {
    findings.push(ok('answer.load-header', 'answers carry its load on request (endpoint-load-metrics)'))
  }
  return findings
}
