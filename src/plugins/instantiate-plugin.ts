import { type Plugin, type PluginServices, z } from '../core/plugin.ts'

/** A plugin type that does not exist, or options that a plugin does not take. The message is meant for the operator. */
export class PluginConfigError extends Error {
  override readonly name = 'PluginConfigError'
}

type Described = Pick<Plugin, 'kind' | 'type' | 'options'>

/** A plugin of any kind, as far as creating it goes. */
export interface Instantiable<Made> extends Described {
  instantiate(options: unknown, services: PluginServices): Made
}

type Issue = z.core.$ZodIssue

function valueAt(options: unknown, path: readonly PropertyKey[]): unknown {
  let value = options
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  return value
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
}

/** The keys a strict object would have taken, when the object is the options themselves. */
function knownOptions(plugin: Described): string {
  const names = plugin.options instanceof z.ZodObject ? Object.keys(plugin.options.shape) : []
  return names.length === 0 ? 'takes no options' : `takes ${names.join(', ')}`
}

function describe(plugin: Described, options: unknown, issue: Issue): string {
  const where = issue.path.length === 0 ? 'options' : `option ${z.core.toDotPath(issue.path)}`
  if (issue.code === 'unrecognized_keys') {
    const hint = issue.path.length === 0 ? `; the plugin ${knownOptions(plugin)}` : ''
    return `${where}: unknown ${issue.keys.join(', ')}${hint}`
  }
  // zod's own words end in what it received, which here is shown as a value.
  const expected = issue.message.replace(/^Invalid input: |^Invalid option: |, received .*$/g, '')
  return `${where}: ${expected}, found ${show(valueAt(options, issue.path))}`
}

/**
 * Creates a plugin from its options.
 *
 * @throws {PluginConfigError} All faults at once, each with the path of the option, what was expected and what was found.
 */
export function instantiatePlugin<Made>(plugin: Instantiable<Made>, options: unknown, services: PluginServices): Made {
  const checked = plugin.options.safeParse(options)
  if (!checked.success) {
    const faults = checked.error.issues.map((issue) => describe(plugin, options, issue))
    throw new PluginConfigError(`${plugin.kind} "${plugin.type}": ${faults.join('; ')}`)
  }
  return plugin.instantiate(options, services)
}
