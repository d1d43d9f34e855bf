import type { EngineProfile } from './profile.ts'

/** The profile used where none is named. */
export const DEFAULT_PROFILE = 'qwen3-32b-tp2-h100'

/** Host work of one step, in milliseconds (1 to 2 ms were seen). */
const OVERHEAD_MS = 1.5

/** vLLM's chunk budget on large GPUs, as llm-d and AIConfigurator use it, and its other defaults. */
const LIMITS = { blockSize: 16, maxBatchedTokens: 8192, maxSequences: 256 } as const

/** Context of each sequence in the measured decode steps of the mixtures, in tokens. */
const MIXTURE_CONTEXT = 4096

/** Prefill base ms, per token µs, per token² ns; decode base ms, per sequence µs, per KV token ns. */
type Row = readonly [p0: number, p1: number, p2: number, q0: number, q1: number, q2: number]

function profile(name: string, kvTokens: number, row: Row, decodeTable?: readonly number[]): EngineProfile {
  const [p0, p1, p2, q0, q1, q2] = row
  const rates = {
    prefillBase: p0 / 1e3,
    prefillPerToken: p1 / 1e6,
    prefillPerPair: p2 / 1e9,
    decodeBase: q0 / 1e3,
    decodePerSequence: q1 / 1e6,
    decodePerKvToken: q2 / 1e9,
    overhead: OVERHEAD_MS / 1e3,
  }
  return { name, rates, ...(decodeTable === undefined ? {} : { decodeTable }), kvTokens, ...LIMITS }
}

/**
 * Dense models, BF16 weights and KV. Rates: composed from NVIDIA AIConfigurator's operator tables (vLLM 0.24 on H100 and
 * H200, 0.14 on A100; kernel time only, median error of the fit 1 to 3 %). KV tokens: (0.9 * memory - weights - 5.5 GiB
 * - 0.15 GiB, or 0.6 GiB with several GPUs) / bytes per token, with the constants of BLIS.
 */
const DENSE: readonly EngineProfile[] = [
  profile('llama-3.1-8b-a100', 421_000, [5.54, 55.1, 2.96, 11.1, 27.9, 82.3]),
  profile('llama-3.1-8b-h100', 418_000, [2.44, 19.3, 0.786, 6.35, 10.8, 42.5]),
  profile('llama-3.1-8b-h200', 866_000, [1.18, 20.0, 0.796, 4.91, 10.8, 30.3]),
  profile('qwen2.5-7b-a100', 976_000, [5.76, 51.3, 2.25, 10.6, 28, 39.2]),
  profile('qwen2.5-7b-h100', 970_000, [2.14, 18.6, 0.619, 5.93, 8.1, 18.9]),
  profile('qwen2.5-7b-h200', 1_994_000, [1.13, 18.8, 0.611, 4.56, 8.6, 13.6]),
  profile('qwen2.5-14b-a100', 212_000, [13.6, 98, 5.48, 20.5, 57, 131]),
  profile('qwen2.5-14b-h100', 210_000, [3.88, 36.6, 1.5, 11.3, 19.7, 67.6]),
  profile('qwen2.5-14b-h200', 508_000, [2.11, 36.8, 1.5, 8.75, 18.9, 47.9]),
  profile('qwen2.5-32b-a100', 21_000, [14.6, 229, 7.3, 44, 98, 176]),
  profile('qwen2.5-32b-h100', 20_000, [6.43, 85.6, 2.0, 24.4, 31.9, 90.2]),
  profile('qwen2.5-32b-h200', 244_000, [2.35, 86.8, 2.0, 18.7, 33, 64]),
  profile('qwen2.5-32b-tp2-a100', 289_000, [15.2, 125, 3.64, 24.6, 72, 88.5]),
  profile('qwen2.5-32b-tp2-h100', 287_000, [5.05, 48.4, 1.02, 13.9, 25.1, 43.7]),
  profile('qwen2.5-32b-tp2-h200', 735_000, [3.04, 48.7, 1.03, 11, 23.3, 31]),
  profile('qwen3-32b-h100', 20_000, [6.67, 85.6, 3.44, 24.7, 34.7, 89.3]),
  profile('qwen3-32b-tp2-a100', 289_000, [15.4, 124, 5.89, 24.5, 75, 88.8]),
  profile('qwen3-32b-tp2-h100', 287_000, [5.32, 47.9, 1.62, 13.6, 27.3, 43.8]),
  profile('qwen3-32b-tp2-h200', 735_000, [3.24, 48.4, 1.6, 10.8, 25, 31]),
  profile('llama-3-70b-tp4-a100', 433_000, [18, 152, 3.65, 27.6, 99, 57.9]),
  profile('llama-3-70b-tp4-h100', 429_000, [6.04, 59.7, 0.979, 15.1, 31.5, 26.9]),
  profile('llama-3-70b-tp4-h200', 1_145_000, [3.8, 60.9, 0.979, 12.2, 31.2, 18.8]),
  profile('llama-3-70b-tp8-a100', 1_296_000, [13.4, 97, 1.78, 17.2, 68, 27.5]),
  profile('llama-3-70b-tp8-h100', 1_288_000, [5.84, 40, 0.495, 9.95, 25.2, 13.6]),
  profile('llama-3-70b-tp8-h200', 2_721_000, [8.2, 36.8, 0.49, 8.3, 45.7, 10.5]),
]

