import { z } from 'zod'

const EXPECTED = 'expected a URL such as http://10.0.0.7:8000'

/** Base address of an endpoint: scheme, host and port. The value is its origin, without a trailing slash. */
export function endpointUrl() {
  return z
    .string({ error: EXPECTED })
    .transform((written, context) => {
      const fault = faultOf(written.trim())
      if (fault === undefined) return new URL(written.trim()).origin
      context.addIssue(fault)
      return ''
    })
    .meta({ title: 'URL' })
}

/** `host:port` of a URL, with the port written out even where it is the scheme's own. */
export function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

function faultOf(written: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) return `${EXPECTED}, with http:// or https:// in front`
  if (!URL.canParse(written)) return EXPECTED
  const { protocol, username, password, pathname, search, hash } = new URL(written)
  if (protocol !== 'http:' && protocol !== 'https:') return `${EXPECTED}, with http:// or https:// in front`
  if (username || password) return `${EXPECTED} without user name and password; send those in the endpoint's headers`
  if (pathname !== '/' || search || hash) return `${EXPECTED} without anything after the port; request paths are kept`
  return undefined
}
