/** One line of a metrics page: the labels of a series and its value, which may be NaN or infinite. */
export interface Sample {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

/** The samples of a page by the name that stands on their line, in the order of the page. */
export type MetricFamilies = ReadonlyMap<string, readonly Sample[]>
