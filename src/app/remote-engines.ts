import type { EngineName } from '../signals/metrics/engine-table.ts'
import type { RemoteEngine } from '../tokenizer/engine-tokens.ts'

const REMOTE_ENGINES: Readonly<Partial<Record<EngineName, RemoteEngine>>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  'llama-cpp': 'llama.cpp',
}

/** The routes by which an engine tells its tokens; undefined where it has none. */
export function remoteEngine(engine: EngineName | undefined): RemoteEngine | undefined {
  return engine === undefined ? undefined : REMOTE_ENGINES[engine]
}
