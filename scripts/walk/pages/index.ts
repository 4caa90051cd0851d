import { federation } from './federation.js';
import { gettingStarted } from './getting-started.js';
import type { Page } from './page-kinds.js';

export type { OpenPage, Page } from './page-kinds.js';
export const PAGES: Readonly<Record<string, Page>> = { 'getting-started': gettingStarted, federation };
