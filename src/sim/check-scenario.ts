import type { RouterView, Scenario, SimulatedEndpoint } from './scenario.ts'

/** Throws a RangeError that says which part of a scenario makes no sense, what was expected there and what was found. */
export function checkScenario(scenario: Scenario): void {
  const { endpoints, routers, warmUp, concurrency = 1 } = scenario
  expect(endpoints.length > 0, 'endpoints', 'at least one', endpoints.length)
  expect(Number.isInteger(routers) && routers > 0, 'routers', 'a whole number above 0', routers)
  expect(Number.isInteger(concurrency) && concurrency > 0, 'concurrency', 'a whole number above 0', concurrency)
  expect(warmUp >= 0 && warmUp < 1, 'warmUp', 'a share from 0 to below 1', warmUp)
  checkView(scenario.view)
  for (const endpoint of endpoints) checkEndpoint(endpoint)
  const names = new Set(endpoints.map(({ id }) => id))
  expect(names.size === endpoints.length, 'endpoints', 'different ids', endpoints.map(({ id }) => id).join(', '))
  checkOrder(scenario)
  checkLengths(scenario)
}

function checkView(view: RouterView): void {
  if (view.kind === 'events') {
    expect(view.delay >= 0, 'view.delay', 'seconds, 0 or more', view.delay)
    expect(view.loss >= 0 && view.loss <= 1, 'view.loss', 'a share from 0 to 1', view.loss)
  }
  if (view.kind === 'polled') expect(view.interval > 0, 'view.interval', 'seconds above 0', view.interval)
}

function checkEndpoint({ id, hostTokens, hostLoadShare = 0, joinsAt, leavesAt, outages }: SimulatedEndpoint): void {
  expect(hostTokens >= 0, `hostTokens of ${id}`, 'tokens, 0 or more', hostTokens)
  expect(hostLoadShare >= 0, `hostLoadShare of ${id}`, 'a share, 0 or more', hostLoadShare)
  expect(Number.isFinite(joinsAt), `joinsAt of ${id}`, 'seconds', joinsAt)
  expect(leavesAt > joinsAt, `leavesAt of ${id}`, `seconds after it joins at ${joinsAt}`, leavesAt)
  let last = joinsAt
  for (const { from, to } of outages) {
    const found = `from ${from} to ${to}`
    expect(from >= last && to > from && Number.isFinite(to), `outages of ${id}`, `a period after ${last}`, found)
    last = to
  }
}

function checkOrder({ workload }: Scenario): void {
  for (const { requests } of workload.sessions) {
    for (const [place, { id, after }] of requests.entries()) {
      const late = after.find((before) => before >= place)
      expect(late === undefined, `after of request ${id}`, `places of earlier requests, below ${place}`, late)
    }
  }
}

/** Any endpoint may be chosen for any request, so each has to hold each. */
function checkLengths({ workload, endpoints }: Scenario): void {
  let longest = 0
  for (const { requests } of workload.sessions) {
    for (const { promptTokens, outputTokens } of requests) longest = Math.max(longest, promptTokens + outputTokens)
  }
  for (const { id, profile } of endpoints) {
    const holds = Math.floor(profile.kvTokens / profile.blockSize) * profile.blockSize
    const found = `a request of ${longest} (prompt and answer): leave long prompts out, or simulate a larger cache`
    expect(longest <= holds, `kvTokens of ${id}`, `requests of at most ${holds} tokens`, found)
  }
}

function expect(holds: boolean, what: string, expected: string, found: unknown): void {
  if (!holds) throw new RangeError(`scenario: ${what}: expected ${expected}, found ${String(found)}`)
}
