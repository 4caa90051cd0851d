import { styleText } from 'node:util';

export type Colour = 'green' | 'yellow' | 'red';

/**
 * The text in that colour where standard output shows colours: a terminal that is not dumb. NO_COLOR and FORCE_COLOR (any value but
 * 0) decide otherwise, NO_COLOR first; see https://no-color.org.
 */
export const paint = (text: string, colour: Colour): string => (showsColours() ? styleText(colour, text) : text);

function showsColours(): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM } = process.env;
  if (NO_COLOR !== '' || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false;
  return FORCE_COLOR !== '' || (process.stdout.isTTY === true && TERM !== 'dumb');
}
