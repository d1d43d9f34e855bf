import { z } from 'zod'
import { flag, positiveDuration, whole } from './forms.ts'

const encodings = ['auto', 'vllm', 'sglang', 'tensorrt-llm'] as const

/** Address of a ZeroMQ socket. */
function socketAddress(example: string) {
  const error = `expected an address such as ${example}`
  return z
    .string({ error })
    .trim()
    .regex(/^(tcp:\/\/\S+:(\d{1,5}|\*)|ipc:\/\/\S+)$/, { error })
    .meta({ title: 'address' })
}

/** Where an engine publishes which blocks its KV cache holds. */
export const kvEventsSchema = z.strictObject({
  address: socketAddress('tcp://*:5557').describe(
    'Where the engine publishes, as its --kv-events-config names it; * stands for the host of the url',
  ),
  bind: flag().describe('The engine connects to the address, and the router waits there').prefault(false),
  replay: socketAddress('tcp://*:5558')
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
