import { RANK_HEADER } from '../../core/data-parallel-rank.ts'
import { rankAddress } from '../../signals/kv-events/rank-address.ts'
import type { Check, Subject } from '../check.ts'
import type { EndpointFacts } from '../endpoint-facts.ts'
import { note, ok, problem, type Finding } from '../finding.ts'
import { generatePlain } from '../generate.ts'
import { tcpTarget } from '../kv-event-source.ts'
import { tcpFault } from '../tcp-open.ts'

/** Seconds to wait for a connection. */
const PATIENCE = 5

/** Whether several data-parallel ranks behind one address can be told apart: by requests, and by where they publish. */
export const ranksCheck: Check = {
  id: 'ranks',
  title: 'ranks',
  async run(subject) {
    const { ranks = 1 } = subject.facts
    if (ranks < 2) return { findings: [] }
    return { findings: [...(await takesOrders(subject, ranks)), ...(await publishing(subject.facts, ranks))] }
  },
}

/**
 * Asks vLLM for a rank that it does not have, which a release that looks at the header refuses. Only vLLM is known to
 * survive that.
 */
async function takesOrders({ http, facts, options }: Subject, ranks: number): Promise<Finding[]> {
  const { engine, generatingRoute: route, askModel: model } = facts
  if (engine !== 'vllm' || route === undefined || model === undefined) return []
  const prompt = `${options.nonce}-rank`
  const request = { route, model, prompt, maxTokens: 1, headers: { [RANK_HEADER]: String(ranks) } }
  return describeOrders(ranks, (await generatePlain(http, request)).http.status)
}

/** What the answer to a request for a rank that is not there means. */
export function describeOrders(ranks: number, status: number): Finding[] {
  if (status === 400) return [ok('ranks.orders', `requests are taken by the rank that ${RANK_HEADER} names`)]
  if (status !== 200) return []
  const found = `a request for rank ${ranks} was answered, though there are ${ranks} from 0 on: ${RANK_HEADER} is ignored`
  const advice = 'update vLLM, or set endpoints[].ranks: 1 in the router: it cannot know which cache a request gets to'
  return [problem('ranks.ignored', found, advice)]
}

/** Whether the events of the ranks behind the first can be reached. */
async function publishing({ kvEventSource: source }: EndpointFacts, ranks: number): Promise<Finding[]> {
  if (source === undefined || !source.address.startsWith('tcp:')) return []
  const others = Array.from({ length: ranks - 1 }, (_, i) => rankAddress(source.address, i + 1))
  const faults = await Promise.all(others.map(faultOf))
  const first = faults.findIndex((fault) => fault !== undefined)
  if (first < 0) return [ok('ranks.kv-events', `the KV events of all ranks can be reached, up to ${others.at(-1)}`)]
  const found = `${others[first]}, where rank ${first + 1} should publish: ${faults[first]}`
  const advice = 'open the ports behind that of rank 0, one for each rank, to this machine'
  return [note('ranks.kv-events', found, advice)]
}

async function faultOf(address: string): Promise<string | undefined> {
  const target = tcpTarget(address)
  return target === undefined ? 'it cannot be dialled' : await tcpFault(target.host, target.port, PATIENCE)
}
