/** How a number of endpoints did. */
export interface PlanStep {
  readonly replicas: number
  readonly isMet: boolean
}

/** What a search found. */
export interface PlanFound<Step extends PlanStep> {
  /** The fewest endpoints that meet the targets; undefined when none up to the limit do. */
  readonly met: Step | undefined
  /** One endpoint less; where nothing meets the targets, the limit; undefined below one. */
  readonly missed: Step | undefined
}

/**
 * Finds the fewest endpoints that meet the targets: doubles until they are met, then halves what lies between. Assumes that
 * what meets them still does with more endpoints; the answer itself and one endpoint less are always tried.
 */
export async function searchReplicas<Step extends PlanStep>(
  limit: number,
  measure: (replicas: number) => Promise<Step>,
): Promise<PlanFound<Step>> {
  let missed: Step | undefined
  let met: Step | undefined
  for (let replicas = 1; met === undefined; replicas = Math.min(replicas * 2, limit)) {
    const step = await measure(replicas)
    if (step.isMet) met = step
    else if (replicas === limit) return { met, missed: step }
    else missed = step
  }
  while (met.replicas - (missed?.replicas ?? 0) > 1) {
    const step = await measure(Math.floor((met.replicas + (missed?.replicas ?? 0)) / 2))
    if (step.isMet) met = step
    else missed = step
  }
  return { met, missed }
}
