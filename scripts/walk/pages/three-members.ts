import { type Chapter, text, Walker } from '../steps.js';

const alice = new Walker('alice');

export const chapters: readonly Chapter[] = [{ title: 'x', steps: [text('y'), alice.run('true')] }];
