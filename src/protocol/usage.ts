import type { ReportedUsage } from '../core/outcome.ts'
import { field, parsedJson } from './json-field.ts'

/**
 * What an answer, or one event of it, says about tokens. `payload` is parsed JSON. Understood are `usage` of chat,
 * completions and embeddings, of Responses (also inside `response`) and of Anthropic messages (also inside `message`),
 * and llama.cpp's `timings` and `prompt_progress`, which fill what `usage` leaves open. Undefined where nothing is said.
 */
export function usageOf(payload: unknown): ReportedUsage | undefined {
  const usage = field(payload, 'usage') ?? field(field(payload, 'response'), 'usage')
  return [
    progressUsage(field(payload, 'prompt_progress')),
    timingsUsage(field(payload, 'timings')),
    startUsage(field(field(payload, 'message'), 'usage')),
    usageBlock(usage),
  ].reduce(mergedUsage, undefined)
}

/**
 * The same from a piece of JSON text that may begin anywhere, such as the end of an answer: the last `usage` and the
 * last `timings` object in it that are complete. Text inside a JSON string cannot be mistaken for either, because the
 * quotes around a key are escaped there.
 */
export function usageInText(text: string): ReportedUsage | undefined {
  return mergedUsage(lastObject(text, '"timings"', timingsUsage), lastObject(text, '"usage"', usageBlock))
}

/**
 * Both reports as one. What `later` says holds, except that the larger prompt counts: Anthropic's events each name a
 * part of the sum only.
 */
export function mergedUsage(
  earlier: ReportedUsage | undefined,
  later: ReportedUsage | undefined,
): ReportedUsage | undefined {
  if (earlier === undefined) return later
  if (later === undefined) return earlier
  const prompt = Math.max(earlier.promptTokens ?? 0, later.promptTokens ?? 0)
  return {
    promptTokens: prompt > 0 ? prompt : undefined,
    cachedTokens: later.cachedTokens ?? earlier.cachedTokens,
    completionTokens: later.completionTokens ?? earlier.completionTokens,
  }
}

function usageBlock(usage: unknown): ReportedUsage | undefined {
  const prompt = count(field(usage, 'prompt_tokens'))
  if (prompt !== undefined) {
    const cached = count(field(field(usage, 'prompt_tokens_details'), 'cached_tokens'))
    return report(prompt, cached, count(field(usage, 'completion_tokens')))
  }
  const read = count(field(usage, 'cache_read_input_tokens'))
  const cached = read ?? count(field(field(usage, 'input_tokens_details'), 'cached_tokens'))
  // Anthropic's input_tokens leaves out what was read from and written to the cache; OpenAI's has it all.
  const parts = [count(field(usage, 'input_tokens')), read, count(field(usage, 'cache_creation_input_tokens'))]
  return report(sum(parts), cached, count(field(usage, 'output_tokens')))
}

/** Anthropic's message_start: its count of output tokens is where the answer begins, not what it came to. */
function startUsage(usage: unknown): ReportedUsage | undefined {
  const start = usageBlock(usage)
  return start === undefined ? undefined : report(start.promptTokens, start.cachedTokens, undefined)
}

/** llama.cpp: `prompt_n` are the tokens computed, `cache_n` those found in the cache. */
function timingsUsage(timings: unknown): ReportedUsage | undefined {
  const cached = count(field(timings, 'cache_n'))
  return report(sum([cached, count(field(timings, 'prompt_n'))]), cached, count(field(timings, 'predicted_n')))
}

/** llama.cpp with `return_progress`: known during the prefill already. */
function progressUsage(progress: unknown): ReportedUsage | undefined {
  return report(count(field(progress, 'total')), count(field(progress, 'cache')), undefined)
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function sum(parts: readonly (number | undefined)[]): number | undefined {
  return parts.every((part) => part === undefined) ? undefined : parts.reduce<number>((a, b) => a + (b ?? 0), 0)
}

/** No prompt is empty, so a prompt of 0 tokens is an engine's way of saying nothing. */
function report(
  prompt: number | undefined,
  cached: number | undefined,
  completion: number | undefined,
): ReportedUsage | undefined {
  const promptTokens = prompt === 0 ? undefined : prompt
  if (promptTokens === undefined && cached === undefined && completion === undefined) return undefined
  return { promptTokens, cachedTokens: cached, completionTokens: completion }
}

/** What `read` makes of the last object behind `key` that it can read. `key` includes its quotes. */
function lastObject(
  text: string,
  key: string,
  read: (value: unknown) => ReportedUsage | undefined,
): ReportedUsage | undefined {
  for (let at = text.lastIndexOf(key); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(key, at - 1)) {
    const open = /^\s*:\s*(?=\{)/.exec(text.slice(at + key.length, at + key.length + 64))
    if (open === null) continue
    const found = read(parsedJson(objectAt(text, at + key.length + open[0].length)))
    if (found !== undefined) return found
  }
  return undefined
}

/** The text of the object that opens at `start`, up to its closing brace; empty where it does not close. */
function objectAt(text: string, start: number): string {
  let depth = 0
  let quoted = false
  for (let i = start; i < text.length; i++) {
    const char = text[i]
    if (quoted) {
      if (char === '\\') i++
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '{') depth++
    else if (char === '}' && --depth === 0) return text.slice(start, i + 1)
  }
  return ''
}
