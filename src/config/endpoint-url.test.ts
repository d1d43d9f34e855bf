import { expect, test } from 'vitest'
import { endpointUrl, hostAndPort } from './endpoint-url.ts'

test.each([
  ['http://10.0.0.7:8000', 'http://10.0.0.7:8000', '10.0.0.7:8000'],
  [' HTTP://Gpu-1:80/ ', 'http://gpu-1', 'gpu-1:80'],
  ['https://gpu', 'https://gpu', 'gpu:443'],
  ['http://[::1]:8000', 'http://[::1]:8000', '[::1]:8000'],
])('%s is %s', (written, url, id) => {
  expect(endpointUrl().parse(written)).toBe(url)
  expect(hostAndPort(url)).toBe(id)
})

test.each([
  ['10.0.0.7:8000', 'with http://'],
  ['tcp://a:1', 'with http://'],
  ['http://', 'expected a URL'],
  ['http://a:99999', 'expected a URL'],
  ['http://a/v1', 'anything after the port'],
  ['http://a?x', 'anything after the port'],
  ['http://a#x', 'anything after the port'],
  ['http://me@a', 'without user name'],
])('%s is refused', (written, reason) => {
  expect(endpointUrl().safeParse(written).error?.issues[0]?.message).toContain(reason)
})
