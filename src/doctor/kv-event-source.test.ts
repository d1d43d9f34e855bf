import { expect, test } from 'vitest'
import { dialled, tcpTarget } from './kv-event-source.ts'

test('where an engine listens becomes where it can be dialled', () => {
  expect(dialled('tcp://*:5557', 'http://10.0.0.7:8000')).toBe('tcp://10.0.0.7:5557')
  expect(dialled('tcp://0.0.0.0:5557', 'http://[::1]:8000')).toBe('tcp://[::1]:5557')
  expect(dialled('tcp://[::]:5557', 'http://a:8000')).toBe('tcp://a:5557')
  expect(dialled('tcp://10.0.0.9:5557', 'http://10.0.0.7:8000')).toBe('tcp://10.0.0.9:5557')
})

test('an address without host or port cannot be dialled', () => {
  expect(tcpTarget('tcp://10.0.0.7:5557')).toEqual({ host: '10.0.0.7', port: 5557 })
  expect(tcpTarget('tcp://[::1]:5557')).toEqual({ host: '::1', port: 5557 })
  for (const bad of ['tcp://*:5557', 'tcp://a:*', 'tcp://a:0', 'tcp://a:70000', 'ipc:///tmp/x', 'nonsense']) {
    expect(tcpTarget(bad)).toBeUndefined()
  }
})
