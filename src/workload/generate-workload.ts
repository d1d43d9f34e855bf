import { generateAgents } from './generate-agents.ts'
import { generateBranches } from './generate-branches.ts'
import { generateChat } from './generate-chat.ts'
import { generateRag, generateSingle } from './generate-questions.ts'
import { generateBursts, generateGroups, generateHot } from './generate-shared-prefixes.ts'
import { knobDefaults } from './generator-knobs.ts'
import type { GeneratorKnobs, WorkloadKind } from './generator-knobs.ts'
import { createRandom } from './random.ts'
import type { Random } from './random.ts'
import type { Workload, WorkloadSession } from './workload.ts'

const generators: Record<WorkloadKind, (knobs: GeneratorKnobs, random: Random) => WorkloadSession[]> = {
  chat: generateChat,
  tools: generateChat,
  rag: generateRag,
  single: generateSingle,
  groups: generateGroups,
  hot: generateHot,
  bursts: generateBursts,
  agents: generateAgents,
  branches: generateBranches,
}

/** Makes a workload; the same kind, knobs and seed always make the same one. */
export function generateWorkload(kind: WorkloadKind, knobs: Partial<GeneratorKnobs>, seed: number): Workload {
  const all = { ...knobDefaults[kind], ...knobs }
  return { name: kind, pacing: 'sessions', sessions: generators[kind](all, createRandom(seed)), notes: [] }
}
