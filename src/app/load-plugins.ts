import { pathToFileURL } from 'node:url'
import {
  defineFilter,
  definePicker,
  definePolicy,
  defineScorer,
  type FilterPlugin,
  type PickerPlugin,
  type Plugin,
  type PolicyPlugin,
  type ScorerPlugin,
  z,
} from '../core/plugin.ts'
import { FILTERS, PICKERS, POLICIES, SCORERS } from '../plugins/index.ts'

/** Every plugin there is, by kind. */
export interface PluginLists {
  readonly policies: readonly PolicyPlugin[]
  readonly filters: readonly FilterPlugin[]
  readonly scorers: readonly ScorerPlugin[]
  readonly pickers: readonly PickerPlugin[]
}

/** What a user's plugin file is given, because a file outside the package cannot import from it. */
const TOOLS = { definePolicy, defineFilter, defineScorer, definePicker, z }

/** The plugins of Kvasir itself. */
export const OWN_PLUGINS: PluginLists = { policies: POLICIES, filters: FILTERS, scorers: SCORERS, pickers: PICKERS }

const pluginShape = z.object({
  kind: z.enum(['policy', 'filter', 'scorer', 'picker']),
  type: z.string(),
  instantiate: z.function(),
})

/**
 * Loads plugin files of the user's own beside Kvasir's. A file's default export is a function of the tools
 * (`({ defineScorer, z }) => defineScorer({ ... })`) that returns one plugin or a list of them.
 *
 * @throws {Error} With the file's name, when it cannot be loaded, is no plugin, or takes a name that exists.
 */
export async function loadPlugins(files: readonly string[]): Promise<PluginLists> {
  let lists = OWN_PLUGINS
  for (const file of files) {
    for (const plugin of await pluginsOf(file)) lists = withPlugin(lists, plugin, file)
  }
  return lists
}

async function pluginsOf(file: string): Promise<Plugin[]> {
  const module: unknown = await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw new Error(`plugin ${file}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
  })
  const factory = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof factory !== 'function') {
    throw new Error(
      `plugin ${file}: expected a default export ({ defineScorer, z }) => defineScorer({ ... }), found ${typeof factory}`,
    )
  }
  const made = makePlugins(file, () => factory(TOOLS))
  return [made].flat().map((plugin) => {
    if (!isPlugin(plugin)) {
      throw new Error(`plugin ${file}: the default export must return what defineScorer or its sisters return`)
    }
    return plugin
  })
}

function makePlugins(file: string, make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`plugin ${file}: its default export threw: ${reason}`, { cause: error })
  }
}

function isPlugin(value: unknown): value is Plugin {
  return pluginShape.safeParse(value).success
}

function withPlugin(lists: PluginLists, plugin: Plugin, file: string): PluginLists {
  const same = [...lists.policies, ...lists.filters, ...lists.scorers, ...lists.pickers]
  if (same.some(({ kind, type }) => kind === plugin.kind && type === plugin.type)) {
    throw new Error(`plugin ${file}: a ${plugin.kind} of type '${plugin.type}' exists already; choose another type`)
  }
  switch (plugin.kind) {
    case 'policy':
      return { ...lists, policies: [...lists.policies, plugin] }
    case 'filter':
      return { ...lists, filters: [...lists.filters, plugin] }
    case 'scorer':
      return { ...lists, scorers: [...lists.scorers, plugin] }
    case 'picker':
      return { ...lists, pickers: [...lists.pickers, plugin] }
  }
}
