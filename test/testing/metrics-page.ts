export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface MetricsPage {
  /** Family name to its type. */
  readonly families: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
  /** Sum of the samples of this name whose labels include these. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
  /** Every value that a label has anywhere. */
  labelValues(): Set<string>
}

const SAMPLE = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-z0-9_]+)="((?:[^"\\]|\\.)*)"/g

/** Fetches and reads a page in the Prometheus text format; a line that is neither comment nor sample is an error. */
export async function metricsPage(admin: string): Promise<MetricsPage> {
  const answer = await fetch(`${admin}/metrics`)
  const lines = (await answer.text()).split('\n').filter((line) => line !== '')
  const types = lines.flatMap((line) => [...line.matchAll(/^# TYPE (\S+) (\S+)$/g)])
  const samples = lines.filter((line) => !line.startsWith('#')).map(parseSample)
  return {
    families: new Map(types.map(([, name = '', type = '']) => [name, type])),
    samples,
    sum(name, labels = {}) {
      const wanted = samples.filter((sample) => sample.name === name && includes(sample, labels))
      return wanted.reduce((sum, { value }) => sum + value, 0)
    },
    labelValues: () => new Set(samples.flatMap(({ labels }) => Object.values(labels))),
  }
}

function parseSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
  if (name === '' || Number.isNaN(Number(value.replace('+Inf', 'Infinity')))) throw new Error(`no sample: ${line}`)
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text])),
    value: Number(value.replace('+Inf', 'Infinity')),
  }
}

function includes({ labels }: Sample, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}
