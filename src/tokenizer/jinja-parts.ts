import * as jinja from '@huggingface/jinja'

/** Variables of a template. */
export interface JinjaEnvironment {
  set(name: string, value: unknown): unknown
}

/** Walks a parsed template; `evaluate` is called for every statement and expression. */
export interface JinjaInterpreter {
  run(program: JinjaProgram): { readonly value: unknown }
  evaluate(node: unknown, environment: JinjaEnvironment): unknown
}

/** A parsed template. */
export interface JinjaProgram {
  readonly body: readonly unknown[]
}

// The package's declarations import one another without file extensions, which nodenext does not resolve: beyond its
// Template class nothing has a type. These are the parts that are used, with the types they have in its source.
export const Environment: new () => JinjaEnvironment = jinja.Environment
export const Interpreter: new (environment: JinjaEnvironment) => JinjaInterpreter = jinja.Interpreter

const tokens: (source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => unknown[] = jinja.tokenize
const program: (tokens: unknown[]) => JinjaProgram = jinja.parse

/** Parses a template with the settings that engines use for chat templates. Throws where it is no Jinja. */
export function parseJinja(source: string): JinjaProgram {
  return program(tokens(source, { lstrip_blocks: true, trim_blocks: true }))
}
