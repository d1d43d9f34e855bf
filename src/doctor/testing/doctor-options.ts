import type { DoctorOptions } from '../doctor-options.ts'
import type { EndpointReport } from '../examine-endpoint.ts'
import type { Finding } from '../finding.ts'

/** Options for a quick look, with prompts of their own. */
export function quickOptions(more: Partial<DoctorOptions> = {}): DoctorOptions {
  const nonce = Math.random().toString(36).slice(2)
  return { headers: {}, readOnly: false, timeout: 1, idle: 0, nonce, ...more }
}

/** The findings of a report by their codes; fails where there are two of one. */
export function findingsOf({ checks }: Pick<EndpointReport, 'checks'>): ReadonlyMap<string, Finding> {
  const all = checks.flatMap(({ findings }) => findings)
  const byCode = new Map(all.map((finding) => [finding.code, finding]))
  if (byCode.size !== all.length) throw new Error(`a code stands twice in ${all.map(({ code }) => code).join(', ')}`)
  return byCode
}

/** The codes of everything to be repaired. */
export function problemsOf(report: Pick<EndpointReport, 'checks'>): string[] {
  return [...findingsOf(report).values()].filter(({ level }) => level === 'problem').map(({ code }) => code)
}
