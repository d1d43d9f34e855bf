import type { EngineName } from '../../signals/metrics/engine-table.ts'
import type { Check } from '../check.ts'
import { describeError } from '../describe-error.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import { generateStream, type StreamedAnswer } from '../generate.ts'
import { excerpt } from '../parse-json.ts'
import { GREETING } from '../probe-prompt.ts'

const TOKENS = 32
/** Fewer events say nothing about buffering. */
const ENOUGH_EVENTS = 6
/** A stream shorter than this may come in one piece by chance, in ms. */
const LONG_MS = 200
/** Share of the whole time in which the events of a buffered stream come. */
const BURST = 0.05

/** Whether answers stream, event by event, and end as they should. */
export const streamCheck: Check = {
  id: 'stream',
  title: 'stream',
  async run({ http, facts }) {
    const { generatingRoute: route, askModel: model, engine } = facts
    if (route === undefined || model === undefined) return { findings: [] }
    try {
      const prompt = `${GREETING} Then count to a hundred.`
      const answer = await generateStream(http, { route, model, prompt, maxTokens: TOKENS })
      return { findings: describeStream(answer, engine) }
    } catch (error) {
      const advice = 'look at the log of the engine, and at what stands between here and there'
      return { findings: [problem('stream.none', `streaming: ${describeError(error)}`, advice)] }
    }
  },
}

/** What a streamed answer means. */
export function describeStream(answer: StreamedAnswer, engine: EngineName | undefined): Finding[] {
  const { http, events, error, badEvent } = answer
  const type = http.headers['content-type'] ?? 'no content type'
  if (http.status !== 200) {
    const advice = 'it answers plainly but does not stream: look at the log of the engine'
    return [problem('stream.status', `a stream is answered with ${http.status}: ${excerpt(http.text)}`, advice)]
  }
  if (error !== undefined) {
    return [problem('stream.error', `the stream broke off: ${excerpt(error)}`, 'look at the log of the engine')]
  }
  if (!type.startsWith('text/event-stream') || events === 0) {
    const advice = 'let the URL lead to the engine itself: clients that stream would wait for nothing'
    const found = badEvent === undefined ? excerpt(http.text) : `the event ${excerpt(badEvent)}`
    return [problem('stream.malformed', `expected an event stream, found ${type}: ${found}`, advice)]
  }
  return [pace(answer), ...ending(answer, engine), ...packing(answer)]
}

function pace({ http, events, firstMs = 0, lastMs = 0 }: StreamedAnswer): Finding {
  const first = `first content after ${firstMs.toFixed(0)} ms of ${http.totalMs.toFixed(0)} ms`
  const spread = lastMs - firstMs
  if (events >= ENOUGH_EVENTS && http.totalMs >= LONG_MS && spread < BURST * http.totalMs) {
    const advice =
      'what stands in front of the engine holds the stream back: switch its buffering off (nginx: proxy_buffering off)'
    return problem('stream.buffered', `${first}, then all ${events} events at once`, advice)
  }
  return ok('stream.flows', `${first}, ${events} events`)
}

function ending({ http, done, usage }: StreamedAnswer, engine: EngineName | undefined): Finding[] {
  const findings: Finding[] = []
  if (http.cut) {
    const advice = 'look at the log of the engine: a broken connection looks like this'
    findings.push(problem('stream.cut', 'the connection ended before the stream did', advice))
  } else if (!done) {
    findings.push(note('stream.no-end', 'the stream ends without [DONE]'))
  }
  if (usage === undefined) {
    const advice =
      engine === 'vllm'
        ? 'look at what stands in front: vLLM sends it when asked; --enable-force-include-usage always'
        : 'the router then learns nothing about cached tokens from streams'
    findings.push(note('stream.no-usage', 'no usage in the stream, though it was asked for', advice))
  }
  return findings
}

function packing({ http: { headers } }: StreamedAnswer): Finding[] {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return []
  const text = `streams come compressed (${encoding}), though nobody asked for it`
  return [problem('stream.compressed', text, 'switch compression off in what stands in front of the engine')]
}
