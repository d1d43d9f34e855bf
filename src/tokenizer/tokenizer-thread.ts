import { parentPort, workerData } from 'node:worker_threads'
import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import type { ThreadReply } from './worker-tokenizer.ts'

const setup = z.object({ json: z.looseObject({}), config: z.looseObject({}) })
const request = z.object({ id: z.number(), text: z.string(), addSpecialTokens: z.boolean() })

/** What runs in the thread: one tokenizer, one text at a time. */
function serve(data: unknown): void {
  const { json, config } = setup.parse(data)
  const tokenizer = new Tokenizer(json, config)
  parentPort?.on('message', (message: unknown) => {
    const { id, text, addSpecialTokens } = request.parse(message)
    const reply = encode(tokenizer, id, text, addSpecialTokens)
    parentPort?.postMessage(reply, reply.ok ? [reply.ids.buffer] : [])
  })
  const ready: ThreadReply = { id: 0, ok: true, ids: new Uint32Array(0) }
  parentPort?.postMessage(ready)
}

function encode(tokenizer: Tokenizer, id: number, text: string, addSpecialTokens: boolean): ThreadReply {
  try {
    const { ids } = tokenizer.encode(text, { add_special_tokens: addSpecialTokens })
    return { id, ok: true, ids: Uint32Array.from(ids) }
  } catch (error) {
    return { id, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

serve(workerData)
