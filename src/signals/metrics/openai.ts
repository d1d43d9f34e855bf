import type { EngineTable } from './engine-table.ts'

/** Anything else that speaks the OpenAI protocol: nothing to read, its load is what this router itself has sent there. */
export const openai: EngineTable = {
  engine: 'openai',
  title: 'OpenAI-compatible server',
  signs: { families: [], ownedBy: [] },
  routes: [],
}
