import { completeEndpoint, type Config, type ConfigEndpoint } from './config.ts'
import { endpointSchema } from './endpoint-schema.ts'
import { faultsOf } from './faults.ts'
import { describeFault } from './describe-fault.ts'
import { showPath } from './problem.ts'

/**
 * Reads one endpoint that comes from outside the configuration, in the shape it would have in the file, and fills it in
 * from the configuration. `${NAME}` in headers stays as it is, so that nobody can ask for the environment.
 *
 * @param profiles Names its `profile` may have.
 * @returns The endpoint, or what is wrong with it.
 */
export function parseEndpoint(
  given: unknown,
  config: Config,
  profiles: readonly string[],
): ConfigEndpoint | { readonly problems: readonly string[] } {
  const { data, error } = endpointSchema(profiles).safeParse(given)
  if (data !== undefined) return completeEndpoint(data, config)
  const faults = faultsOf(error?.issues ?? [], given)
  return {
    problems: faults.map((fault) => [showPath(fault.path), describeFault(fault, given)].filter(Boolean).join(': ')),
  }
}
