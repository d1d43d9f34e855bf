import { EngineError } from './engine-error.ts'
import type { Adapter } from './kv/block-content.ts'

/** The LoRA adapters that requests may name instead of the model. */
export class Adapters {
  readonly enabled: boolean
  readonly #loaded = new Map<string, Adapter>()
  #count = 0

  /** `given`: `NAME` or `NAME=PATH` each; undefined for an engine without adapters. */
  constructor(given: readonly string[] | undefined) {
    this.enabled = given !== undefined
    for (const each of given ?? []) {
      const [name = '', path] = each.split('=')
      this.load(name, path ?? name)
    }
  }

  get size(): number {
    return this.#loaded.size
  }

  list(): readonly Adapter[] {
    return [...this.#loaded.values()]
  }

  find(name: string): Adapter | undefined {
    return this.#loaded.get(name)
  }

  /** Throws an EngineError of status 400 when adapters are off, the name is empty, or it is loaded already. */
  load(name: string, path: string): void {
    if (!this.enabled) throw new EngineError(400, 'LoRA is not enabled: start the engine with --lora or --max-loras.')
    if (name === '' || path === '') throw new EngineError(400, "Both 'lora_name' and 'lora_path' must be provided.")
    if (this.#loaded.has(name)) {
      throw new EngineError(400, `The lora adapter '${name}' has already been loaded.`, 'lora_name')
    }
    this.#loaded.set(name, { name, id: ++this.#count, path })
  }

  /** Requests that run with it go on. Throws an EngineError of status 404 when it is not loaded. */
  unload(name: string): void {
    if (!this.#loaded.delete(name))
      throw new EngineError(404, `The lora adapter '${name}' cannot be found.`, 'lora_name')
  }
}
