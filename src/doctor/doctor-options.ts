import type { LoadedTokenizer } from '../tokenizer/load-tokenizer.ts'

/** Addresses of one endpoint's KV events that can be dialled, or `pull`, as the operator gave them. */
export interface KvEventAddresses {
  readonly address: string
  readonly replay: string | undefined
}

/** One endpoint to look at. */
export interface DoctorTarget {
  /** Scheme, host and port. */
  readonly url: string
  readonly kvEvents?: KvEventAddresses | undefined
}

/** How endpoints are looked at. Times are in seconds. */
export interface DoctorOptions {
  /** The model to ask for; the first that an endpoint lists by default. */
  readonly model?: string | undefined
  /** Sent with every request, such as an API key. */
  readonly headers: Readonly<Record<string, string>>
  /** True to send no request that generates: what is left is GET and the engine's tokenize route. */
  readonly readOnly: boolean
  /** For the beginning of an answer, and between two parts of it. */
  readonly timeout: number
  /** How long an idle connection is watched; 0 does not watch. */
  readonly idle: number
  readonly tokenizer?: LoadedTokenizer | undefined
  /** Makes this run's prompts unlike those of every other run, so that no engine holds them. */
  readonly nonce: string
}
