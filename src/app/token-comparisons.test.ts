import { describe, expect, it } from 'vitest'
import { fleetFixture } from '../core/testing/fleet-fixture.ts'
import { programLogTo } from '../observe/program-log.ts'
import { TokenComparisons, type TokenEndpoint } from './token-comparisons.ts'
import type { TokenVerdict } from './token-verdict.ts'

type Verdict = TokenVerdict<string>

const SAME: Verdict = { result: 'same', chat: 'c', text: 't', why: 'all the same', again: false }
const NO_CHATS: Verdict = { ...SAME, chat: undefined, why: 'chats were not told', again: true }
const UNKNOWN: Verdict = { result: 'unknown', chat: undefined, text: undefined, why: 'no answer', again: true }
const OTHER: Verdict = { ...UNKNOWN, result: 'different', why: 'others', again: false }

/** Endpoints that are compared with what the test says, at a time of its own. */
function rig(ids: readonly string[], verdicts: Record<string, Verdict[]>) {
  const { fleet } = fleetFixture(ids)
  const time = { now: 0 }
  const version: { current: string | undefined } = { current: undefined }
  const lines: string[] = []
  const asked: string[] = []
  const endpointsOf = (): TokenEndpoint[] =>
    fleet.endpoints.map((endpoint) => ({ endpoint, engine: 'vllm', version: version.current, headers: {} }))
  const log = programLogTo({ write: (line) => void lines.push(String(JSON.parse(line).msg)) }, 'info')
  const comparisons = new TokenComparisons<string>({
    model: 'm',
    logger: log.logger,
    clock: () => time.now,
    endpointsOf,
    judge: ({ endpoint }) => {
      asked.push(endpoint.id)
      return Promise.resolve(verdicts[endpoint.id]?.shift() ?? SAME)
    },
    settled: () => {},
  })
  const look = async (seconds: number): Promise<void> => {
    time.now += seconds
    comparisons.compare()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const endpoint = (id: string) => {
    const found = fleet.endpoint(id)
    if (found === undefined) throw new Error(`no endpoint ${id}`)
    return found
  }
  return { comparisons, look, asked, lines, endpoint, version }
}

describe('comparisons of tokens', () => {
  it('are made again for what could not be compared, while what is known stays', async () => {
    const { comparisons, look, asked, endpoint } = rig(['e'], { e: [NO_CHATS, UNKNOWN, SAME] })
    await look(0)
    expect(comparisons.verdictOf(endpoint('e'))).toBe(NO_CHATS)
    await look(4)
    expect(asked).toHaveLength(1)
    await look(2)
    expect([asked.length, comparisons.verdictOf(endpoint('e'))]).toEqual([2, NO_CHATS])
    await look(9)
    expect(asked).toHaveLength(2)
    await look(2)
    expect(comparisons.verdictOf(endpoint('e'))).toBe(SAME)
    await look(1000)
    expect(asked).toHaveLength(3)
  })

  it('are made again when the engine is another one, and then nothing of before counts', async () => {
    const { comparisons, look, asked, endpoint, version } = rig(['e'], { e: [SAME, UNKNOWN] })
    await look(0)
    version.current = '1'
    await look(0)
    expect(asked).toHaveLength(1)
    version.current = '2'
    await look(0)
    expect([asked.length, comparisons.verdictOf(endpoint('e'))]).toEqual([2, UNKNOWN])
  })

  it('tell whom others agree with, and who agrees', async () => {
    const { comparisons, look, endpoint } = rig(['a', 'b'], { b: [OTHER] })
    await look(0)
    expect([comparisons.differs(endpoint('a')), comparisons.differs(endpoint('b'))]).toEqual([undefined, 'others'])
    expect([comparisons.allAgree('chat'), comparisons.allAgree('text')]).toEqual([false, false])
    comparisons.restarted(endpoint('b'))
    await look(0)
    expect(comparisons.allAgree('text')).toBe(true)
    comparisons.overrule(endpoint('a'), 'it counts otherwise')
    expect(comparisons.differs(endpoint('a'))).toBe('it counts otherwise')
  })

  it('do not fill the log with an engine that never answers', async () => {
    const { look, lines, asked } = rig(['e'], { e: Array.from({ length: 30 }, () => UNKNOWN) })
    for (let i = 0; i < 20; i++) await look(700)
    expect(asked).toHaveLength(20)
    expect(lines).toEqual(["our tokens are not known to be the engine's"])
  })
})
