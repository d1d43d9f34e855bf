import type { TextSynthesizer } from '../../src/workload/synthesize-text.ts'
import { words } from '../../src/workload/words.ts'
import type { WorkloadRequest } from '../../src/workload/workload.ts'

/** Ids of the words; small ones stand for special tokens in most vocabularies. */
const FIRST_ID = 1000
const ids = new Map(words.map((word, index) => [word, FIRST_ID + index]))

/** A prompt as token ids: one for each word of the synthesized text. */
export function tokenIds({ messages }: WorkloadRequest, text: TextSynthesizer): (number | undefined)[] {
  const runs = messages.flatMap(({ parts }) => parts)
  return text
    .text(runs)
    .trimStart()
    .split(' ')
    .map((word) => ids.get(word))
}
