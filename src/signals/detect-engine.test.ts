import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { detectEngine } from './detect-engine.ts'
import type { Probe, ProbeAnswer } from './probe.ts'
import { fixture } from './testing/fixture.ts'

type Routes = Readonly<Record<string, string | Partial<ProbeAnswer>>>

/** Answers these routes and 404 to all others, and writes down what it was asked. */
function engine(routes: Routes, others: Partial<ProbeAnswer> = {}): { probe: Probe; asked: string[] } {
  const asked: string[] = []
  const probe: Probe = async (path) => {
    asked.push(path)
    const route = routes[path]
    const answer = typeof route === 'string' ? { status: 200, text: route } : route
    return { status: 404, headers: {}, text: 'Not Found', ...others, ...answer }
  }
  return { probe, asked }
}

function models(owner: string): string {
  return JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', owned_by: owner }] })
}

describe('one request is enough for', () => {
  it.each([
    ['vllm', fixture('vllm-two-ranks.txt')],
    ['vllm', fixture('vllm-older.txt')],
    ['sglang', fixture('sglang-two-ranks.txt')],
    ['sglang', fixture('sglang-two-ranks.txt').replaceAll('sglang:', 'sglang_')],
    ['llama-cpp', fixture('llama-cpp.txt')],
    ['lmdeploy', fixture('lmdeploy.txt')],
    ['tgi', fixture('tgi.txt')],
    ['tensorrt-llm', fixture('tensorrt-llm.json')],
    ['tensorrt-llm', '[]'],
  ])('%s by what is at /metrics', async (name, page) => {
    const { probe, asked } = engine({ '/metrics': page })
    const found = await detectEngine(probe)
    expect(found).toMatchObject({ engine: name, answered: true, because: expect.stringContaining('GET /metrics') })
    expect(asked).toEqual(['/metrics'])
  })

  it('llama.cpp by its server header, metrics switched off or not loaded yet', async () => {
    for (const status of [501, 503]) {
      const { probe, asked } = engine({}, { status, headers: { server: 'llama.cpp' } })
      expect(await detectEngine(probe)).toMatchObject({
        engine: 'llama-cpp',
        because: expect.stringContaining('server: llama.cpp'),
      })
      expect(asked).toEqual(['/metrics'])
    }
  })
})

describe('two requests are enough for', () => {
  it.each([
    ['vllm', 'vllm'],
    ['sglang', 'sglang'],
    ['llama-cpp', 'llamacpp'],
    ['tensorrt-llm', 'tensorrt_llm'],
    ['lmdeploy', 'lmdeploy'],
    ['ollama', 'library'],
  ])('%s by the owner of its models', async (name, owner) => {
    const { probe, asked } = engine({ '/v1/models': models(owner) })
    expect(await detectEngine(probe)).toMatchObject({ engine: name, because: `its models are owned_by ${owner}` })
    expect(asked).toEqual(['/metrics', '/v1/models'])
  })
})

describe('routes of one engine alone', () => {
  it.each([
    ['sglang', '/v1/loads?include=core', '{"loads":[{"dp_rank":0}]}'],
    ['ollama', '/api/version', '{"version":"0.12.0"}'],
    ['tgi', '/info', '{"model_id":"m","max_total_tokens":8192}'],
    ['tensorrt-llm', '/prometheus/metrics', fixture('tensorrt-llm.txt')],
  ])('tell %s', async (name, path, answer) => {
    const { probe } = engine({ [path]: answer, '/v1/models': models('me') })
    expect(await detectEngine(probe)).toMatchObject({ engine: name, because: expect.stringContaining(path) })
  })

  it('tell SGLang from Ollama, some of whose routes it has', async () => {
    const { probe } = engine({ '/v1/loads?include=core': '{"loads":[]}', '/api/version': '{"version":"0.12.0"}' })
    expect(await detectEngine(probe)).toMatchObject({ engine: 'sglang' })
  })
})

describe('anything else', () => {
  it('is a plain server, in six requests, with what was found instead', async () => {
    const { probe, asked } = engine({ '/metrics': '<html>Welcome</html>', '/v1/models': models('acme'), '/info': '{}' })
    const found = await detectEngine(probe)
    expect(found).toMatchObject({
      engine: 'openai',
      answered: true,
      because: expect.stringContaining('GET /api/version: status 404'),
    })
    expect(asked).toHaveLength(6)
  })

  it('is not told by a page about something else, or about several engines by their order', async () => {
    const other = engine({ '/metrics': '# HELP x about vllm: y\nnode_load1 0.5\nx{e="vllm:"} 1\n' })
    expect(await detectEngine(other.probe)).toMatchObject({ engine: 'openai' })
    const both = engine({ '/metrics': 'sglang:num_running_reqs 1\nvllm:num_requests_running 2\n' })
    expect(await detectEngine(both.probe)).toMatchObject({ engine: 'sglang' })
  })

  it('that cannot be reached is asked twice and said to have given no answer', async () => {
    const asked: string[] = []
    const found = await detectEngine(async (path) => {
      asked.push(path)
      throw new Error('connect ECONNREFUSED')
    })
    expect(found).toMatchObject({ engine: 'openai', answered: false, because: expect.stringContaining('ECONNREFUSED') })
    expect(asked).toHaveLength(2)
  })

  it('that only has errors of a server has not answered either', async () => {
    const { probe } = engine({}, { status: 503 })
    expect(await detectEngine(probe)).toMatchObject({ engine: 'openai', answered: false })
  })

  it('whose metrics hang is told by its models', async () => {
    const { probe } = engine({ '/v1/models': models('vllm') })
    const found = await detectEngine((path) =>
      path === '/metrics' ? Promise.reject(new Error('timeout')) : probe(path),
    )
    expect(found).toMatchObject({ engine: 'vllm', answered: true })
  })

  it('is never an error, and always in six requests', async () => {
    const answer = fc.record({
      status: fc.constantFrom(200, 200, 404, 500),
      headers: fc.dictionary(fc.constantFrom('server', 'x'), fc.string()),
      text: fc.oneof(fc.string(), fc.json(), fc.constantFrom('[{"iter":"x"}]', '{"data":[{}]}', '{"data":null}')),
    })
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(answer), async (answers) => {
        let asked = 0
        const found = await detectEngine(async () => {
          asked += 1
          const next = answers.next()
          if (next.done === true) throw new Error('no more')
          return next.value
        })
        expect(found.because).not.toBe('')
        expect(asked).toBeLessThanOrEqual(6)
      }),
    )
  })
})
