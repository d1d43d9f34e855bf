/**
 * Figures that llm-cache-router published (its `docs/results.md` and `docs/results-cloud.md`). Times in seconds, shares of 1;
 * what it calls TTFT is the time to the end of the answer, because its bench asked for answers in one piece.
 */
export interface PublishedFigures {
  readonly p50?: number
  readonly p95?: number
  readonly cached?: number
  readonly rate?: number
}

/** Names of the published policies in their order, as the page calls them; the cloud sweep's valve is 4. */
export const PUBLISHED_POLICIES = ['round-robin', 'random', 'least-loaded', 'prefix-aware'] as const

type Row = readonly (number | undefined)[]

/** One published point: a row of four policies per figure; times in ms, shares in per cent. */
interface Point {
  readonly p50: Row
  readonly cached: Row
  readonly p95?: Row
  readonly rate?: Row
}

type Sweep = ReadonlyMap<number, Point>

/** The sweep over sessions on four A100, by model and number of sessions. */
export const CLOUD: Readonly<Record<'7b' | '14b', Sweep>> = {
  '7b': new Map<number, Point>([
    [
      4,
      {
        p50: [84, 98, 66, 83],
        cached: [80.3, 80.94, 85.15, 94.19],
        p95: [861, 991, 833, 995],
        rate: [14.6, 14.1, 15.7, 13.4],
      },
    ],
    [8, { p50: [87, 100, 70, 84], cached: [87, 88, 91, 94] }],
    [
      12,
      {
        p50: [91, 110, 87, 94],
        cached: [89.55, 89.17, 92.26, 94.2],
        p95: [1060, 1160, 975, 1030],
        rate: [34.8, 30.3, 39.5, 36.7],
      },
    ],
    [
      16,
      {
        p50: [95, 122, 88, 87],
        cached: [90.41, 90.13, 93.07, 94.18],
        p95: [1100, 1110, 1010, 1010],
        rate: [43.8, 37.4, 43.7, 44.3],
      },
    ],
    [
      24,
      {
        p50: [115, 146, 102, 99],
        cached: [91.31, 90.92, 94.6, 94.97],
        p95: [1310, 1260, 1200, 1180],
        rate: [47.3, 47, 55.8, 53.9],
      },
    ],
  ]),
  '14b': new Map<number, Point>([
    [
      4,
      {
        p50: [157, 167, 122, 141],
        cached: [80.04, 81.43, 85.41, 94.19],
        p95: [1780, 1820, 1680, 1890],
        rate: [6, 5.2, 5.8, 5.3],
      },
    ],
    [
      8,
      {
        p50: [155, 172, 132, 140],
        cached: [87.17, 87.37, 90.82, 94.34],
        p95: [1720, 1860, 1730, 1840],
        rate: [10.4, 10.5, 10.9, 10.5],
      },
    ],
    [
      12,
      {
        p50: [161, 186, 140, 141],
        cached: [88.9, 89.42, 92.39, 94.19],
        p95: [1940, 1990, 1840, 1850],
        rate: [14.9, 14.4, 15.5, 15.1],
      },
    ],
    [
      16,
      {
        p50: [171, 229, 152, 148],
        cached: [89.99, 89.93, 93.38, 94.18],
        p95: [2060, 2070, 1880, 1850],
        rate: [17.4, 17.4, 20.7, 20],
      },
    ],
    [
      24,
      {
        p50: [193, 265, 171, 166],
        cached: [91.1, 90.69, 94.22, 94.88],
        p95: [2400, 2360, 2120, 2130],
        rate: [25.2, 23.4, 27.6, 26.8],
      },
    ],
  ]),
}

/** What was published of a policy at a number of sessions. */
export function cloudFigures(model: '7b' | '14b', sessions: number, policy: number): PublishedFigures {
  const point = CLOUD[model].get(sessions)
  return {
    ...scaled('p50', point?.p50[policy], 1e3),
    ...scaled('p95', point?.p95?.[policy], 1e3),
    ...scaled('cached', point?.cached[policy], 100),
    ...scaled('rate', point?.rate?.[policy], 1),
  }
}

function scaled(name: keyof PublishedFigures, value: number | undefined, unit: number): PublishedFigures {
  return value === undefined ? {} : { [name]: value / unit }
}

/** The runs on one M1 Pro, by the name of the policy on the page. */
export const LOCAL: Readonly<Record<'laptop' | 'valve' | 'saturation' | 'small', Record<string, PublishedFigures>>> = {
  laptop: {
    'round-robin': { p50: 2.01, p95: 8.21, cached: 0.5756, rate: 1.67 },
    random: { p50: 1.7, p95: 8.06, cached: 0.6234, rate: 1.84 },
    'least-loaded': { p50: 0.82, p95: 8.29, cached: 0.6194, rate: 1.85 },
    'prefix-aware, valve 8': { p50: 2.1, p95: 3.7, cached: 0.75, rate: 2.36 },
  },
  valve: {
    'prefix-aware, valve 1': { p50: 3.93, p95: 20.36, cached: 0.7106, rate: 1.59 },
    'prefix-aware, valve 4': { p50: 6.79, p95: 15.85, cached: 0.6788, rate: 1.3 },
    'prefix-aware, valve 8': { p50: 6.6, p95: 16.33, cached: 0.7242, rate: 1.22 },
    'prefix-aware, valve off': { p50: 11.08, p95: 14.02, cached: 0.762, rate: 0.94 },
  },
  saturation: {
    'round-robin': { p50: 14.23, p95: 21.44, cached: 0.7973, rate: 3.15 },
    random: { p50: 12.34, p95: 21.56, cached: 0.7947, rate: 3.19 },
    'least-loaded': { p50: 11.6, p95: 18.91, cached: 0.7937, rate: 3.22 },
    'prefix-aware, valve 8': { p50: 11.2, p95: 19.25, cached: 0.7947, rate: 3.19 },
  },
  small: {
    'round-robin': { p50: 0.351, p95: 1.415, cached: 0.6631, rate: 6.6 },
    random: { p50: 0.475, p95: 1.547, cached: 0.6714, rate: 6.2 },
    'least-loaded': { p50: 0.227, p95: 1.437, cached: 0.708, rate: 7.3 },
    'prefix-aware, valve 8': { p50: 0.49, p95: 0.898, cached: 0.7051, rate: 6.6 },
  },
}
