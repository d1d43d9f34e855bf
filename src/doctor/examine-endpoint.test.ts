import { createServer as createTcpServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'vitest'
import { MAY_BE_LATE } from '../../test/testing/may-be-late.ts'
import { KvEventPublisher } from '../signals/kv-events/publisher.ts'
import type { DoctorOptions, KvEventAddresses } from './doctor-options.ts'
import { examineEndpoint } from './examine-endpoint.ts'
import { findingsOf, problemsOf, quickOptions } from './testing/doctor-options.ts'
import { scriptedEngine, vllmMetrics, type Script } from './testing/scripted-engine.ts'

/** What the tests run beside each other with: everything that is opened is closed after its own test. */
function bench(onTestFinished: TestContext['onTestFinished']) {
  const keep = <T extends AsyncDisposable>(one: T): T => {
    onTestFinished(async () => await one[Symbol.asyncDispose]())
    return one
  }
  const engine = async (script: Script = {}) => keep(await scriptedEngine(script))
  return {
    engine,
    publisher: async () =>
      keep(await KvEventPublisher.start({ address: 'tcp://127.0.0.1:*', replay: 'tcp://127.0.0.1:*' })),
    tcpServer: async (onConnection: (socket: Socket) => void) => keep(await tcpServer(onConnection)),
    /** What the doctor says about an engine with this script. */
    async examine(script: Script, more: Partial<DoctorOptions> = {}, kvEvents?: KvEventAddresses) {
      const { url, asked } = await engine(script)
      const report = await examineEndpoint({ url, kvEvents }, quickOptions(more))
      return { report, findings: findingsOf(report), problems: problemsOf(report), asked }
    },
  }
}

/** A server of raw connections. */
async function tcpServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

describe.concurrent('a good engine', () => {
  it('has no problems, and its facts are read', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const { report, problems, findings } = await examine({
      metrics: vllmMetrics(
        'block_size="16",num_gpu_blocks="1000",enable_prefix_caching="True",prefix_caching_hash_algo="sha256_cbor"',
      ),
    })
    expect(problems).toEqual([])
    expect(report.facts).toMatchObject({
      engine: 'vllm',
      version: '0.31.0',
      models: ['m'],
      contextTokens: 8192,
      blockSize: 16,
      kvCapacityTokens: 16_000,
      hashAlgorithm: 'sha256_cbor',
      prefixCaching: true,
      cachedTokensReported: true,
      generatingRoute: 'chat',
    })
    expect(findings.get('stream.flows')?.text).toMatch(/32 events/)
    expect(findings.get('prefix-cache.on')?.text).toMatch(/^of 1,\d\d\d tokens sent again \d+ were cached/)
    expect(findings.get('clock.same')?.level).toBe('ok')
  })

  it('is asked for nothing that generates with readOnly', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const { asked, problems, findings } = await examine({}, { readOnly: true })
    expect(asked.filter((line) => line.includes('completions'))).toEqual([])
    expect(findings.has('answer.skipped')).toBe(true)
    expect(problems).toEqual([])
  })
})

describe.concurrent('what is wrong with an engine is named with its flag', () => {
  it('prefix caching off', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const { findings, problems } = await examine({
      caching: false,
      metrics: `${vllmMetrics()}vllm:prefix_cache_hits_total{engine="0"} 0\nvllm:prefix_cache_queries_total{engine="0"} 0\n`,
    })
    // Its counters never move, so time is what is left: every repetition takes as long as the first.
    expect(findings.get('prefix-cache.off')?.advice).toContain('--no-enable-prefix-caching')
    expect(problems).toEqual(['prefix-cache.off'])
  })

  it('prefix caching switched off in its configuration', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const { problems, findings } = await examine(
      { metrics: vllmMetrics('block_size="16",enable_prefix_caching="False"') },
      { readOnly: true },
    )
    expect(problems).toEqual(['cache.prefix-off'])
    expect(findings.get('cache.size-unknown')?.advice).toContain('kvTokens')
  })

  it('cached tokens not reported, though time shows that they are cached', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const { findings, problems } = await examine({ cached: 'null' })
    expect(findings.get('prefix-cache.on')?.text).toMatch(/answered sooner/)
    expect(findings.get('prefix-cache.unreported')?.advice).toBe('start it with --enable-prompt-tokens-details')
    expect(problems).toEqual(['prefix-cache.unreported'])
  })

  it('a stream that is held back, cut, or none', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    expect((await examine({ stream: 'late' })).problems).toContain('stream.buffered')
    expect((await examine({ stream: 'cut' })).problems).toContain('stream.cut')
    const plain = await examine({ stream: 'plain' })
    expect(plain.findings.get('stream.malformed')?.text).toContain('application/json')
  })

  it('metrics switched off', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const instead: Script['instead'] = (path, response) => {
      if (path !== '/metrics') return false
      response.writeHead(404).end()
      return true
    }
    const { findings } = await examine({ instead }, { readOnly: true })
    expect(findings.get('metrics.missing')).toMatchObject({
      level: 'problem',
      advice: 'start it without --disable-log-stats',
    })
  })

  it('an early end of idle connections', MAY_BE_LATE, async ({ onTestFinished, expect }) => {
    const { engine } = bench(onTestFinished)
    const web = await engine()
    web.server.keepAliveTimeout = 600
    web.server.keepAliveTimeoutBuffer = 0
    const report = await examineEndpoint({ url: web.url }, quickOptions({ readOnly: true, idle: 3 }))
    expect(report.facts.idleSeconds).toBeGreaterThan(0.5)
    expect(report.facts.idleSeconds).toBeLessThan(1.5)
    expect(findingsOf(report).get('connection.idle-short')?.advice).toMatch(
      /VLLM_HTTP_TIMEOUT_KEEP_ALIVE.*such as (250|300|350)ms/,
    )
  })

  it('a clock that is wrong', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const instead: Script['instead'] = (_path, response) => {
      response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString())
      return false
    }
    const { findings } = await examine({ instead }, { readOnly: true })
    expect(findings.get('clock.off')?.text).toMatch(/(3599|3600|3601) s behind ours/)
  })
})

