/**
 * How unevenly the prefill backlog is spread: the coefficient of variation over the endpoints that take requests, averaged
 * over decisions. No backlog at all counts as even. Kept up to date by sums, because there is a sample per request.
 */
export class BacklogVariation {
  readonly #tokens: number[] = []
  readonly #members = new Set<number>()
  #sum = 0
  #squares = 0
  #total = 0
  #samples = 0

  /** The mean of all samples; 0 before the first. */
  get mean(): number {
    return this.#samples === 0 ? 0 : this.#total / this.#samples
  }

  /** The endpoint takes requests from now on. */
  join(endpoint: number): void {
    if (this.#members.has(endpoint)) return
    this.#members.add(endpoint)
    this.#count(this.#tokens[endpoint] ?? 0, 1)
  }

  /** The endpoint takes no more requests. */
  leave(endpoint: number): void {
    if (this.#members.delete(endpoint)) this.#count(this.#tokens[endpoint] ?? 0, -1)
  }

  /** The endpoint has so many prompt tokens more to compute. */
  change(endpoint: number, tokens: number): void {
    const before = this.#tokens[endpoint] ?? 0
    this.#tokens[endpoint] = before + tokens
    if (!this.#members.has(endpoint)) return
    this.#count(before, -1)
    this.#count(before + tokens, 1)
  }

  sample(): void {
    this.#samples++
    const size = this.#members.size
    if (this.#sum === 0 || size === 0) return
    const mean = this.#sum / size
    this.#total += Math.sqrt(Math.max(0, this.#squares / size - mean * mean)) / mean
  }

  #count(tokens: number, sign: number): void {
    this.#sum += sign * tokens
    this.#squares += sign * tokens * tokens
  }
}
