import type { EngineRequest, Sequence } from './sequence.ts'

/** Learns what happens inside the engine, at the virtual time (seconds) at which it happens. */
export interface EngineSink<R extends EngineRequest = EngineRequest> {
  /** A step of so many seconds ended in which `decoded` sequences that were already decoding got one token each. */
  stepped(at: number, seconds: number, decoded: number): void
  /** The prefill is done and the first token exists; not called for requests without output. */
  firstToken(sequence: Sequence<R>, at: number): void
  /** The last token exists; the sequence holds nothing any more. */
  finished(sequence: Sequence<R>, at: number): void
}
