/** Something the user gave that a run cannot start from; the message says what was expected, found, and what to do. */
export class InputError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InputError'
  }
}