describe.concurrent('KV events', () => {
  it('arrive, with block size, hash and replay', async ({ onTestFinished, expect }) => {
    const { examine, publisher } = bench(onTestFinished)
    const events = await publisher()
    const { report, findings, problems } = await examine(
      { publisher: events },
      {},
      { address: events.address, replay: events.replayAddress },
    )
    expect(problems).toEqual([])
    expect(findings.get('kv-events.arrive')?.text).toMatch(
      /blocks of 16 tokens stored, the first \d+ ms after a prompt/,
    )
    expect(findings.get('kv-events.replay')?.text).toMatch(/: \d+ messages, from number 0 on$/)
    expect(report.facts).toMatchObject({ kvEventsArrive: true, firstBlockHash: 'abc0' })
  })

  it('are found at the address that the engine shows', async ({ onTestFinished, expect }) => {
    const { examine, publisher } = bench(onTestFinished)
    const events = await publisher()
    const shown = {
      '0': { publisher: 'zmq', endpoint: events.address.replace('127.0.0.1', '*'), replay_endpoint: null },
    }
    const instead: Script['instead'] = (path, response) => {
      if (path !== '/kv_event_sources') return false
      response.end(JSON.stringify(shown))
      return true
    }
    const { findings } = await examine({ publisher: events, instead })
    expect(findings.get('kv-events.arrive')?.text).toContain(events.address)
    expect(findings.get('kv-events.no-replay')?.advice).toContain('"replay_endpoint"')
  })

  it('that do not come, a replay that does not answer', async ({ onTestFinished, expect }) => {
    const { examine, publisher, tcpServer } = bench(onTestFinished)
    const silent = await publisher()
    const none = await examine({}, {}, { address: silent.address, replay: undefined })
    expect(none.findings.get('kv-events.silent')?.advice).toMatch(
      /prefix caching on, and that the port is its own: start it with .*"enable_kv_cache_events":true/,
    )

    const events = await publisher()
    const { port } = await tcpServer(() => {})
    const { findings } = await examine(
      { publisher: events },
      { timeout: 1 },
      { address: events.address, replay: `tcp://127.0.0.1:${port}` },
    )
    expect(findings.get('kv-events.replay')).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('no end of the answer in time'),
    })
  })

  it('at a port that is no event stream, or no port at all', async ({ onTestFinished, expect }) => {
    const { engine, examine } = bench(onTestFinished)
    const web = await engine()
    const other = await examine({}, { timeout: 1 }, { address: web.url.replace('http', 'tcp'), replay: undefined })
    expect(other.problems).toEqual([expect.stringMatching(/^kv-events\.(not-zeromq|garbage)$/)])
    const closed = await examine({}, { readOnly: true }, { address: 'tcp://127.0.0.1:1', replay: undefined })
    expect(closed.findings.get('kv-events.unreachable')?.text).toContain('nothing listens there')
  })

  it('that are fetched: whether those of a new prompt are among them', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const pull = { address: 'pull', replay: undefined }
    let events: object[] = []
    let asked = 0
    const block = (hash: number): object => ({
      block_hash: hash,
      tokens: Array.from({ length: 32 }, (_, id) => ({ token_id: id })),
    })
    const add = (id: number): void => {
      events.push({ event_id: id, data: { type: 'stored', parent_hash: null, blocks: [block(id), block(99)] } })
    }
    add(7)
    const handing: Script['instead'] = (path, response) => {
      if (path === '/v1/chat/completions') add(8 + asked++)
      if (path !== '/kv_cache_events') return false
      response.end(JSON.stringify(events))
      events = []
      return true
    }
    const good = await examine({ instead: handing }, {}, pull)
    expect(good.findings.get('kv-events.arrive')?.text).toMatch(
      /^POST \/kv_cache_events: \d+ blocks of 32 tokens stored, the first \d+ ms after a prompt/,
    )
    expect(good.report.facts).toMatchObject({ kvEventsArrive: true, kvEventSource: { address: 'pull' } })
    expect(good.problems).toEqual([])

    const none: Script['instead'] = (path, response) => {
      if (path !== '/kv_cache_events') return false
      response.end('[]')
      return true
    }
    const silent = await examine({ instead: none }, { timeout: 1 }, pull)
    expect(silent.findings.get('kv-events.silent')?.advice).toMatch(/event_buffer_max_size above 0/)
    const other = await examine({}, { timeout: 2 }, pull)
    expect(other.findings.get('kv-events.not-handed-out')?.text).toMatch(/found status 404/)
    const reading = await examine({ instead: handing }, { readOnly: true }, pull)
    expect(reading.findings.get('kv-events.not-fetched')?.advice).toBe('leave --read-only away')
  })

  it('of another form', async ({ onTestFinished, expect }) => {
    const { examine, publisher } = bench(onTestFinished)
    const events = await publisher()
    const instead: Script['instead'] = (path) => {
      if (path === '/v1/chat/completions') events.publish(Uint8Array.of(0xc1, 1, 2))
      return false
    }
    const { problems } = await examine({ instead }, { timeout: 1 }, { address: events.address, replay: undefined })
    expect(problems).toEqual(['kv-events.garbage'])
  })
})

