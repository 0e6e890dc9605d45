// Minutes to read: lines that begin with # are headings, those with - or * items, [x] a box.
import { html } from '../lib/preact.js';

const HEADING = /^(#{1,6})\s+(.*)$/,
  ITEM = /^\s*[-*•]\s+(?:\[( |x|X)\]\s+)?(.*)$/;

/** [{kind: heading, items or text, …}] of a text. */
export function blocksOf(text) {
  const blocks = [];
  let open = null;
  const into = (kind, line) => {
    if (open?.kind !== kind) blocks.push((open = { kind, lines: [] }));
    open.lines.push(line);
  };
  for (const line of text.split('\n')) {
    const heading = HEADING.exec(line),
      item = ITEM.exec(line);
    if (heading) {
      blocks.push({ kind: 'heading', level: heading[1].length, lines: [heading[2]] });
      open = null;
    } else if (item) into('items', { text: item[2], done: item[1] ? item[1] !== ' ' : null });
    else if (line.trim() === '') open = null;
    else into('text', line);
  }
  return blocks;
}

function Block({ one, under }) {
  if (one.kind === 'heading') {
    const Heading = `h${Math.min(6, under + Math.min(one.level, 3))}`;
    return html`<${Heading}>${one.lines[0]}</${Heading}>`;
  }
  if (one.kind === 'text') return html`<p class="prose">${one.lines.join('\n')}</p>`;
  return html`<ul class="points">${one.lines.map(
    (line, at) => html`<li key=${at} class=${line.done ? 'is-done' : ''}>
      ${line.done === null ? '' : line.done ? '☑ ' : '☐ '}${line.text}</li>`,
  )}</ul>`;
}

/** `under`: the level of the heading above it. */
export const Prose = ({ text, under = 2 }) => html`<div class="column close read">
  ${blocksOf(text).map((one, at) => html`<${Block} key=${at} one=${one} under=${under} />`)}</div>`;
