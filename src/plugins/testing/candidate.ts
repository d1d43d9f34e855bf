import type { Candidate } from '../../core/endpoint.ts'
import type { StepRates } from '../../core/rates.ts'
import { idleSignals, SIGNAL_NAMES, type SignalName, type Signals } from '../../core/signals.ts'

/** What a test wants to say about an endpoint: settings and signals side by side, everything optional. */
export interface CandidateFacts extends Partial<Omit<Candidate<SignalName>, 'signals'>>, Partial<Signals> {}

const RATES: StepRates = {
  prefillBase: 0.01,
  prefillPerToken: 0.0001,
  prefillPerPair: 0,
  decodeBase: 0.01,
  decodePerSequence: 0.0001,
  decodePerKvToken: 0,
  overhead: 0.001,
}

function signalsOf(facts: CandidateFacts): Signals {
  const given = Object.entries(facts).filter(([name]) => SIGNAL_NAMES.some((signal) => signal === name))
  return Object.assign(idleSignals(), Object.fromEntries(given))
}

/** An idle endpoint in slot 0, named after its slot, changed by `facts`. */
export function candidate(facts: CandidateFacts = {}): Candidate<SignalName> {
  const slot = facts.slot ?? 0
  return {
    id: facts.id ?? `engine-${slot}`,
    url: facts.url ?? `http://10.0.0.${slot}:8000`,
    role: facts.role ?? 'both',
    labels: facts.labels ?? {},
    rates: facts.rates ?? RATES,
    kvTokens: facts.kvTokens ?? 100_000,
    maxConcurrency: facts.maxConcurrency ?? Number.POSITIVE_INFINITY,
    slot,
    signals: signalsOf(facts),
  }
}

/** One endpoint per argument, in slots 0, 1, 2, ... and named `engine-0`, `engine-1`, ... unless said otherwise. */
export function candidates(...facts: readonly CandidateFacts[]): readonly Candidate<SignalName>[] {
  return facts.map((fact, slot) => candidate({ slot, ...fact }))
}
