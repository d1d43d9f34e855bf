import { z } from 'zod'
import { TOKEN_BYTES } from './prompt-writer.ts'
import type { PromptWriter } from './prompt-writer.ts'

const tokenIds = z.array(z.int().min(0).max(0xffffffff))

/** One prompt or several, each a text or a list of token ids. */
export const promptsSchema = z.union([z.string(), tokenIds, z.array(z.string()).min(1), z.array(tokenIds).min(1)])

export const tokensSchema = tokenIds

/** A text, or token ids. */
export type Prompt = string | ArrayLike<number>

/** The prompts one by one. */
export function promptList(prompts: z.infer<typeof promptsSchema>): Prompt[] {
  if (typeof prompts === 'string') return [prompts]
  const several = prompts.filter((each) => typeof each !== 'number')
  return several.length > 0 ? several : [prompts.filter((each) => typeof each === 'number')]
}

/** Writes a prompt as it is, without a template. */
export function writePrompt(writer: PromptWriter, prompt: Prompt): void {
  writer.truncate(0)
  if (typeof prompt === 'string') {
    writer.text(prompt)
    return
  }
  writer.reserve(prompt.length * TOKEN_BYTES)
  for (let at = 0; at < prompt.length; at++) writer.token(prompt[at] ?? 0)
}
