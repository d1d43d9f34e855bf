import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { addConfigFlags, configFlags } from './flags.ts'
import { loaded, problemsOf } from './testing/load-text.ts'

function parse(...argv: string[]) {
  const command = addConfigFlags(new Command('start')).exitOverride()
  command.parse(argv, { from: 'user' })
  return configFlags(command)
}

const FILE = 'endpoints: [http://a:1]\npools: [{ model: m, aliases: [x] }, { model: n }]\n'

describe('flags', () => {
  test('each sets its key', () => {
    const network = '--host ::1 --port 1 --admin-host h --admin-port 2 -e http://a:1 --endpoint http://b:1'
    const rest = '--policy prefix-aware --log-level debug --log-format off'
    const generic = '--set limits.attempts=7 --set headers.compatible=true --set log.file=a=b'
    const flags = parse(...`${network} ${rest} ${generic}`.split(' '))
    const { config } = loaded('', { flags })
    expect(config).toMatchObject({
      listen: { host: '::1', port: 1 },
      admin: { host: 'h', port: 2 },
      policy: { type: 'prefix-aware', saturation: 8 },
      log: { level: 'debug', format: 'off', file: 'a=b' },
      endpoints: [{ id: 'a:1' }, { id: 'b:1' }],
      limits: { attempts: 7 },
      headers: { compatible: true },
    })
  })

  test('none are given by default, and those of the program count too', () => {
    expect(parse()).toEqual({})
    const program = new Command().option('--port <port>')
    const start = program.command('start').action(() => {})
    program.parse(['--port', '5', 'start'], { from: 'user' })
    expect(configFlags(start)).toEqual({ port: '5' })
  })

  test('--config names the file', () => {
    expect(parse('-c', 'x.yaml').config).toBe('x.yaml')
  })
})

describe('--model-alias', () => {
  test('adds to the pool of the model, or makes one', () => {
    const flags = parse(
      '--model-alias',
      'y=m',
      '--model-alias',
      'z=n',
      '--model-alias',
      'a=new',
      '--model-alias',
      'b=new',
    )
    expect(loaded(FILE, { flags }).config.pools.map(({ model, aliases }) => `${model}: ${aliases.join()}`)).toEqual([
      'm: x,y',
      'n: z',
      'new: a,b',
    ])
  })

  test('is checked like any alias', () => {
    const flags = parse('--model-alias', 'x=m', '--model-alias', 'm=n', '--model-alias', 'nonsense')
    expect(problemsOf(FILE, { flags })).toEqual([
      '--model-alias nonsense : expected alias=model, such as gpt-4o=qwen3-32b',
      '--model-alias x=m pools[0].aliases[1]: "x" is the name of pools[0].aliases[0] already',
      '--model-alias m=n pools[1].aliases[0]: "m" is the name of pools[0].model already',
    ])
  })

  test('leaves a faulty list of pools to its own problem', () => {
    const flags = parse('--model-alias', 'x=m')
    expect(problemsOf('endpoints: [http://a:1]\npools: 5\n', { flags })).toEqual([
      '--model-alias x=m pools[0].model: cannot be set, because pools is 5 (set pools as a whole)',
      '--model-alias x=m pools[0].aliases[0]: cannot be set, because pools is 5 (set pools as a whole)',
      '2:8 pools: expected a list, found 5',
    ])
  })
})
