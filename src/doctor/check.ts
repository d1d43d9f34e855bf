import type { DoctorOptions, DoctorTarget } from './doctor-options.ts'
import type { EndpointFacts } from './endpoint-facts.ts'
import type { Finding } from './finding.ts'
import type { HttpClient } from './http-client.ts'
import type { IdleWatch } from './idle-watch.ts'

/** What a check has to work with. */
export interface Subject extends DoctorTarget {
  readonly options: DoctorOptions
  readonly http: HttpClient
  /** What the checks before this one have found out. */
  readonly facts: EndpointFacts
  /** A connection that is left idle since the beginning; undefined when nobody wants to know. */
  readonly idle: IdleWatch | undefined
}

export interface CheckResult {
  readonly findings: readonly Finding[]
  readonly facts?: EndpointFacts
  /** True when further checks cannot tell anything. */
  readonly stop?: boolean
}

/** One thing that is looked at. A check does its I/O in `run` and says what it means in a pure function beside it. */
export interface Check {
  /** Stable, for programs. */
  readonly id: string
  /** A word or two, for people. */
  readonly title: string
  /** Rejects only on a fault of the check itself. */
  run(subject: Subject): Promise<CheckResult>
}
