import type { EndpointState } from '../core/endpoint-state.ts'

/** How engines are asked for their load beside an answer, and who is told what they say. */
export interface LoadInAnswers {
  /** The header that asks; its name in lower case. */
  readonly question: { readonly name: string; readonly value: string }
  /** Name of the answer's header, in lower case. */
  readonly answer: string
  /** True when this endpoint is to be asked. */
  asks(endpoint: EndpointState): boolean
  /** The header of an answer that was asked for it. */
  told(endpoint: EndpointState, header: string): void
}
