import type { OverSeeds } from './results/over-seeds.ts'
import { overSeeds, ratioOverSeeds, shown, shownShare, verdict } from './results/over-seeds.ts'
import type { RequestFigures } from './results/request-figures.ts'
import type { Measured } from './results/seeded-runs.ts'
import { kvSizeTable } from './results-mini-llm-d/kv-size.ts'
import type { Cell } from './results-mini-llm-d/settings.ts'
import {
  armsOf,
  BASE,
  BUSY_CELLS,
  DEFAULT,
  OWN_CELLS,
  PREFIX_CACHE,
  PROFILE,
  runCell,
  SEEDS,
  SMALL_KV_TOKENS,
  UNEQUAL_CELLS,
} from './results-mini-llm-d/settings.ts'
import { markdownTable, writePage } from './results/table.ts'

/** Writes docs/results/mini-llm-d.md: the three scenarios of mini-llm-d, and routing by length on unequal endpoints. */
const PAGE = 'docs/results/mini-llm-d.md'
/** The least reduction of TTFT that was promised for B and C. */
const PROMISED_RATIO = 0.85
/** Differences up to this are not called worse. */
const TOLERANCE = 0.01

interface Row {
  readonly cell: Cell
  readonly title: string
  readonly measured: Measured<RequestFigures>
}

const own = OWN_CELLS.map(rowOf)
const busy = BUSY_CELLS.map(rowOf)
const unequal = UNEQUAL_CELLS.map(rowOf)

function rowOf(cell: Cell): Row {
  const title = `${cell.scenario}, ${cell.texts}, ${cell.users} users${cell.unequal ? ', a small and a large endpoint' : ''}`
  return { cell, title, measured: runCell(cell) }
}

function values({ measured }: Row, label: string, figure: keyof RequestFigures): number[] {
  return (measured.get(label) ?? []).map((run) => run[figure])
}

function of(row: Row, label: string, figure: keyof RequestFigures): OverSeeds {
  return overSeeds(values(row, label, figure))
}

function ratio(row: Row, label: string, figure: keyof RequestFigures, base: string): OverSeeds {
  return ratioOverSeeds(values(row, label, figure), values(row, base, figure))
}

function summary(): string[] {
  const header = [
    'scenario',
    `${BASE}, ms`,
    `${PREFIX_CACHE}, ms`,
    'ratio',
    `${DEFAULT}, ms`,
    'ratio',
    'lowest of all, ms',
  ]
  const rows = [...own, ...busy].map((row) => [
    row.title,
    shown(of(row, BASE, 'ttftMean'), 1),
    of(row, PREFIX_CACHE, 'ttftMean').mean.toFixed(1),
    shown(ratio(row, PREFIX_CACHE, 'ttftMean', BASE), 3),
    of(row, DEFAULT, 'ttftMean').mean.toFixed(1),
    shown(ratio(row, DEFAULT, 'ttftMean', BASE), 3),
    Math.min(...armsOf(row.cell).map(({ label }) => of(row, label, 'ttftMean').mean)).toFixed(1),
  ])
  return markdownTable(header, rows)
}

function table(row: Row): string[] {
  const header = [
    'policy',
    'tokens cached, %',
    'busiest, %',
    'TTFT p50, ms',
    'p95, ms',
    'mean, ms',
    'TPOT, ms',
    'E2E, ms',
  ]
  const rows = armsOf(row.cell).map(({ label }) => [
    label,
    shownShare(of(row, label, 'hit')),
    of(row, label, 'busiest').mean > 0.9995 ? '100.0' : shownShare(of(row, label, 'busiest')),
    shown(of(row, label, 'ttftP50')),
    shown(of(row, label, 'ttftP95')),
    shown(of(row, label, 'ttftMean'), 1),
    shown(of(row, label, 'tpotMean'), 1),
    shown(of(row, label, 'e2eMean')),
  ])
  return [`### ${row.title}`, '', ...markdownTable(header, rows), '']
}

/** Whether the promise is kept: at least 15 % off the mean TTFT of round robin, with all of the interval. */
function promised(row: Row): string {
  const found = ratio(row, DEFAULT, 'ttftMean', BASE)
  const lowest = Math.min(...armsOf(row.cell).map(({ label }) => ratio(row, label, 'ttftMean', BASE).mean))
  const own = `mean TTFT of ${DEFAULT} over ${BASE} at most ${PROMISED_RATIO}: ${shown(found, 3)}`
  const text = `${own}; lowest of any policy ${lowest.toFixed(3)} (${row.title})`
  return verdict(found.high <= PROMISED_RATIO, text)
}

/** The answer in a sentence: what becomes of round robin's mean TTFT, by what prompts share. */
function answer(): string[] {
  const kinds = [...new Set(own.map(({ cell }) => cell.texts))].map((texts) => {
    const rows = own.filter(({ cell }) => cell.texts === texts && cell.scenario !== 'A')
    return `${texts} ${rows.map((row) => `${row.cell.scenario} ${change(row)}`).join(', ')}`
  })
  return [`**Is it so?** ${DEFAULT} changes the mean TTFT of ${BASE}, with 16 users, by: ${kinds.join('; ')}.`, '']
}

function change(row: Row): string {
  const percent = Math.round(100 * (ratio(row, DEFAULT, 'ttftMean', BASE).mean - 1))
  if (percent === 0) return '0 %'
  return percent < 0 ? `−${-percent} %` : `+${percent} %`
}

