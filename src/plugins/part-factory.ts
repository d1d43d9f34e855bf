import type {
  FilterPlugin,
  PartConfig,
  PartFactory,
  PickerPlugin,
  PluginServices,
  ScorerPlugin,
} from '../core/plugin.ts'
import { findPlugin } from './find-plugin.ts'
import { type Instantiable, instantiatePlugin } from './instantiate-plugin.ts'

/** The plugins that a policy's options may name. */
export interface PartLists {
  readonly filters: readonly FilterPlugin[]
  readonly scorers: readonly ScorerPlugin[]
  readonly pickers: readonly PickerPlugin[]
}

/**
 * Creates the factory that builds the parts of a policy.
 *
 * @param random Uniform number in [0, 1), handed on to the parts.
 * @throws {PluginConfigError} From its methods: an unknown type (the message lists the known ones) or a wrong option.
 */
export function createPartFactory(lists: PartLists, random: () => number): PartFactory {
  function make<Made>(plugins: readonly Instantiable<Made>[], kind: string, { type, ...options }: PartConfig): Made {
    return instantiatePlugin(findPlugin(plugins, kind, type), options, services)
  }
  const parts: PartFactory = {
    filter: (config) => make(lists.filters, 'filter', config),
    scorer: (config) => make(lists.scorers, 'scorer', config),
    picker: (config) => make(lists.pickers, 'picker', config),
  }
  const services: PluginServices = { random, parts }
  return parts
}
