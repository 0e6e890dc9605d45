// What members have written for one another: an experience, a strategy that helped, a question.
import { html, useState } from '../lib/preact.js';
import { ask, part } from '../core/api.js';
import { mayWrite, useMembers } from '../core/hooks.js';
import { erase, useData } from '../core/live-data.js';
import { back, go } from '../core/places.js';
import { names, t } from '../core/words.js';
import { Button, Choice, Empty, Field, Problem, Waiting } from '../parts/basics.js';
import { Confirm } from '../parts/dialog.js';
import { Screen } from '../parts/frame.js';
import { Conflicts } from '../parts/conflicts.js';
import { Icon } from '../parts/icons.js';
import { KeepChoice, layerOf } from '../parts/keep.js';
import { Dot } from '../parts/person.js';

const SORTS = ['experience', 'strategy', 'question'];
const AUDIENCES = ['circle', 'facilitators', 'persons'];
const MARKS = { circle: 'shared', facilitators: 'secret', persons: 'secret' };

/** Who can read it: a closed hand, or the circle. `to`: the names of some. */
const Audience = ({ of, to }) => html`<span class=${`mark ${MARKS[of] ?? 'shared'}`}>
  <${Icon} name=${of === 'circle' ? 'home' : 'fist'} size=${18} />${
    of === 'persons' && to.length > 0 ? t('shares.to', { names: names(to) }) : t(`shares.for.${of}`)
  }</span>`;

function Item({ one, colour }) {
  const title = one.content_note
    ? t('shares.folded', { note: one.content_note })
    : one.title || t(`shares.sorts.${one.sort ?? 'experience'}`);
  return html`<li><button type="button" class="item" onClick=${() => go('share', { id: one.id })}>
    <${Dot} who=${{ person: one.author, name: one.by }} colour=${colour} />
    <span class="item-text"><span>${title}</span><span class="quiet">${one.by}
      ${one.topics?.length > 0 && ` · ${one.topics.join(', ')}`}</span></span>
    ${one.audience !== 'circle' && html`<${Icon} name="fist" size=${20} />`}</button></li>`;
}

export function Shares({ circle }) {
  const [max, setMax] = useState(30),
    [sort, setSort] = useState(null);
  const query = `max=${max}${sort ? `&sort=${sort}` : ''}`;
  const { data } = useData(`circles/${circle.id}/shares?${query}`, ['share']);
  const { colourOf } = useMembers(circle);
  return html`<${Screen} isRoot title=${t('shares.title')} subtitle=${circle.name}>
    ${
      mayWrite(circle) &&
      html`<${Button} kind="main" icon="pen" onPress=${() => go('write')}>
        ${t('shares.write')}<//>`
    }
    <${Choice} label=${t('shares.which')} hideLabel value=${sort} onValue=${setSort}
      options=${[
        [null, t('shares.all')],
        ...SORTS.map((one) => [one, t(`shares.plural.${one}`)]),
      ]} />
    ${
      !data
        ? html`<${Waiting} />`
        : data.shares.length === 0
          ? html`<${Empty} icon="shares" text=${t('shares.none')} />`
          : html`<ul class="list">${data.shares.map(
              (one) => html`<${Item} key=${one.id} one=${one}
        colour=${colourOf(one.author)} />`,
            )}</ul>`
    }
    ${data?.hidden > 0 && html`<p class="quiet">${t('shares.hidden', { count: data.hidden })}</p>`}
    ${
      data?.next &&
      max < 500 &&
      html`<${Button} onPress=${() => setMax(Math.min(500, max + 60))}>
      ${t('common.more')}<//>`
    }<//>`;
}

export function Share({ circle, place }) {
  const path = `circles/${circle.id}/shares/${part(place.id)}`;
  const { data: one, error } = useData(path, ['share']);
  const { nameOf } = useMembers(circle);
  const [isOpen, setOpen] = useState(false),
    [asks, setAsks] = useState(false);
  if (error) return html`<${Screen} title=${t('shares.title')}><p>${t('shares.gone')}</p><//>`;
  if (!one) return html`<${Screen} title=${t('shares.title')}><${Waiting} /><//>`;
  const isFolded = one.content_note && !isOpen;
  const to = (one.to ?? []).map(nameOf);
  return html`<${Screen} title=${
    isFolded ? t('shares.title') : one.title || t(`shares.sorts.${one.sort ?? 'experience'}`)
  } subtitle=${one.by}>
    <${Conflicts} circle=${circle} path=${path} record=${one} labels=${t.group('shares.fields')}
      say=${(field, value) => String(value)} />
    <p class="row"><${Audience} of=${one.audience} to=${to} />
      <span class="mark">
        ${t(`keep.short.${layerOf(one)}`, { count: one.keep_months })}</span>
      ${(one.topics ?? []).map((topic) => html`<span class="mark" key=${topic}>
        ${topic}</span>`)}</p>
    ${
      isFolded
        ? html`<section class="card fleeting column"><p>${one.content_note}</p>
        <${Button} onPress=${() => setOpen(true)}>${t('shares.unfold')}<//></section>`
        : html`<p class="prose">${one.text}</p>`
    }
    ${
      one.author === circle.me &&
      mayWrite(circle) &&
      html`<${Button} kind="loss" onPress=${() => setAsks(true)}>
      ${t('shares.takeBack')}<//>`
    }
    ${
      asks &&
      html`<${Confirm} title=${t('shares.takeBack')} yes=${t('shares.takeBack')} loss
      act=${async () => {
        await erase(path);
        back();
      }} onClose=${() => setAsks(false)}>
      <p>${t('shares.takeBackMeans')}</p><//>`
    }<//>`;
}

