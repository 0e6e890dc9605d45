// Search over everything that one may read, on this device, while one types.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { go } from '../core/places.js';
import { dayAndClock, t } from '../core/words.js';
import { Empty, Field } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';

const OPENS = {
  meeting: (hit) => ['meeting', { id: hit.id }],
  share: (hit) => ['share', { id: hit.id }],
  profile: () => ['members', {}],
  agreement: () => ['agreement', {}],
};

/** What matched stands out; marks of headings and dates as the program writes them are left out.
    Each line is a field of the record, or a paragraph. */
function Excerpt({ text }) {
  const words = text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d\s*|(?<=^|\s)#{1,3}\s/g, '')
    .trim().replace(/\s*\n\s*/g, ' · ');
  const pieces = words.split(/[\u2068\u2069]/);
  return html`<span class="quiet">${pieces.map((one, at) =>
    at % 2 === 1 ? html`<mark>${one}</mark>` : one)}</span>`;
}

function Hit({ hit }) {
  const [screen, values] = OPENS[hit.type]?.(hit) ?? ['meetings', {}];
  return html`<li><button type="button" class="item"
    onClick=${() => go(screen, { ...values, circle: hit.circle })}><span class="item-text">
      <span>${hit.title || t(`search.types.${hit.type}`)}</span>
      ${hit.starts && html`<span class="quiet">${dayAndClock(hit.starts)}</span>`}
      <${Excerpt} text=${hit.excerpt} /></span><${Icon} name="forward" /></button></li>`;
}

export function Search({ circle }) {
  const [words, setWords] = useState(''),
    [answer, setAnswer] = useState(null);
  const [problem, setProblem] = useState('');
  const newest = useRef(0);
  useEffect(() => {
    const mine = ++newest.current;
    if (words.trim() === '') return setAnswer(null);
    const query = new URLSearchParams({ words, circle: circle.id });
    ask('GET', `search?${query}`).then(
      (found) => {
        if (mine !== newest.current) return;
        setAnswer(found);
        setProblem('');
      },
      (error) => mine === newest.current && setProblem(error),
    );
    return undefined;
  }, [words]);
  const hits = answer?.hits ?? [];
  return html`<${Screen} title=${t('search.title')} subtitle=${circle.name}>
    <${Field} label=${t('search.words')} type="search" value=${words} onValue=${setWords}
      hint=${t('search.hint')} problem=${problem} autocomplete="off" />
    <p class="unseen" role="status">${answer && t('search.found', { count: hits.length })}</p>
    ${answer && hits.length === 0 && html`<${Empty} icon="search" text=${t('search.nothing')} />`}
    <ul class="list">${hits.map((hit) => html`<${Hit} key=${hit.id + hit.type}
      hit=${hit} />`)}</ul>
    ${
      answer?.not_indexed_yet > 0 &&
      html`<p class="quiet">
      ${t('search.later', { count: answer.not_indexed_yet })}</p>`
    }<//>`;
}
