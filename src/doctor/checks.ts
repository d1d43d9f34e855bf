import type { Check } from './check.ts'
import { answerCheck } from './checks/answer.ts'
import { cacheCheck } from './checks/cache.ts'
import { clockCheck } from './checks/clock.ts'
import { connectionCheck } from './checks/connection.ts'
import { engineCheck } from './checks/engine.ts'
import { httpCheck } from './checks/http.ts'
import { kvEventsCheck } from './checks/kv-events.ts'
import { metricsCheck } from './checks/metrics.ts'
import { modelsCheck } from './checks/models.ts'
import { overloadCheck } from './checks/overload.ts'
import { prefixCacheCheck } from './checks/prefix-cache.ts'
import { ranksCheck } from './checks/ranks.ts'
import { reachCheck } from './checks/reach.ts'
import { streamCheck } from './checks/stream.ts'
import { tokensCheck } from './checks/tokens.ts'

/** All checks of an endpoint, in their order: each builds on what those before it found out. */
export const CHECKS: readonly Check[] = [
  reachCheck,
  httpCheck,
  engineCheck,
  modelsCheck,
  metricsCheck,
  cacheCheck,
  answerCheck,
  streamCheck,
  prefixCacheCheck,
  kvEventsCheck,
  ranksCheck,
  tokensCheck,
  connectionCheck,
  clockCheck,
  overloadCheck,
]
