import { z } from 'zod'
import { positiveDuration, whole } from './forms.ts'

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
export const kvEventsSchema = z
  .strictObject({
    address: socketAddress('tcp://*:5557')
      .describe('Where the engine publishes, as its --kv-events-config names it; * stands for the host of the url')
      .exactOptional(),
    bind: socketAddress('tcp://0.0.0.0:5557')
      .describe('Where to wait for the engine, when it is the one that connects; instead of address')
      .exactOptional(),
    replay: socketAddress('tcp://*:5558')
      .describe('Where the engine answers requests for past events; without it a gap is not repaired')
      .exactOptional(),
    topic: z
      .string({ error: 'expected text' })
      .meta({ title: 'text' })
      .describe('Beginning of the topics that are its own; all by default')
      .prefault(''),
    encoding: z
      .enum(encodings)
      .describe('Whose form the events have; auto takes that of the engine found')
      .prefault('auto'),
    rank: whole(0, 65_535)
      .describe('Data-parallel rank that this endpoint is, which moves both ports; by default that of its headers')
      .exactOptional(),
    silentAfter: positiveDuration()
      .describe('Time without an event, while it serves requests, after which its events are no longer relied on')
      .prefault('30s'),
  })
  .refine(({ address, bind }) => (address === undefined) !== (bind === undefined), {
    error: 'expected either address or bind',
  })

export type KvEventsSettings = z.output<typeof kvEventsSchema>
