import { markdownTable } from '../results/table.ts'

/** Attention of a model: layers, query heads, heads of keys and values, elements per head. */
type Shape = readonly [name: string, layers: number, heads: number, kvHeads: number, headSize: number]

const SHAPES: readonly Shape[] = [
  ['Llama 3 8B', 32, 32, 8, 128],
  ['Llama 3.2 3B', 28, 24, 8, 128],
  ['Llama 3 70B', 80, 64, 8, 128],
  ['Qwen2.5 7B', 28, 28, 4, 128],
  ['Qwen3 32B', 64, 64, 8, 128],
  ['Qwen3 30B-A3B', 48, 32, 4, 128],
]

const KIB = 1024
const GIB = 1024 ** 3
const BF16_BYTES = 2
const CONTEXTS = [8 * KIB, 128 * KIB]

/** The size of a KV cache by the published formula, and by the number of heads that keys and values really have. */
export function kvSizeTable(): string[] {
  const header = ['model', 'query / KV heads', 'published, KiB a token', 'corrected', '8K: published', 'corrected']
  const rows = SHAPES.map(([name, layers, heads, kvHeads, headSize]) => {
    const [published, corrected] = [heads, kvHeads].map((count) => 2 * layers * count * headSize * BF16_BYTES)
    const sizes = CONTEXTS.flatMap((tokens) => [published, corrected].map((bytes = 0) => gibibytes(bytes * tokens)))
    return [name, `${heads} / ${kvHeads}`, kibibytes(published), kibibytes(corrected), ...sizes]
  })
  return markdownTable([...header, '128K: published', 'corrected'], rows)
}

function kibibytes(bytes = 0): string {
  return (bytes / KIB).toFixed(0)
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(bytes < 10 * GIB ? 2 : 1)} GiB`
}
