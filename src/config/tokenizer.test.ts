import { expect, test } from 'vitest'
import { loaded, ONE_ENDPOINT, problemsOf } from './testing/load-text.ts'

const pool = (tokenizer: string): string => `${ONE_ENDPOINT}\npools:\n  - { model: m, tokenizer: ${tokenizer} }\n`

test('a tokenizer is found beside the configuration file', () => {
  const { config } = loaded(pool('{ path: models/m }'), { file: '/etc/kvasir/kvasir.yaml' })
  expect(config.pools[0]?.tokenizer).toEqual({
    path: '/etc/kvasir/models/m',
    mode: 'auto',
    remote: 'auto',
    inline: 16 << 10,
    deadline: 0.02,
    forwardIds: false,
    cacheBytes: 64 << 20,
  })
  const absolute = loaded(pool('{ path: /models/m.gguf, deadline: 1s }'), { file: '/etc/kvasir/kvasir.yaml' })
  expect(absolute.config.pools[0]?.tokenizer).toMatchObject({ path: '/models/m.gguf', deadline: 1 })
})

test('without one the engines are asked', () => {
  for (const tokenizer of ['{}', '{ remote: auto, inline: 64KiB }']) {
    const { config } = loaded(pool(tokenizer))
    expect(config.pools[0]?.tokenizer).not.toHaveProperty('path')
  }
})

test.each([
  ['{ path: "" }', 'expected a folder or a .gguf file'],
  ['{ remote: off }', 'found off beside no path: nobody is left to make the tokens'],
  ['{ path: m, mode: always }', 'mode: expected one of auto, exact, off'],
  ['{ path: m, deadline: 0 }', 'deadline'],
])('%s is refused', (tokenizer, message) => {
  expect(JSON.stringify(problemsOf(pool(tokenizer)))).toContain(message)
})
