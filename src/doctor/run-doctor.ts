import { loadTokenizer } from '../tokenizer/load-tokenizer.ts'
import { compareEndpoints } from './compare-endpoints.ts'
import type { DoctorOptions, DoctorTarget } from './doctor-options.ts'
import { examineEndpoint, type EndpointReport } from './examine-endpoint.ts'
import type { Finding, Level } from './finding.ts'

/** What was found out about all endpoints. */
export interface DoctorReport {
  readonly endpoints: readonly EndpointReport[]
  /** What differs between them. */
  readonly comparison: readonly Finding[]
  readonly counts: Readonly<Record<Level, number>>
  readonly seconds: number
}

/** How a run looks at its endpoints: a tokenizer is given by its folder. */
export type RunOptions = Omit<DoctorOptions, 'tokenizer'> & { readonly tokenizerPath?: string | undefined }

/** Looks at all endpoints at once. Rejects when the tokenizer cannot be loaded, with a TokenizerError. */
export async function runDoctor(targets: readonly DoctorTarget[], options: RunOptions): Promise<DoctorReport> {
  const started = performance.now()
  const { tokenizerPath: path, ...rest } = options
  const loaded = path === undefined ? undefined : await loadTokenizer(path)
  await using _tokenizer = loaded?.tokenizer
  const all = { ...rest, tokenizer: loaded }
  const endpoints = await Promise.all(targets.map((target) => examineEndpoint(target, all)))
  const comparison = compareEndpoints(endpoints)
  const findings = [...endpoints.flatMap(({ checks }) => checks.flatMap((check) => check.findings)), ...comparison]
  const count = (wanted: Level): number => findings.filter(({ level }) => level === wanted).length
  const counts = { ok: count('ok'), note: count('note'), problem: count('problem') }
  return { endpoints, comparison, counts, seconds: (performance.now() - started) / 1000 }
}