describe.concurrent('what is no engine', () => {
  it('a page for browsers, a redirect, a refusal, a failure', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const answering = (status: number, text: string, headers: Record<string, string> = {}): Script => ({
      instead: (_path, response) => {
        response.writeHead(status, headers).end(text)
        return true
      },
    })
    const ask = async (script: Script): Promise<string[]> => (await examine(script)).problems
    expect(await ask(answering(200, '<!DOCTYPE html><html><body>Welcome</body></html>'))).toEqual(['http.html'])
    expect(await ask(answering(301, '', { location: 'https://elsewhere/' }))).toEqual(['http.redirect'])
    expect(await ask(answering(401, '{"error":"key"}'))).toEqual(['http.refused'])
    expect(await ask(answering(503, 'loading'))).toEqual(['http.failing'])
  })

  it('a server that has neither models nor health, unless a model is named', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const instead: Script['instead'] = (path, response) => {
      if (path !== '/v1/models' && path !== '/health') return false
      response.writeHead(404).end()
      return true
    }
    const { report, findings, asked } = await examine({ instead })
    expect(findings.get('http.nothing')).toMatchObject({ level: 'problem' })
    expect(report.checks.map(({ check }) => check)).toEqual(['reach', 'http'])
    expect(asked).toEqual(['GET /v1/models', 'GET /health'])
    const named = await examine({ instead }, { model: 'm' })
    expect(named.findings.has('http.nothing')).toBe(false)
    expect(named.findings.get('answer.usage')).toMatchObject({ level: 'ok' })
  })

  it('JSON of no known form', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const instead: Script['instead'] = (_path, response) => {
      response.end('{"data":42,"choices":"x"}')
      return true
    }
    const { problems, findings } = await examine({ instead })
    expect(findings.has('engine.unknown')).toBe(true)
    expect(problems).toEqual(['models.none'])
  })

  it('an engine whose answers are garbage', async ({ onTestFinished, expect }) => {
    const { examine } = bench(onTestFinished)
    const instead: Script['instead'] = (path, response) => {
      if (!path.includes('completions')) return false
      response.end('\u0000\u0001 garbage')
      return true
    }
    expect((await examine({ instead })).problems).toEqual(['answer.malformed'])
  })

  it('a server that never answers', MAY_BE_LATE, async ({ onTestFinished, expect }) => {
    const { tcpServer } = bench(onTestFinished)
    const { port } = await tcpServer(() => {})
    const report = await examineEndpoint({ url: `http://127.0.0.1:${port}` }, quickOptions({ timeout: 0.3 }))
    expect(problemsOf(report)).toEqual(['http.no-answer'])
    expect(findingsOf(report).get('http.no-answer')?.text).toContain('no answer within 0.3 s')
    expect(report.seconds).toBeLessThan(2)
  })

  it('a server of another protocol', async ({ onTestFinished, expect }) => {
    const { tcpServer } = bench(onTestFinished)
    const { port } = await tcpServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    const report = await examineEndpoint({ url: `http://127.0.0.1:${port}` }, quickOptions())
    expect(findingsOf(report).get('http.no-answer')?.text).toContain('not HTTP')
  })

  it('plain HTTP where TLS is expected, a name that nobody knows, a closed port', async ({
    onTestFinished,
    expect,
  }) => {
    const { engine } = bench(onTestFinished)
    const web = await engine()
    const tls = await examineEndpoint({ url: web.url.replace('http:', 'https:') }, quickOptions())
    expect(findingsOf(tls).get('reach.tls')?.advice).toContain('http://')
    const unknown = await examineEndpoint({ url: 'http://no-such-host.invalid:8000' }, quickOptions())
    expect(problemsOf(unknown)).toEqual(['reach.name'])
    const closed = await examineEndpoint({ url: 'http://127.0.0.1:1' }, quickOptions())
    expect(findingsOf(closed).get('reach.connect')?.text).toContain('nothing listens there')
  })
})
