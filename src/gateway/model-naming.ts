import { type BodyEdit, jsonEdit } from '../protocol/body-edits.ts'
import { type EngineName, engineQuirks } from '../protocol/engine-quirks.ts'
import type { ByteRange } from '../protocol/request-fields.ts'

/** A model's name in a body, where engines may call the model otherwise than the client does. */
export interface ModelNaming {
  /** Place of the name. */
  readonly range: ByteRange
  /** As the client wrote it. */
  readonly written: string
  /** The model after aliases; an adapter's own name. */
  readonly served: string
  /** The model that it is an adapter of; undefined for a model of its own. */
  readonly base: string | undefined
  /** The client named the adapter behind its model. */
  readonly qualified: boolean
}

/**
 * What an engine calls the model. SGLang knows an adapter as `model:adapter` only, others by its own name; an engine
 * that is not known gets the form that the client chose.
 */
export function nameAt({ served, base, qualified }: ModelNaming, engine: EngineName | undefined): string {
  if (base === undefined) return served
  const behind = engine === undefined ? qualified : engineQuirks(engine).adapterBehindModel
  // The operator may list adapters by their long names.
  return behind && !served.startsWith(`${base}:`) ? `${base}:${served}` : served
}

/** The change of the name that an engine needs; undefined where it understands what the client wrote. */
export function modelEdit(naming: ModelNaming, engine: EngineName | undefined): BodyEdit | undefined {
  const name = nameAt(naming, engine)
  return name === naming.written ? undefined : jsonEdit(naming.range, name)
}
