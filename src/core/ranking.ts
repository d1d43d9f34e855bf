/**
 * Where a policy writes its verdict: one cost per candidate, the lowest wins. Allocated once and reused for every
 * decision, because it is on the path of each request.
 */
export class Ranking {
  /** Cost of each candidate, in the policy's unit. Infinity excludes a candidate. */
  cost = new Float64Array(64)
  /** Values of the policy's terms: term `t` of candidate `i` is at `t * count + i`. */
  terms = new Float64Array(256)
  /** Number of candidates in this decision. */
  count = 0
  /** Why the winner won: one of the policy's `reasons`. */
  reason = ''

  /** Prepares for `count` candidates and `termCount` terms each, with all values zero. */
  begin(count: number, termCount: number, reason: string): void {
    if (this.cost.length < count) this.cost = new Float64Array(2 * count)
    const cells = count * termCount
    if (this.terms.length < cells) this.terms = new Float64Array(2 * cells)
    this.cost.fill(0, 0, count)
    this.terms.fill(0, 0, cells)
    this.count = count
    this.reason = reason
  }

  /** Notes one term of a candidate's cost, for the explanation. */
  term(term: number, candidate: number, value: number): void {
    this.terms[term * this.count + candidate] = value
  }
}