function notWorseThan(rows: readonly Row[], base: string, figure: 'ttftMean' | 'e2eMean', name: string): string[] {
  const worse = rows
    .map((row) => ({ title: row.title, found: ratio(row, DEFAULT, figure, base) }))
    .filter(({ found }) => found.low > 1 + TOLERANCE)
  const where = worse.map(({ title, found }) => `${shown(found, 3)} (${title})`).join('; ')
  const text = `mean ${name} of ${DEFAULT} nowhere above that of ${base}, ${rows.length} tables`
  return [verdict(worse.length === 0, worse.length === 0 ? text : `${text}; it is at ${where}`)]
}

function targets(): string[] {
  const all = [...own, ...busy]
  return [
    ...all.filter(({ cell }) => cell.scenario !== 'A').map(promised),
    ...notWorseThan(all, BASE, 'ttftMean', 'TTFT'),
    ...notWorseThan(all, BASE, 'e2eMean', 'E2E'),
    ...notWorseThan(all, PREFIX_CACHE, 'ttftMean', 'TTFT'),
    ...['length-class, 100 characters', 'length-class, median', 'fewest tokens in flight'].flatMap((label) => [
      ...notWorseThan(unequal, label, 'ttftMean', 'TTFT'),
      ...notWorseThan(unequal, label, 'e2eMean', 'E2E'),
    ]),
  ]
}

const introduction = [
  '# The scenarios of mini-llm-d',
  '',
  'Written by `node scripts/results-mini-llm-d.ts`, in virtual time.',
  '',
  'Two projects have this name. One (Go) sends prompts of more than 100 characters to a large endpoint and others to a small one; it has no measurements. The other (Python) has a load',
  'generator with three scenarios and expects of prefix-cache routing "15–40 % TTFT reduction on scenarios B and C" over round robin; results were never published. So there are no',
  'figures of theirs to put beside ours, only that expectation.',
  '',
  '| scenario | prompt tokens | answer tokens |',
  '| -------- | ------------: | ------------: |',
  '| A | 32–128, even | 64–256, even |',
  '| B | 512–2,048, even | 128–512, even |',
  '| C | log-normal (5.5, 1.0) in 32–2,048 | exponential (200) in 32–1,024 |',
  '',
  `As there: users who join at two a second and wait 0.1 to 0.5 s between an answer and the next request, 90 s, cold caches for every run. Four endpoints of \`${PROFILE.name}\`: theirs ran a 3B model on a card`,
  `that is not named, up to four pods. Means over ${SEEDS.length} seeds with 95 % intervals. What prompts share decides everything, and only the first line of these is theirs:`,
  '',
  '- `one-text`: as the generator is written, every prompt is the beginning of one and the same text.',
  '- `nothing-shared`: all have the two introductory sentences (23 tokens) in common and nothing else.',
  '- `templates`: half of each prompt is the beginning of one of sixteen templates.',
  "- `text-per-user`: every prompt of a user is the beginning of that user's text, as in a conversation.",
  '',
  `\`${PREFIX_CACHE}\` stands for their rule: prompts with the same first 256 tokens to one endpoint, unless its queue exceeds 2 and twice the mean; then the shortest queue. The nearest here is`,
  '`consistent-hash` over 256 tokens with a bound of twice the mean or the mean and two, whichever is more; beyond it, the next endpoint by hash.',
  '',
]

const explanation = [
  '## What to make of it',
  '',
  '- **Their own generator cannot show it.** With `one-text`, whoever has computed the longest prompt has computed all others. After a few seconds every endpoint holds the text and round robin hits',
  '  as often as anybody. Sending equal prompts to one endpoint then only makes it slow. Their script moreover ran one rule after the other on the same pods, prefix routing last, so that it found their caches warm.',
  '- **Where prompts share nothing** there is nothing to gain for anyone.',
  '- **Where users have texts of their own** the promise is kept on B and nearly or just on C: round robin computes each text on four endpoints, a router that looks at the cache on one.',
  '  Prompts of C are short (245 tokens in the middle), so the step they wait for and the one they are computed in, 13 ms each at least, are most of their TTFT, cached or not.',
  '- **Templates** lie in between: after 90 s each endpoint has computed most of the sixteen.',
  '- **A hundred characters** are 25 tokens; every prompt of all three scenarios is longer, so the shipped threshold sends everything to the large half. At the median both halves have work, but not',
  '  equal work: long prompts also hold more memory, and no threshold knows what is cached.',
  '',
  '## Unequal endpoints',
  '',
  `Two endpoints of equal speed, one with ${SMALL_KV_TOKENS.toLocaleString('en-US')} KV tokens (ten requests of B), one with ${PROFILE.kvTokens.toLocaleString('en-US')}, 32 users. Rules that count requests fill the small one until requests wait for memory. Sending all to the`,
  'large one is safe for TTFT and leaves the other idle: decoding is slower there.',
  '',
  ...unequal.flatMap(table),
  '## The size of a KV cache',
  '',
  'The published formula is 2 · layers · heads · head size · tokens · bytes. With grouped-query attention several query heads share one pair of key and value, so the heads to count are those of keys and values:',
  'Llama 3 8B needs a quarter of the published 4 GB at 8K and 64 GB at 128K. All in 16 bits; an FP8 cache takes half.',
  '',
  ...kvSizeTable(),
  '',
]

writePage(PAGE, [
  ...introduction,
  ...answer(),
  '## Mean TTFT',
  '',
  ...summary(),
  '',
  '## Targets',
  '',
  'The promise first; a line passes when all of the interval does. "Nowhere above" fails where all of an interval lies more than 1 % above.',
  '',
  ...targets(),
  '',
  ...explanation,
  '## All policies',
  '',
  ...[...own, ...busy].flatMap(table),
])
