import { displayWidth } from '../format/table.js';

const HOME_AND_CLEAR = '\u001b[H\u001b[2J';

/** What a watched screen shows: the lines from its top, cut to what fits. */
export function screenOf(text: string, size: { readonly columns: number; readonly rows: number }): string {
  const lines = text.split('\n');
  const fits = lines.length < size.rows ? lines : [...lines.slice(0, Math.max(1, size.rows - 2)), '...'];
  return HOME_AND_CLEAR + fits.map((line) => cut(line, size.columns)).join('\n');
}

function cut(line: string, columns: number): string {
  if (displayWidth(line) <= columns) return line;
  let kept = '';
  for (const character of line) {
    if (displayWidth(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
