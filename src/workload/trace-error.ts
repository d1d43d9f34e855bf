/** A trace file that cannot be read as what it claims to be: says where, what was expected, what was found, what to do. */
export class TraceError extends Error {
  readonly file: string
  readonly line: number | undefined

  constructor(file: string, line: number | undefined, problem: string) {
    super(`${file}${line === undefined ? '' : `:${line}`}: ${problem}`)
    this.name = 'TraceError'
    this.file = file
    this.line = line
  }
}
