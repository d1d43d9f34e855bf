import { z } from 'zod'
import { flag, positiveDuration, whole } from './forms.ts'

const encodings = ['auto', 'vllm', 'sglang', 'tensorrt-llm'] as const

const SOCKET = /^(tcp:\/\/\S+:(\d{1,5}|\*)|ipc:\/\/\S+)$/
const SOCKET_OR_PULL = new RegExp(`${SOCKET.source}|^pull$`)

/** Address of a ZeroMQ socket, or what else the form allows. */
function address(example: string, form: RegExp, title: string) {
  const error = `expected an address such as ${example}`
  return z.string({ error }).trim().regex(form, { error }).meta({ title })
}

/** Where an engine publishes which blocks its KV cache holds. */
export const kvEventsSchema = z.strictObject({
  address: address('tcp://*:5557, or pull', SOCKET_OR_PULL, 'address or pull').describe(
    'Where the engine publishes, as its --kv-events-config names it; * stands for the host of the url; pull fetches them from POST /kv_cache_events of TensorRT-LLM',
  ),
  bind: flag().describe('The engine connects to the address, and the router waits there').prefault(false),
  replay: address('tcp://*:5657', SOCKET, 'address')
    .describe('Where the engine answers requests for past events; without it a gap is not repaired')
    .exactOptional(),
  topic: z
    .string({ error: 'expected text' })
    .meta({ title: 'text' })
    .describe('Beginning of the topics that are its own; all by default')
    .prefault(''),
  encoding: z.enum(encodings).describe('Whose form the events have; auto takes that of the engine').prefault('auto'),
  rank: whole(0, 65_535)
    .describe('Data-parallel rank that this endpoint is, which moves both ports; by default that of its headers')
    .exactOptional(),
  silentAfter: positiveDuration()
    .describe('Time without an event, while it serves requests, after which its events are not relied on')
    .prefault('30s'),
})
