import type { Check, CheckResult } from '../check.ts'
import { describeError } from '../describe-error.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import type { HttpAnswer } from '../http-client.ts'
import { excerpt, isHtml } from '../parse-json.ts'

const FRONT = /nginx|envoy|haproxy|traefik|caddy|cloudflare|awselb|apache|varnish/i
const OWN_HEADERS = ['x-kvasir-reason', 'x-kvasir-endpoint']
/** No engine has it; a gateway of this program says so in its own words. */
const NOWHERE = '/no-such-route'

/** Whether what answers is an engine at all, healthy, and the engine itself. */
export const httpCheck: Check = {
  id: 'http',
  title: 'http',
  async run({ http, options: { timeout, model } }) {
    try {
      const models = await http.call({ path: '/v1/models' })
      const blocked = blockedBy(models)
      if (blocked !== undefined) return { findings: [blocked], stop: true }
      const health = await http.call({ path: '/health' })
      if (isNowhere(models, health) && model === undefined) return { findings: [NOTHING_THERE], stop: true }
      const own = await http.call({ path: NOWHERE }).catch(() => undefined)
      return { findings: [...describeHealth(health), ...describeFront([models, health, ...(own ? [own] : [])])] }
    } catch (error) {
      return noAnswer(error, timeout)
    }
  },
}

/** Why nothing more can be asked, if so. */
export function blockedBy({ status, headers, text }: HttpAnswer): Finding | undefined {
  const found = `GET /v1/models answered ${status}`
  if (status === 401 || status === 403) {
    return problem('http.refused', found, "give the engine's key with --api-key, or its header with --header")
  }
  if (status >= 300 && status < 400) {
    const to = headers['location'] ?? 'nowhere'
    return problem('http.redirect', `${found}: it redirects to ${to}`, 'give the URL that it redirects to')
  }
  if (isHtml(text)) {
    const advice = "the URL leads to a web page; give the host and port of the engine's own API"
    return problem('http.html', `${found} with a page for browsers: ${excerpt(text, 60)}`, advice)
  }
  if (status >= 500) {
    const advice = 'wait until the engine has loaded its model, or look at its log; then ask again'
    return problem('http.failing', `${found}: ${excerpt(text)}`, advice)
  }
  return undefined
}

const NOTHING_THERE = problem(
  'http.nothing',
  'neither GET /v1/models nor GET /health is there: both answer 404, so this is hardly an engine',
  'give the host and port of the engine itself; one that lists no models is looked at with --model',
)

/** An engine has one of the two; a server for other things often answers 404 to both. */
function isNowhere(models: Pick<HttpAnswer, 'status'>, health: Pick<HttpAnswer, 'status'>): boolean {
  return models.status === 404 && health.status === 404
}

/** What `GET /health` says. The router asks it too; where it is missing the list of models has to do. */
export function describeHealth({ status, headMs, httpVersion }: HttpAnswer): Finding[] {
  const findings: Finding[] = []
  if (status >= 200 && status < 300) {
    findings.push(ok('http.healthy', `GET /health answers ${status} in ${headMs.toFixed(1)} ms`))
  } else if (status === 404) {
    findings.push(ok('http.no-health', 'no GET /health; the router asks GET /v1/models instead'))
  } else {
    const advice =
      "the router will not use it until it answers 2xx: look at the engine's log, or name another health.path"
    findings.push(problem('http.unhealthy', `GET /health answers ${status}`, advice))
  }
  if (httpVersion === '1.0') {
    const advice = 'talk to the engine itself: HTTP/1.0 opens a connection for every request'
    findings.push(note('http.version', 'it speaks HTTP/1.0', advice))
  }
  return findings
}

/** Signs that something stands before the engine. */
export function describeFront(answers: readonly Pick<HttpAnswer, 'headers'>[]): Finding[] {
  const all = answers.map(({ headers }) => headers)
  if (all.some((headers) => OWN_HEADERS.some((name) => headers[name] !== undefined))) {
    const advice = 'give the URLs of the engines behind it'
    return [problem('http.router', 'this is a Kvasir gateway, not an engine', advice)]
  }
  const via = all.map((headers) => headers['via']).find((value) => value !== undefined)
  const server = all.map((headers) => headers['server']).find((value) => value !== undefined && FRONT.test(value))
  const front = via ?? server
  if (front === undefined) return []
  const advice =
    'if it balances over several engines, give each its own URL: load and cache of one are not those of all'
  return [note('http.front', `something stands before the engine (${front})`, advice)]
}

function noAnswer(error: unknown, timeout: number): CheckResult {
  const words = describeError(error)
  const advice = words.includes('not HTTP')
    ? "another service has this port; check the engine's --port"
    : words.includes('no answer within')
      ? `it accepts connections and says nothing: look at the engine's log, or give it more than ${timeout} s (--timeout)`
      : 'look at the log of the engine; check whether it wants https://'
  return { findings: [problem('http.no-answer', `GET /v1/models: ${words}`, advice)], stop: true }
}
