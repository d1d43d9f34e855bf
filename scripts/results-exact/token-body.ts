import type { TextSynthesizer } from '../../src/workload/synthesize-text.ts'
import { words } from '../../src/workload/words.ts'
import type { WorkloadRequest } from '../../src/workload/workload.ts'
import { MODEL } from './settings.ts'

/** Ids of the words; small ones stand for special tokens in most vocabularies. */
const FIRST_ID = 1000
const ids = new Map(words.map((word, index) => [word, FIRST_ID + index]))

/** The body of a streamed completion whose prompt is given as token ids: one for each word of the synthesized text. */
export function tokenBody(request: WorkloadRequest, text: TextSynthesizer): string {
  const runs = request.messages.flatMap(({ parts }) => parts)
  const prompt = text
    .text(runs)
    .trimStart()
    .split(' ')
    .map((word) => ids.get(word))
  const settings = { max_tokens: request.outputTokens, temperature: 0, stream: true, ignore_eos: true }
  return JSON.stringify({ model: MODEL, prompt, ...settings, stream_options: { include_usage: true } })
}
