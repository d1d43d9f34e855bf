import { Command } from 'commander'
import { startRouter } from '../app/start-router.ts'
import { addConfigFlags, configFlags } from '../config/flags.ts'
import { parseQuantity, TOKENS } from '../config/quantity.ts'
import { DEFAULT_PROFILE, PROFILE_NAMES } from '../engine/profiles.ts'

/** `kvasir start`: runs the router; with no endpoint configured, in front of simulated engines of its own. */
export function startCommand(): Command {
  const command = new Command('start').description(
    'Start the router. With no endpoint configured it starts simulated engines and routes to them.',
  )
  addConfigFlags(command)
  return command
    .option('--engines <count>', 'simulated engines to start when no endpoint is configured', '4')
    .option(
      '--engine-profile <name>',
      `profile of the simulated engines (${PROFILE_NAMES.slice(0, 3).join(', ')}, ...)`,
      DEFAULT_PROFILE,
    )
    .option('--engine-speed <factor>', 'time scale of the simulated engines', '1')
    .option('--engine-kv-tokens <count>', "KV tokens of each simulated engine, e.g. 300k; the profile's by default")
    .action(start)
}

interface EngineFlags {
  readonly engines: string
  readonly engineProfile: string
  readonly engineSpeed: string
  readonly engineKvTokens?: string
}

async function start(flags: EngineFlags, command: Command): Promise<void> {
  try {
    await startRouter(configFlags(command), {
      engines: wholeNumber('--engines', flags.engines),
      profile: knownProfile(flags.engineProfile),
      speed: positive('--engine-speed', flags.engineSpeed),
      kvTokens: flags.engineKvTokens === undefined ? undefined : tokens('--engine-kv-tokens', flags.engineKvTokens),
    })
  } catch (error) {
    process.stderr.write(`kvasir: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(2)
  }
}

function knownProfile(name: string): string {
  if (PROFILE_NAMES.includes(name)) return name
  throw new Error(`--engine-profile: expected one of ${PROFILE_NAMES.join(', ')}; found '${name}'`)
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`${flag}: expected a whole number of at least 1, found '${text}'`)
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`${flag}: expected a number above 0, found '${text}'`)
}

function tokens(flag: string, text: string): number {
  const value = parseQuantity(TOKENS, text)
  if (value !== undefined && value > 0) return value
  throw new Error(`${flag}: expected a number of tokens such as 300k or 1M, found '${text}'`)
}
