import { z } from 'zod'
import type { Part } from './chat-template.ts'

const part = z.looseObject({ text: z.string().nullish() })

/** The content of a message in any of the chat protocols: text, or a list of parts. */
export const contentSchema = z.union([z.string(), z.array(z.union([z.string(), part]))])

type Content = z.infer<typeof contentSchema>

/** Parts with a text are text; whatever else a message holds (images, sound, files) goes by its content. */
export function contentParts(content: Content | null | undefined): Part[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  return content.map((each) => {
    if (typeof each === 'string') return { kind: 'text', text: each }
    if (typeof each.text === 'string') return { kind: 'text', text: each.text }
    return { kind: 'media', content: JSON.stringify(each) }
  })
}
