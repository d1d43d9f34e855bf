import type { Check, CheckResult, Subject } from './check.ts'
import { CHECKS } from './checks.ts'
import { describeError } from './describe-error.ts'
import type { DoctorOptions, DoctorTarget } from './doctor-options.ts'
import { mergeFacts, type EndpointFacts } from './endpoint-facts.ts'
import { problem, type Finding } from './finding.ts'
import { createHttpClient } from './http-client.ts'
import { watchIdle, type IdleWatch } from './idle-watch.ts'

/** What one check found. */
export interface CheckReport {
  readonly check: string
  readonly title: string
  readonly findings: readonly Finding[]
}

/** What all checks found about one endpoint. */
export interface EndpointReport {
  readonly url: string
  readonly facts: EndpointFacts
  readonly checks: readonly CheckReport[]
  readonly seconds: number
}

/** Runs the checks on one endpoint, one after the other. Never rejects: a check that fails is a problem of its own. */
export async function examineEndpoint(target: DoctorTarget, options: DoctorOptions): Promise<EndpointReport> {
  const started = performance.now()
  const { url } = target
  const http = createHttpClient({ url, headers: options.headers, timeout: options.timeout })
  const checks: CheckReport[] = []
  let facts: EndpointFacts = {}
  let idle: IdleWatch | undefined
  try {
    for (const check of CHECKS) {
      const result = await runCheck(check, { ...target, options, http, facts, idle })
      facts = mergeFacts(facts, result.facts ?? {})
      if (result.findings.length > 0) checks.push({ check: check.id, title: check.title, findings: result.findings })
      if (result.stop === true) break
      // Watched from here on, beside the other checks.
      if (check.id === 'http' && options.idle > 0) {
        idle = watchIdle({ url, headers: options.headers, most: options.idle })
      }
    }
  } finally {
    idle?.[Symbol.dispose]()
    http.close()
  }
  return { url, facts, checks, seconds: (performance.now() - started) / 1000 }
}

async function runCheck(check: Check, subject: Subject): Promise<CheckResult> {
  try {
    return await check.run(subject)
  } catch (error) {
    const advice = "look at the engine's log; the other checks went on"
    return { findings: [problem(`${check.id}.failed`, `no answer to this: ${describeError(error)}`, advice)] }
  }
}
