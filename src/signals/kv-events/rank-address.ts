/**
 * The address at which a data-parallel rank publishes: the TCP port of rank 0 plus the rank; other transports get
 * `_dp1`, `_dp2`, ... appended. A port that is `*` or 0 stays as it is.
 */
export function rankAddress(address: string, rank: number): string {
  if (rank === 0) return address
  if (!address.startsWith('tcp://')) return `${address}_dp${rank}`
  const colon = address.lastIndexOf(':')
  const port = address.slice(colon + 1)
  if (port === '*' || port === '0') return address
  const number = Number(port)
  if (!/^\d+$/.test(port) || number + rank > 65_535) {
    throw new RangeError(
      `expected an address like tcp://host:5557 whose port plus rank ${rank} is at most 65535, found ${address}: ` +
        `correct the address of the KV events`,
    )
  }
  return `${address.slice(0, colon + 1)}${number + rank}`
}