/** Names to choose from, each a box that is ticked. */
function Persons({ members, chosen, setChosen }) {
  const turn = (person) =>
    setChosen(
      chosen.includes(person) ? chosen.filter((one) => one !== person) : [...chosen, person],
    );
  return html`<fieldset class="field"><legend class="label">${t('shares.whom')}</legend>
    <div class="choices">${members
      .filter((one) => !one.me)
      .map(
        (one) => html`<label class="choice"
      key=${one.person}><input type="checkbox" checked=${chosen.includes(one.person)}
        onChange=${() => turn(one.person)} /><span>${one.name}</span></label>`,
      )}</div></fieldset>`;
}

export function Write({ circle }) {
  const { members } = useMembers(circle);
  const { data: settings } = useData(`circles/${circle.id}/settings`, ['circle']);
  const [values, setValues] = useState({
    sort: 'experience',
    title: '',
    text: '',
    content_note: '',
    audience: 'circle',
    keep: 'kept',
    topics: [],
  });
  const [chosen, setChosen] = useState([]),
    [problem, setProblem] = useState({});
  const take = (name) => (value) => setValues((before) => ({ ...before, [name]: value }));
  const send = async () => {
    const { audience, ...body } = values;
    setProblem({});
    if (audience === 'facilitators') body.to = ['facilitators'];
    if (audience === 'persons') {
      if (chosen.length === 0) return setProblem({ all: { key: 'shares.nobody' } });
      body.to = chosen;
    }
    if (body.keep === 'months') body.keep_months = settings?.keep_months || 12;
    await ask('POST', `circles/${circle.id}/shares`, body);
    return back();
  };
  const refused = (error) =>
    setProblem({
      [['title', 'text', 'content_note'].includes(error.field) ? error.field : 'all']: error,
    });
  const topics = settings?.topics ?? [];
  const whom = values.audience === 'persons' && chosen.length === 0 ? 'some' : values.audience;
  const who =
    whom === 'persons'
      ? t('shares.seen.persons', {
          names: names(
            members.filter((one) => chosen.includes(one.person)).map((one) => one.name),
          ),
        })
      : t(`shares.seen.${whom}`);
  const count = settings?.keep_months || 12;
  const seen = `${who} ${t(`shares.keepLong.${values.keep}`, { count })}`;
  return html`<${Screen} title=${t('shares.write')}>
    <${Choice} label=${t('shares.which')} hideLabel value=${values.sort} onValue=${take('sort')}
      options=${SORTS.map((one) => [one, t(`shares.sorts.${one}`)])} />
    <${Choice} label=${t('shares.audience')} value=${values.audience} onValue=${take('audience')}
      options=${AUDIENCES.map((one) => [one, t(`shares.for.${one}`)])} />
    ${
      values.audience === 'persons' &&
      members &&
      html`<${Persons} ...${{ members, chosen, setChosen }} />`
    }
    <${KeepChoice} label=${t('shares.keepAsk')} value=${values.keep} months=${count}
      onValue=${take('keep')} />
    <${Field} label=${t('shares.labels.title')} value=${values.title} onValue=${take('title')}
      problem=${problem.title} autocomplete="off" />
    <${Field} label=${t('shares.labels.text')} rows=${8} value=${values.text} seenBy=${seen}
      onValue=${take('text')} problem=${problem.text} />
    ${
      topics.length > 0 &&
      html`<fieldset class="field"><legend class="label">${t('rules.topics')}</legend>
      <div class="choices">${topics.map(
        (one) => html`<label class="choice" key=${one}>
        <input type="checkbox" checked=${values.topics.includes(one)} onChange=${() =>
          take('topics')(
            values.topics.includes(one)
              ? values.topics.filter((each) => each !== one)
              : [...values.topics, one],
          )} /><span>${one}</span></label>`,
      )}</div></fieldset>`
    }
    <${Field} label=${t('shares.labels.content_note')} hint=${t('shares.noteHint')}
      value=${values.content_note} onValue=${take('content_note')}
        problem=${problem.content_note} />
    <${Problem} what=${problem.all} />
    <${Button} kind="main full" onPress=${send} onProblem=${refused}>${t('shares.send')}<//><//>`;
}
