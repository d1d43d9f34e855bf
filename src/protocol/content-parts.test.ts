import { describe, expect, test } from 'vitest'
import { scanned, streamOf } from './testing/canonical-stream.ts'

const CHAT = '/v1/chat/completions'
const DATA = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The stream of a user message with this content, without its opening. */
function content(value: unknown, path = CHAT): string {
  const stream = streamOf(path, { messages: [{ role: 'user', content: value }] })
  expect(stream.startsWith('\x01user')).toBe(true)
  return stream.slice(5)
}

function part(value: object, path = CHAT): string {
  return content([value], path)
}

describe('text', () => {
  test('is the same as a string, as a part and as a string among parts', () => {
    expect(content('a\n')).toBe('\x03a\\n')
    expect(part({ type: 'text', text: 'a\n' })).toBe('\x03a\\n')
    expect(part({ type: 'input_text', text: 'a\n' })).toBe('\x03a\\n')
    expect(part({ text: 'a\n', cache_control: { type: 'ephemeral' } })).toBe('\x03a\\n')
    expect(content(['a\n'])).toBe('\x03a\\n')
  })

  test('in two parts is not the same as in one', () => {
    expect(
      content([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ]),
    ).toBe('\x03a\x03b')
  })

  test('that is empty is none', () => {
    expect([content(''), content([]), content(null), part({ type: 'text', text: '' })]).toEqual(['', '', '', ''])
  })
})

describe('a medium', () => {
  test('is a mark and the 64-bit digest of its data', () => {
    const image = part({ type: 'image_url', image_url: { url: 'https://example.org/a.png' } })
    expect(image).toHaveLength(9)
    expect(image[0]).toBe('\x04')
  })

  test('is known by its data however it comes', () => {
    const url = `data:image/png;base64,${DATA}`
    const forms = [
      part({ type: 'image_url', image_url: { url } }),
      part({ type: 'image_url', image_url: { url, detail: 'high' } }),
      part({ type: 'image_url', image_url: url }),
      part({ type: 'input_image', image_url: url }),
      part({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: DATA } }, '/v1/messages'),
    ]
    expect(new Set(forms).size).toBe(1)
    const escaped = JSON.stringify(url).replaceAll('/', '\\/').replace(',', '\\u002c')
    const body = `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":${escaped}}}]}]}`
    expect(streamOf(CHAT, body)).toBe(`\x01user${forms[0]}`)
  })

  test('is another one with other data, another URL, id or kind', () => {
    const streams = [
      part({ type: 'image_url', image_url: { url: `data:image/png;base64,${DATA}` } }),
      part({ type: 'image_url', image_url: { url: `data:image/png;base64,${DATA.replace('J', 'K')}` } }),
      part({ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }),
      part({ type: 'image_url', image_url: { url: 'https://example.org/b.png' } }),
      part({ type: 'video_url', video_url: { url: 'https://example.org/a.png' } }),
      part({ type: 'input_audio', input_audio: { data: DATA, format: 'wav' } }),
      part({ type: 'audio_url', audio_url: { url: 'https://example.org/a.png' } }),
      part({ type: 'file', file: { file_id: 'file_1' } }),
      part({ type: 'input_file', file_id: 'file_2' }),
      part({ type: 'input_file', file_data: DATA }),
      part({ type: 'image', source: { type: 'file', file_id: 'file_1' } }, '/v1/messages'),
    ]
    expect(new Set(streams).size).toBe(streams.length)
    expect(streams.map((stream) => stream.length)).toEqual(streams.map(() => 9))
  })

  test('is counted', () => {
    const url = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } }
    expect(scanned(CHAT, { messages: [{ role: 'user', content: [url, 'a', url] }] }).prompt.media).toBe(2)
  })
})

describe('what is no text and no medium', () => {
  test('enters whole, in any order of members', () => {
    const one = part({ type: 'widget', data: { b: 1, a: 2 }, size: 4, cache_control: {} })
    expect(one).toBe('\x14\x0ddata\x0e{"b":1,"a":2}\x0dsize\x0e4\x0dtype\x0e"widget"')
    expect(part({ size: 4, data: { b: 1, a: 2 }, type: 'widget' })).toBe(one)
    expect(part({ type: 'image_url', uuid: 'u' })).toBe('\x14\x0dtype\x0e"image_url"\x0duuid\x0e"u"')
  })

  test('is nothing where it is a thought', () => {
    expect(
      content([
        { type: 'thinking', thinking: 'hm', signature: 's' },
        { type: 'text', text: 'a' },
      ]),
    ).toBe('\x03a')
  })
})

describe('tools in content', () => {
  const MESSAGES = '/v1/messages'

  test('are calls and results', () => {
    const use = { type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: 1 } }
    expect(part(use, MESSAGES)).toBe('\x08\x02add\x15{"a":1}')
    const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: '3' }
    expect(part(result, MESSAGES)).toBe('\x09\x02toolu_1\x033\x16')
    expect(part({ ...result, content: [{ type: 'text', text: '3', cache_control: {} }] }, MESSAGES)).toBe(
      part(result, MESSAGES),
    )
  })

  test('end where they end', () => {
    const result = (...parts: object[]): object => ({ type: 'tool_result', tool_use_id: 't', content: parts })
    const [a, b] = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]
    expect(content([result(a, b)], MESSAGES)).not.toBe(content([result(a), b], MESSAGES))
  })

  test('hold documents of parts', () => {
    const source = { type: 'content', content: [{ type: 'text', text: 'page' }] }
    expect(part({ type: 'document', source }, MESSAGES)).toBe('\x07\x03page\x16')
    expect(part({ type: 'document', source: { type: 'text', data: 'page' } }, MESSAGES)).toHaveLength(9)
  })
})
