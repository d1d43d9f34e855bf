import type { EngineName, EngineTable } from './engine-table.ts'
import { llamaCpp } from './llama-cpp.ts'
import { lmdeploy } from './lmdeploy.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { sglang } from './sglang.ts'
import { tensorrtLlm } from './tensorrt-llm.ts'
import { tgi } from './tgi.ts'
import { vllm } from './vllm.ts'

/** All engines, the most widespread first; the one that has nothing to read is the last. */
export const ENGINE_TABLES: readonly EngineTable[] = [
  vllm,
  sglang,
  llamaCpp,
  tensorrtLlm,
  lmdeploy,
  tgi,
  ollama,
  openai,
]

/** The table of an engine. */
export function engineTable(engine: EngineName): EngineTable {
  return ENGINE_TABLES.find((table) => table.engine === engine) ?? openai
}
