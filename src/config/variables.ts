import type { Environment } from './environment.ts'

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** Puts environment variables in the place of `${NAME}`; one that is not set becomes nothing. */
export function expandVariables(text: string, env: Environment): string {
  return text.replace(REFERENCE, (_, name: string) => env[name] ?? '')
}

/** Variables that the text refers to and that are not set. */
export function missingVariables(text: string, env: Environment): string[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, name = '']) => (env[name] === undefined ? [name] : []))
}
