const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** A number with about four significant digits; a dash for what was not measured. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '-'
  const size = Math.abs(value)
  if (size >= 1000) return grouped.format(value)
  if (size === 0) return '0'
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.001 ? 3 : 6)
}

/** A whole number with its thousands set apart. */
export function formatCount(count: number): string {
  return grouped.format(count)
}

/** A share of 1 in per cent. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined || Number.isNaN(share)) return '-'
  return `${(share * 100).toFixed(1)} %`
}

/** A ratio with three decimals. */
export function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(3) : '-'
}
