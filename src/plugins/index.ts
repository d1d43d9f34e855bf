// Written by scripts/generate-plugins.ts from the files in this folder. Do not edit.
import type { FilterPlugin, PickerPlugin, PolicyPlugin, ScorerPlugin } from '../core/plugin.ts'
import byLabelFilter from './filters/by-label.ts'
import byRoleFilter from './filters/by-role.ts'
import notSaturatedFilter from './filters/not-saturated.ts'
import prefixAffinityFilter from './filters/prefix-affinity.ts'
import maxScorePicker from './pickers/max-score.ts'
import randomPicker from './pickers/random.ts'
import weightedRandomPicker from './pickers/weighted-random.ts'
import aibrixPrefixCachePolicy from './policies/aibrix-prefix-cache.ts'
import bailianPolicy from './policies/bailian.ts'
import consistentHashPolicy from './policies/consistent-hash.ts'
import dualMapPolicy from './policies/dual-map.ts'
import dynamoPolicy from './policies/dynamo.ts'
import hitBonusPolicy from './policies/hit-bonus.ts'
import kubeaiChwblPolicy from './policies/kubeai-chwbl.ts'
import leastLoadedPolicy from './policies/least-loaded.ts'
import leastPrefillWorkPolicy from './policies/least-prefill-work.ts'
import lengthClassPolicy from './policies/length-class.ts'
import llmDDefaultPolicy from './policies/llm-d-default.ts'
import lmetricPolicy from './policies/lmetric.ts'
import marginalCostPolicy from './policies/marginal-cost.ts'
import minTtftPolicy from './policies/min-ttft.ts'
import powerOfTwoPolicy from './policies/power-of-two.ts'
import preblePolicy from './policies/preble.ts'
import prefixAwarePolicy from './policies/prefix-aware.ts'
import randomPolicy from './policies/random.ts'
import roundRobinPolicy from './policies/round-robin.ts'
import sessionAffinityPolicy from './policies/session-affinity.ts'
import sglangCacheAwarePolicy from './policies/sglang-cache-aware.ts'
import smgCacheAwarePolicy from './policies/smg-cache-aware.ts'
import smgLeastLoadPolicy from './policies/smg-least-load.ts'
import stickyUntilSaturatedPolicy from './policies/sticky-until-saturated.ts'
import vllmJsqPolicy from './policies/vllm-jsq.ts'
import weightedScorersPolicy from './policies/weighted-scorers.ts'
import adapterAffinityScorer from './scorers/adapter-affinity.ts'
import inFlightTokensScorer from './scorers/in-flight-tokens.ts'
import inFlightScorer from './scorers/in-flight.ts'
import kvFillScorer from './scorers/kv-fill.ts'
import labelsScorer from './scorers/labels.ts'
import lengthAwareScorer from './scorers/length-aware.ts'
import noHitLruScorer from './scorers/no-hit-lru.ts'
import prefixMatchScorer from './scorers/prefix-match.ts'
import queueWorkScorer from './scorers/queue-work.ts'
import sessionScorer from './scorers/session.ts'

export const POLICIES: readonly PolicyPlugin[] = [
  aibrixPrefixCachePolicy,
  bailianPolicy,
  consistentHashPolicy,
  dualMapPolicy,
  dynamoPolicy,
  hitBonusPolicy,
  kubeaiChwblPolicy,
  leastLoadedPolicy,
  leastPrefillWorkPolicy,
  lengthClassPolicy,
  llmDDefaultPolicy,
  lmetricPolicy,
  marginalCostPolicy,
  minTtftPolicy,
  powerOfTwoPolicy,
  preblePolicy,
  prefixAwarePolicy,
  randomPolicy,
  roundRobinPolicy,
  sessionAffinityPolicy,
  sglangCacheAwarePolicy,
  smgCacheAwarePolicy,
  smgLeastLoadPolicy,
  stickyUntilSaturatedPolicy,
  vllmJsqPolicy,
  weightedScorersPolicy,
]

export const FILTERS: readonly FilterPlugin[] = [byLabelFilter, byRoleFilter, notSaturatedFilter, prefixAffinityFilter]

export const SCORERS: readonly ScorerPlugin[] = [
  adapterAffinityScorer,
  inFlightScorer,
  inFlightTokensScorer,
  kvFillScorer,
  labelsScorer,
  lengthAwareScorer,
  noHitLruScorer,
  prefixMatchScorer,
  queueWorkScorer,
  sessionScorer,
]

export const PICKERS: readonly PickerPlugin[] = [maxScorePicker, randomPicker, weightedRandomPicker]
