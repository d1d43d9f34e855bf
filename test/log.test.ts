import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CHAT, chatBody } from './testing/chat.ts'
import { eventually } from './testing/eventually.ts'
import { fakeEngine } from './testing/fake-engine.ts'
import { post } from './testing/post.ts'
import { routerProcess } from './testing/router-process.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

const PORTS = ['--host', '127.0.0.1', '--port', '0', '--admin-port', '0']

it('writes readable lines where text is asked for', async () => {
  await using engine = await fakeEngine()
  await using router = await routerProcess([...PORTS, '--endpoint', engine.url, '--log-format', 'text'])
  await post(router.gateway + CHAT, chatBody(), { 'x-request-id': 'text-1' })
  await eventually('the line', () => /^[\d:.]{12} info {2}request request=text-1 .*status=200/m.test(router.stdout()))
})

it('writes to a file, also what was gathered when the router stops', async () => {
  await using engine = await fakeEngine()
  using folder = temporaryFolder()
  const file = folder.file('kvasir.log')
  await using router = await routerProcess([...PORTS, '--endpoint', engine.url, '--set', `log.file=${file}`])
  await post(router.gateway + CHAT, chatBody(), { 'x-request-id': 'file-1' })
  router.kill('SIGTERM')
  expect(await router.exited).toBe(0)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const parsed = lines.map((line): unknown => JSON.parse(line))
  expect(parsed.at(-1)).toMatchObject({ msg: 'stopped' })
  expect(parsed).toContainEqual(expect.objectContaining({ msg: 'request', request: 'file-1', status: 200 }))
})
