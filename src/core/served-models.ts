/**
 * Which endpoint serves which models. An adapter (LoRA) is a model that has a base: the model whose weights it changes.
 * An endpoint serves the adapters it lists, and those that the operator says its base model's endpoints load by themselves.
 */
export class ServedModels {
  readonly #listed = new Map<string, readonly string[] | undefined>()
  readonly #parents = new Map<string, ReadonlyMap<string, string>>()
  #onDemand: ReadonlyMap<string, string> = new Map()
  #bases: ReadonlyMap<string, string> = new Map()

  /** Models an endpoint lists; undefined when nobody has said. */
  listedBy(id: string): readonly string[] | undefined {
    return this.#listed.get(id)
  }

  /** Takes over what an endpoint lists, and the base models of those that are adapters. True when anything is new. */
  set(id: string, models: readonly string[] | undefined, parents: ReadonlyMap<string, string> = NO_PARENTS): boolean {
    const same =
      this.#listed.has(id) &&
      sameNames(this.#listed.get(id), models) &&
      sameBases(this.#parents.get(id) ?? NO_PARENTS, parents)
    if (same) return false
    this.#listed.set(id, models)
    this.#parents.set(id, parents)
    this.#findBases()
    return true
  }

  delete(id: string): void {
    this.#listed.delete(id)
    this.#parents.delete(id)
    this.#findBases()
  }

  /** Adapters that every endpoint of their base model loads when a request names them: adapter to base model. */
  get onDemand(): ReadonlyMap<string, string> {
    return this.#onDemand
  }

  set onDemand(adapters: ReadonlyMap<string, string>) {
    this.#onDemand = adapters
    this.#findBases()
  }

  /** The base model of an adapter; undefined for a model of its own. */
  baseOf(model: string): string | undefined {
    return this.#bases.get(model)
  }

  /** Everything that is served, adapters included. */
  names(): Set<string> {
    const names = new Set([...this.#listed.values()].flatMap((listed) => listed ?? []))
    for (const [adapter, base] of this.#onDemand) if (names.has(base)) names.add(adapter)
    return names
  }

  /** What an endpoint serves, adapters included; nothing when nobody has said. */
  of(id: string): readonly string[] {
    const listed = this.#listed.get(id) ?? []
    const own = listed.filter((model) => !this.#isNamesake(id, model, listed))
    const loaded = [...this.#onDemand].filter(([adapter, base]) => listed.includes(base) && !own.includes(adapter))
    return loaded.length === 0 ? own : [...own, ...loaded.map(([adapter]) => adapter)]
  }

  /** True when the endpoint serves the model, or when nobody has said what it serves. */
  serves(id: string, model: string): boolean {
    const listed = this.#listed.get(id)
    if (listed === undefined) return true
    if (listed.includes(model)) return !this.#isNamesake(id, model, listed)
    const base = this.#onDemand.get(model)
    return base !== undefined && listed.includes(base)
  }

  /** True when the endpoint has an adapter of that name for another base model: other weights, which nobody has asked for. */
  #isNamesake(id: string, adapter: string, listed: readonly string[]): boolean {
    const parent = this.#parents.get(id)?.get(adapter)
    const base = this.#bases.get(adapter)
    return parent !== undefined && base !== undefined && parent !== base && !listed.includes(base)
  }

  /** True when there is an endpoint of which nobody has said what it serves. */
  get anythingSomewhere(): boolean {
    return [...this.#listed.values()].includes(undefined)
  }

  /** What the operator says comes before what engines say. */
  #findBases(): void {
    const bases = new Map(this.#onDemand)
    for (const parents of this.#parents.values()) {
      for (const [adapter, base] of parents) if (!bases.has(adapter) && adapter !== base) bases.set(adapter, base)
    }
    this.#bases = bases
  }
}

const NO_PARENTS: ReadonlyMap<string, string> = new Map()

function sameNames(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.join('\n') === b.join('\n'))
}

function sameBases(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([adapter, base]) => b.get(adapter) === base)
}