/**
 * FP8 weights and FP8 KV cache: rates from the same tables, KV tokens from the same formula with one byte per weight
 * and 131,072 bytes of KV per token.
 */
const FP8: readonly EngineProfile[] = [
  profile('qwen3-32b-fp8-h100', 290_000, [6.23, 58.8, 3.42, 14.5, 42.4, 53.7]),
  profile('qwen3-32b-fp8-tp2-h100', 823_000, [4.78, 37.0, 1.6, 9.36, 25.7, 25.0]),
]

/**
 * Qwen3-30B-A3B, a mixture of experts. Prefill rates and KV tokens as above (8 GiB of activations instead of 5.5). The
 * decode tables are AIConfigurator's decode steps at batch 1 to 256 with 4,096 tokens of context each, less the time to
 * read that context: 98,304 bytes per KV token at the GPU's bandwidth (2.04, 3.35, 4.8 TB/s). The fourth and fifth rate
 * are the least-squares line through the table, for readers that know no table.
 *
 * H20 is an estimate: H200's table and prefill base scaled by bandwidth (4.0 TB/s), prefill rates scaled by compute (148
 * TFLOPS), and 250,928 KV tokens as LMetric's authors measured.
 */
const MIXTURE: readonly EngineProfile[] = [
  mixture('qwen3-30b-a3b-a100', 76_000, [45, 35.3, 4.49], 48.2, [7.0, 9.5, 14.7, 19.6, 26.3, 41.2, 55.1, 73.3, 133.5]),
  mixture('qwen3-30b-a3b-h100', 72_000, [21.1, 11.4, 1.21], 29.3, [4.9, 6.2, 8.6, 12.3, 15.7, 24.2, 32.3, 39.2, 61.8]),
  mixture('qwen3-30b-a3b-h200', 670_000, [16.3, 10.2, 1.2], 20.5, [4.3, 5.3, 7.3, 10.3, 12.9, 18.2, 22.3, 29.4, 48.1]),
  mixture(
    'qwen3-30b-a3b-h20',
    250_928,
    [19.6, 72, 8],
    24.6,
    [4.3, 5.3, 7.3, 10.3, 12.9, 18.2, 22.3, 29.4, 48.1].map((milliseconds) => milliseconds * 1.2),
  ),
]

function mixture(
  name: string,
  kvTokens: number,
  [p0, p1, p2]: readonly [number, number, number],
  perKvToken: number,
  stepMilliseconds: readonly number[],
): EngineProfile {
  const linear = stepMilliseconds.map((step, index) => step - (perKvToken * MIXTURE_CONTEXT * 2 ** index) / 1e6)
  const [base, slope] = lineThrough(linear)
  const row: Row = [p0, p1, p2, base, slope * 1e3, perKvToken]
  return profile(
    name,
    kvTokens,
    row,
    linear.map((milliseconds) => milliseconds / 1e3),
  )
}

/** Least-squares line through the values at 1, 2, 4, ...: intercept and slope. */
function lineThrough(values: readonly number[]): readonly [intercept: number, slope: number] {
  const meanX = (2 ** values.length - 1) / values.length
  const meanY = values.reduce((sum, value) => sum + value, 0) / values.length
  let covariance = 0
  let variance = 0
  for (const [index, value] of values.entries()) {
    const x = 2 ** index - meanX
    covariance += x * (value - meanY)
    variance += x * x
  }
  const slope = covariance / variance
  return [meanY - slope * meanX, slope]
}

const PROFILES = new Map([...DENSE, ...FP8, ...MIXTURE].map((entry) => [entry.name, entry]))

/** The names of all profiles. */
export const PROFILE_NAMES: readonly string[] = [...PROFILES.keys()]

/** The profile with a name like `qwen3-32b-tp2-h100`. Throws a RangeError that lists the known names. */
export function profileNamed(name: string): EngineProfile {
  const found = PROFILES.get(name)
  if (found === undefined)
    throw new RangeError(`no engine profile '${name}': choose one of ${PROFILE_NAMES.join(', ')}`)
  return found
}
