import type { EngineContext } from '../engine-context.ts'
import { EngineError } from '../engine-error.ts'
import type { ReadyReply } from '../engine-route.ts'
import type { MetricsForm } from '../flavor.ts'
import { llamaPage } from './llama-page.ts'
import { METRICS_TYPE } from './page-writer.ts'
import { sglangPage } from './sglang-page.ts'
import { tensorrtPage } from './tensorrt-page.ts'
import { vllmPage } from './vllm-page.ts'

/** The metrics page of the form, with everything that has happened up to now. */
export function metricsReply(context: EngineContext, form: MetricsForm): ReadyReply {
  for (const { driver } of context.ranks) driver.wake()
  return { body: pageOf(context, form), contentType: METRICS_TYPE }
}

function pageOf(context: EngineContext, form: MetricsForm): string {
  switch (form) {
    case 'vllm':
      return vllmPage(context, false)
    case 'vllm-old':
      return vllmPage(context, true)
    case 'sglang':
      return sglangPage(context)
    case 'llama.cpp':
      return llamaPage(context)
    case 'tensorrt-llm':
      return tensorrtPage(context)
    case 'none':
      throw new EngineError(404, 'This engine reports no metrics.')
  }
}
