import type { EndpointReport } from './examine-endpoint.ts'
import type { Finding } from './finding.ts'
import type { DoctorReport } from './run-doctor.ts'

/** The report for programs, as `docs/doctor-json.md` describes it; what is not known is null. */
export function reportJson({ endpoints, comparison, counts, seconds }: DoctorReport, kvasir: string) {
  return {
    format: 'kvasir-doctor',
    version: 1,
    kvasir,
    ok: counts.problem === 0,
    counts,
    seconds: rounded(seconds),
    endpoints: endpoints.map(endpointJson),
    comparison: comparison.map(findingJson),
  }
}

/** Facts that are written as they are; one that is missing becomes null. */
const PLAIN = [
  'engine',
  'version',
  'models',
  'adapters',
  'contextTokens',
  'blockSize',
  'kvCapacityTokens',
  'maxRunning',
  'ranks',
  'prefixCaching',
  'hashAlgorithm',
  'cachedTokensReported',
  'kvEventsArrive',
  'firstBlockHash',
  'generatingRoute',
  'promptTokens',
  'tokenFingerprint',
] as const

function endpointJson({ url, facts, checks, seconds }: EndpointReport) {
  const { kvEventSource: source, idleSeconds, clockSkewSeconds } = facts
  return {
    url,
    seconds: rounded(seconds),
    facts: {
      ...Object.fromEntries(PLAIN.map((name) => [name, facts[name] ?? null])),
      kvEvents: source === undefined ? null : { address: source.address, replay: source.replay ?? null },
      idleSeconds: rounded(idleSeconds),
      clockSkewSeconds: rounded(clockSkewSeconds),
    },
    findings: checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, ...findingJson(finding) }))),
  }
}

function findingJson({ level, code, text, advice }: Finding) {
  return { level, code, text, advice: advice ?? null }
}

/** Milliseconds are enough. JSON has no Infinity. */
function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 1000) / 1000
}
