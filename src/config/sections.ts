import { z } from 'zod'
import { duration, flag, headerName, port, positiveDuration, size, text, whole } from './forms.ts'

/** Where clients connect. */
export const listen = z.strictObject({
  host: text('a host name or an address').describe('Address the gateway listens on').prefault('0.0.0.0'),
  port: port().describe('Port of the gateway; 0 takes any free one').prefault(8080),
})

/** Where operators and Prometheus connect. */
export const admin = z.strictObject({
  host: text('a host name or an address').describe('Address of metrics and administration').prefault('127.0.0.1'),
  port: port().describe('Port of metrics and administration; 0 takes any free one').prefault(9090),
})

/** What one request may take. */
export const limits = z.strictObject({
  body: size().describe('Largest request body, in bytes').prefault('32MiB'),
  headers: size().describe('Largest request head, in bytes').prefault('16KiB'),
  attempts: whole(1, 100).describe('Endpoints that are tried before a request fails').prefault(3),
})

/** How long things may take. */
export const timeouts = z.strictObject({
  connect: positiveDuration().describe('Time to open a connection to an endpoint').prefault('5s'),
  firstByte: duration()
    .describe('Time from sending a request to the first byte of its answer; 0 waits for ever')
    .prefault(0),
  idle: duration().describe('Longest pause inside an answer; 0 waits for ever').prefault(0),
  drain: duration().describe('Time that running requests are given at shutdown').prefault('30s'),
  keepAlive: positiveDuration().describe('Idle connections to endpoints are dropped after this time').prefault('4s'),
  hold: duration()
    .describe(
      'Longest time that the head of a stream waits for its first content, so that an engine that fails before it can be replaced by another; 0 sends it at once',
    )
    .prefault('5s'),
})

/** What engines are asked to report. */
export const usage = z.strictObject({
  ask: z
    .enum(['none', 'known', 'all'])
    .describe(
      'Which engines are asked for the usage of streamed answers where the client did not ask, and the report taken out again: none, those found out or named, or all',
    )
    .prefault('known'),
  load: z
    .enum(['none', 'known', 'all'])
    .describe(
      'Which engines are asked for their load in the header endpoint-load-metrics of answers where the client did not ask, and the header taken out again: none, those found out or named that have it (vLLM), or all whose metrics are read',
    )
    .prefault('known'),
})

/** The index of prompt prefixes. */
export const prefix = z.strictObject({
  maxBytes: size().describe('Memory the index of predicted blocks may take, in bytes').prefault('256MiB'),
  reportedBytes: size()
    .describe('Memory the index of blocks that engines report may take, in bytes')
    .prefault('256MiB'),
  bytesPerToken: z
    .number({ error: 'expected a number above 0' })
    .positive({ error: 'expected a number above 0' })
    .max(64)
    .meta({ title: 'number' })
    .describe('Bytes of prompt text that count as a token until the engine reports its own count')
    .prefault(4),
  tenantHeader: headerName()
    .describe('Request header whose value keeps the prefixes of tenants apart; none by default')
    .exactOptional(),
})

/** Headers of answers and of forwarded requests. */
export const headers = z.strictObject({
  decisions: flag().describe('Answers say which endpoint was chosen and why').prefault(true),
  compatible: flag()
    .describe('Answers also carry X-Router-Backend, X-Router-Reason, X-Served-By and X-Cache')
    .prefault(false),
  requestId: headerName().describe('Header that carries the request id, in both directions').prefault('x-request-id'),
  dropCookies: flag().describe('Cookie headers are not sent to endpoints').prefault(true),
})

/** The log. */
export const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .describe('Lowest level that is written')
    .prefault('info'),
  format: z
    .enum(['json', 'text', 'off'])
    .describe('One JSON object per line, readable text, or nothing')
    .prefault('json'),
  file: text('a file name').describe('File the log is appended to; standard output by default').exactOptional(),
  decisions: text('a file name')
    .describe('File requests are appended to, without their text, as a trace for `kvasir simulate`; none by default')
    .exactOptional(),
})
