import { defineScorer, z } from '../../core/plugin.ts'

/** Prompt lengths, in tokens, that an endpoint is meant for. */
interface LengthRange {
  readonly min: number
  readonly max: number
}

/** Score of an endpoint without a readable range. */
const NEUTRAL = 0.5

/** Parses `min-max`; undefined when it is not of that form. */
function parseRange(text: string): LengthRange | undefined {
  const match = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(text)
  if (match === null) return undefined
  const [min, max] = [Number(match[1]), Number(match[2])]
  return min <= max ? { min, max } : undefined
}

/** Narrow ranges score higher, and so does room left above the prompt. */
function scoreInside({ min, max }: LengthRange, tokens: number): number {
  const width = max - min
  const headroom = width === 0 ? 1 : (max - tokens) / width
  return 0.3 + 0.7 * (0.7 / (1 + width / 10_000) + 0.3 * headroom)
}

function scoreOutside({ min, max }: LengthRange, tokens: number): number {
  const distance = tokens < min ? min - tokens : tokens - max
  return 0.3 / (1 + distance / 1000)
}

/**
 * Prefers endpoints whose label says that they are meant for prompts of this length. Inside the range:
 * `0.3 + 0.7 * (0.7 / (1 + width / 10000) + 0.3 * headroom / width)`; outside: `0.3 / (1 + distance / 1000)`; without a
 * readable label: 0.5. All in tokens.
 *
 * Source: llm-d's context-length-aware scorer, label name included.
 */
export default defineScorer({
  type: 'length-aware',
  summary: 'Prefers endpoints labelled for prompts of this length',
  options: z.strictObject({
    label: z
      .string()
      .min(1)
      .default('llm-d.ai/context-length-range')
      .describe('Label that holds the range of prompt tokens, as `min-max`'),
  }),
  reads: [],
  create({ label }) {
    // A pool has a handful of different ranges; parsing each once keeps requests free of it.
    const ranges = new Map<string, LengthRange | undefined>()

    function rangeOf(text: string): LengthRange | undefined {
      if (!ranges.has(text)) ranges.set(text, parseRange(text))
      return ranges.get(text)
    }

    return ({ promptTokens }, { labels }) => {
      const text = labels[label]
      const range = text === undefined ? undefined : rangeOf(text)
      if (range === undefined) return NEUTRAL
      const inside = promptTokens >= range.min && promptTokens <= range.max
      return inside ? scoreInside(range, promptTokens) : scoreOutside(range, promptTokens)
    }
  },
})
