type Interval = readonly [number, number]

/** The range that all intervals of a figure cover together; undefined where there is none. */
export function ratioRange(figure: {
  readonly requests?: Interval | null
  readonly seeds: Interval | null
}): Interval | undefined {
  const intervals = [figure.requests, figure.seeds].filter((interval) => interval !== null && interval !== undefined)
  if (intervals.length === 0) return undefined
  return [Math.min(...intervals.map(([low]) => low)), Math.max(...intervals.map(([, high]) => high))]
}
