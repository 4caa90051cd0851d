import { Args, Flags } from '@oclif/core';
import { CollectiveError, formatSize } from '../../base/index.js';
import { printable } from '../format/printable.js';
import { formatTable } from '../format/table.js';
import { PluginCommand } from './plugin-command.js';

/** All that a plugin may use. What is here stays within a version; what is added does not raise it. */
const PLUGIN_INTERFACE = { version: 1, PluginCommand, Args, Flags, CollectiveError, formatSize, formatTable, printable } as const;

export type PluginInterface = typeof PLUGIN_INTERFACE;

/**
 * Plugins are installed in a folder of their own, from where they cannot import this program: so they find it under a symbol that
 * everybody in the process knows.
 */
export function offerToPlugins(): void {
  Object.defineProperty(globalThis, Symbol.for('collective.plugin.v1'), { value: PLUGIN_INTERFACE, configurable: true });
}
