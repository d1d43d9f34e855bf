import { expect, it } from 'vitest'
import { promptPlace } from './prompt-place.ts'
import { routeOf } from './route.ts'
import { scanRequest } from './scan-request.ts'

function placeIn(text: string, path = '/v1/completions'): string | undefined {
  const body = new TextEncoder().encode(text)
  const route = routeOf('POST', path)
  const scan = route === undefined ? undefined : scanRequest(route, body)
  if (scan?.ok !== true) throw new Error(`expected a body that can be read, found ${text}`)
  const place = promptPlace(scan.value.prompt)
  return place && new TextDecoder().decode(body.subarray(place.start, place.end))
}

it.each([
  ['a prompt', '{"model":"m", "prompt" : "say é", "n":1}', '"say é"'],
  ['one with escapes', '{"prompt":"a\\u00e9\\"b\\/"}', '"a\\u00e9\\"b\\/"'],
  ['an empty one', '{"prompt":""}', '""'],
  ['one in a list', '{"prompt":["one"]}', '"one"'],
  ['the last of two members of one name', '{"prompt":"first","prompt":"last"}', '"last"'],
])('%s has a place', (_name, body, expected) => {
  expect(placeIn(body)).toBe(expected)
})

it.each([
  ['several prompts', '{"prompt":["one","two"]}'],
  ['token ids', '{"prompt":[1,2,3]}'],
  ['a suffix behind it', '{"prompt":"a","suffix":"b"}'],
  ['no prompt', '{"model":"m"}'],
])('%s: there is none', (_name, body) => {
  expect(placeIn(body)).toBeUndefined()
})

it('a chat has none', () => {
  expect(placeIn('{"messages":[{"role":"user","content":"a"}]}', '/v1/chat/completions')).toBeUndefined()
})
