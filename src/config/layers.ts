import type { Assignment } from './assignment.ts'
import { type ConfigPath, type ConfigProblem, type Origin, showPath, showValue } from './problem.ts'

/** The values of all layers in one tree, and where each came from. */
export interface Layers {
  /** Plain data, not yet checked. */
  readonly tree: unknown
  /** The assignment that set the value at `path` or something around it; undefined when it is from the file. */
  originOf(path: ConfigPath): Origin | undefined
  /** What was set by assignments, the last word for every path. */
  readonly assigned: ReadonlyMap<string, Origin>
  /** Applies further assignments; returns those that found no place. */
  apply(assignments: readonly Assignment[]): ConfigProblem[]
}

/**
 * Starts with the values of the file; later assignments win. A list or a policy is replaced as a whole.
 *
 * @param sections Paths that hold maps or lists: where the file leaves one empty, it counts as not written.
 */
export function createLayers(fileTree: unknown, sections: readonly ConfigPath[]): Layers {
  const tree: unknown = structuredClone(fileTree)
  const assigned = new Map<string, Origin>()
  for (const path of sections) dropEmpty(tree, path)
  return {
    tree,
    assigned,
    originOf(path) {
      for (let length = path.length; length > 0; length--) {
        const origin = assigned.get(showPath(path.slice(0, length)))
        if (origin !== undefined) return origin
      }
      return undefined
    },
    apply(assignments) {
      return assignments.flatMap(({ path, value, origin }) => {
        const obstacle = put(tree, path, value)
        if (obstacle !== undefined) return [inTheWay(path, obstacle, origin)]
        assigned.set(showPath(path), origin)
        return []
      })
    },
  }
}

interface Obstacle {
  readonly path: ConfigPath
  readonly value: unknown
}

/** Writes the value into the tree; returns what is in the way if there is neither a map nor a list on the path. */
function put(tree: unknown, path: ConfigPath, value: unknown): Obstacle | undefined {
  let container = tree
  for (const [depth, segment] of path.entries()) {
    const fits =
      typeof segment === 'number' ? Array.isArray(container) && segment <= container.length : isMap(container)
    if (!fits || typeof container !== 'object' || container === null) {
      return { path: path.slice(0, depth), value: container }
    }
    if (depth === path.length - 1) {
      Reflect.set(container, segment, value)
      return undefined
    }
    const inner: unknown = Object.hasOwn(container, segment) ? Reflect.get(container, segment) : undefined
    const next = inner ?? (typeof path[depth + 1] === 'number' ? [] : {})
    Reflect.set(container, segment, next)
    container = next
  }
  return undefined
}

function inTheWay(path: ConfigPath, obstacle: Obstacle, origin: Origin): ConfigProblem {
  const isList = Array.isArray(obstacle.value)
  const around = showPath(obstacle.path) || 'the configuration'
  const found = isList ? `a list of ${obstacle.value.length}` : showValue(obstacle.value)
  return {
    path: showPath(path),
    message: `cannot be set, because ${around} is ${found}`,
    hint: isList ? 'the position must exist, or be the next one' : `set ${around} as a whole`,
    origin,
  }
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function dropEmpty(tree: unknown, path: ConfigPath): void {
  let container = tree
  for (const segment of path.slice(0, -1)) {
    container = typeof container === 'object' && container !== null ? Reflect.get(container, segment) : undefined
  }
  const last = path.at(-1)
  if (last === undefined || typeof container !== 'object' || container === null) return
  if (Reflect.get(container, last) === null) Reflect.deleteProperty(container, last)
}
