import type { z } from 'zod'

/** A text as JSON of this form; undefined where it is none. */
export function parseJson<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The beginning of a text on one line, for messages. */
export function excerpt(text: string, length = 100): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  if (line === '') return 'an empty body'
  return line.length > length ? `${line.slice(0, length)}...` : line
}

/** True for a page that is meant for browsers. */
export function isHtml(text: string): boolean {
  return /^\s*(?:<!doctype html|<html|<\?xml)/i.test(text)
}
