import { createLogger } from '../../runtime/index.js';
import { ContextStore } from '../contexts/context-store.js';
import { createWorld } from './world.js';

/** The contexts of this user, without a connection to anybody. */
export async function openContexts(configDirectory: string): Promise<ContextStore> {
  return new ContextStore(configDirectory, createWorld(await createLogger({ level: 'silent' })));
}
