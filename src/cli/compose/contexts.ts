import { SILENT_LOGGER } from '../base/silent-logger.js';
import { ContextStore } from '../contexts/context-store.js';
import { createWorld } from './world.js';

/** The contexts of this user, without a connection to anybody. */
export const openContexts = (configDirectory: string): ContextStore =>
  new ContextStore(configDirectory, createWorld(SILENT_LOGGER));
