import type { EndpointState } from '../core/endpoint-state.ts'
import type { ProgramLog } from '../observe/program-log.ts'

/** Says once of each endpoint that it answers what no engine would; the answers go to their clients as they come. */
export function unreadableAnswers(
  logger: Pick<ProgramLog['logger'], 'warn'>,
): (endpoint: EndpointState, route: string) => void {
  const told = new WeakSet<EndpointState>()
  return (endpoint, route) => {
    if (told.has(endpoint)) return
    told.add(endpoint)
    const problem =
      `expected an answer of an engine on the route ${route}, with its end, found something else or one that is cut off; ` +
      `it went to the client as it came. Check that ${endpoint.url} leads to the engine itself, and ask it directly`
    logger.warn({ endpoint: endpoint.id, kind: 'bad-answer', problem }, 'answer not read')
  }
}
