import type { EndpointPlan } from './endpoint-plan.ts'
import { rankPlans } from './rank-plans.ts'
import { ToldRanks } from './told-ranks.ts'

/** One address as it is configured, and how many data-parallel ranks are behind it. */
export class RankedAddress {
  readonly added: boolean
  #plan: EndpointPlan
  #told = new ToldRanks()
  /** True while its ranks cannot be endpoints, as another one is called like one of them. */
  #blocked = false
  /** The count of ranks that was remarked upon. */
  #remarkedOf: number | undefined

  /** @param added True when it came from the admin interface. */
  constructor(plan: EndpointPlan, added: boolean) {
    this.#plan = plan
    this.added = added
  }

  get plan(): EndpointPlan {
    return this.#plan
  }

  /** The endpoints it stands for now. */
  plans(): EndpointPlan[] {
    return rankPlans(this.#plan, this.#plan.ranks === 'auto' ? this.#told.count : this.#plan.ranks)
  }

  /** Takes over another plan. Ranks that would be called like one of `names`, the others of the configuration, wait. */
  configure(plan: EndpointPlan, names: ReadonlySet<string>): void {
    this.#plan = plan
    this.#blocked = false
    const ids = rankPlans(plan, this.#told.count).map(({ settings }) => settings.id)
    if (ids.some((id) => id !== plan.address && names.has(id))) this.#told = new ToldRanks()
  }

  /** Its ranks cannot be endpoints, until the configuration changes. */
  block(): void {
    this.#told = new ToldRanks()
    this.#blocked = true
  }

  /**
   * Takes in how many ranks its engine tells of now. `changed` when it stands for other endpoints since, `contradicts`
   * the first time that the operator has said otherwise.
   */
  take(count: number): 'changed' | 'contradicts' | undefined {
    const changed = !this.#blocked && this.#told.take(count)
    const { ranks } = this.#plan
    if (ranks === 'auto') return changed ? 'changed' : undefined
    if (count === ranks || count === this.#remarkedOf) return undefined
    this.#remarkedOf = count
    return 'contradicts'
  }
}
