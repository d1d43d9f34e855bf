/** Whose interface a simulated engine has. */
export const FLAVORS = ['vllm', 'sglang', 'llama.cpp', 'tensorrt-llm', 'openai'] as const

export type Flavor = (typeof FLAVORS)[number]

/** Under whose names metrics are reported; `vllm-old` is vLLM before 0.9, `none` has no page. */
export const METRICS_FORMS = ['vllm', 'vllm-old', 'sglang', 'llama.cpp', 'tensorrt-llm', 'none'] as const

export type MetricsForm = (typeof METRICS_FORMS)[number]

/** The metrics an engine of a flavour reports unless told otherwise. */
export function metricsOf(flavor: Flavor): MetricsForm {
  return flavor === 'openai' ? 'none' : flavor
}

/** `owned_by` in the list of models. */
export const MODEL_OWNERS: Readonly<Record<Flavor, string>> = {
  vllm: 'vllm',
  sglang: 'sglang',
  'llama.cpp': 'llamacpp',
  'tensorrt-llm': 'tensorrt_llm',
  openai: 'kvasir',
}
