/**
 * What kind of fault it is:
 * `files` the model's files are missing or broken; `unavailable` the means to tokenize is not there;
 * `busy` more is asked than may wait; `failed` this text could not be encoded; `template` the chat template refused or
 * broke; `inexact` the request holds something that cannot be reproduced exactly; `remote` an engine did not answer as expected.
 */
export type TokenizerFault = 'files' | 'unavailable' | 'busy' | 'failed' | 'template' | 'inexact' | 'remote'

/** Why there are no exact tokens. The message says what was expected, what was found, where, and what to do. */
export class TokenizerError extends Error {
  readonly fault: TokenizerFault

  constructor(fault: TokenizerFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TokenizerError'
    this.fault = fault
  }
}

/** The text of whatever was thrown, on one line and of bounded length. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 300)}...` : line
}
