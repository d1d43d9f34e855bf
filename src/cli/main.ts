#!/usr/bin/env node
import { Command } from 'commander'
import { VERSION } from './version.ts'

/**
 * The commands by name. A command's code is loaded only when it runs, so that the start of the router does not pay for
 * the bench, nor `config check` for the router.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  engine: async () => (await import('./engine.ts')).engineCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  plan: async () => (await import('./plan.ts')).planCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
}

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('kvasir')
    .description('Routes every LLM request to the replica where it costs least.')
    .version(VERSION)
  const wanted = argv.find((word) => !word.startsWith('-'))
  const chosen = wanted === undefined ? undefined : COMMANDS[wanted]
  for (const load of chosen === undefined ? Object.values(COMMANDS) : [chosen]) program.addCommand(await load())
  failWithTwo(program)
  await program.parseAsync([...argv], { from: 'user' })
}

/** Wrong usage ends with exit code 2 in every command and sub-command. */
function failWithTwo(command: Command): void {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  for (const child of command.commands) failWithTwo(child)
}

await main(process.argv.slice(2))
