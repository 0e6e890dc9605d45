// How the circle wants it: who invites, what newcomers see, how long things are kept. A facilitator
// changes it, everybody can read it.
import { html, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { isFacilitator, mayWrite, useMembers } from '../core/hooks.js';
import { useData } from '../core/live-data.js';
import { t } from '../core/words.js';
import {
  Button,
  Choice,
  Field,
  Notice,
  Section,
  Switch,
  Waiting,
  say,
  useDraft,
} from '../parts/basics.js';
import { Conflicts } from '../parts/conflicts.js';
import { Screen } from '../parts/frame.js';
import { HeadButton } from '../parts/frame.js';

function Words({ circle, settings }) {
  const [name, setName, nameSaved] = useDraft(settings.name ?? '');
  const [purpose, setPurpose, purposeSaved] = useDraft(settings.purpose ?? '');
  const [topics, setTopics, topicsSaved] = useDraft((settings.topics ?? []).join('\n'));
  const [problem, setProblem] = useState({});
  const save = async () => {
    setProblem({});
    const list = topics
      .split('\n')
      .map((one) => one.trim())
      .filter(Boolean);
    await ask('PATCH', `circles/${circle.id}/settings`, {
      name: name.trim(),
      purpose,
      topics: list,
    });
    nameSaved(name);
    purposeSaved(purpose);
    topicsSaved(topics);
    say(t('common.saved'));
  };
  return html`<div class="column">
    <${Field} label=${t('found.name')} value=${name} onValue=${setName} problem=${problem.name} />
    <${Field} label=${t('found.purpose')} rows=${3} value=${purpose} onValue=${setPurpose}
      problem=${problem.purpose} />
    <${Field} label=${t('rules.topics')} hint=${t('rules.topicsHint')} rows=${4} value=${topics}
      onValue=${setTopics} problem=${problem.topics} />
    <${Button} onPress=${save}
      onProblem=${(error) => setProblem({ [error.field ?? 'name']: error })}>
      ${t('common.save')}<//></div>`;
}

/** Whose turn it is to facilitate, with buttons that work by keyboard too. */
function Rotation({ circle, mayChange, persons }) {
  const path = `circles/${circle.id}/rotation`;
  const { data } = useData(path);
  const order = data?.order ?? [];
  if (data && order.length === 0) {
    return html`<div class="column"><p class="quiet">${t('rules.noRotation')}</p>
      ${
        mayChange &&
        html`<${Button} onPress=${() => ask('PATCH', path, { order: persons })}>
        ${t('rules.allInTurn')}<//>`
      }</div>`;
  }
  const move = (at, by) => {
    const next = order.map((one) => one.person);
    next.splice(at + by, 0, ...next.splice(at, 1));
    return ask('PATCH', path, { order: next });
  };
  return html`<ol class="list">${order.map(
    (one, at) => html`<li class="item" key=${one.person}>
    <span class="item-text"><span>${one.name}</span>
      ${at === 0 && html`<span class="quiet">${t('rules.nextToLead')}</span>`}</span>
    ${
      mayChange &&
      at > 0 &&
      html`<${HeadButton} icon="up" label=${t('rules.earlier', { name: one.name })}
      onPress=${() => move(at, -1).catch(say)} />`
    }
    ${
      mayChange &&
      at < order.length - 1 &&
      html`<${HeadButton} icon="down"
      label=${t('rules.later', { name: one.name })} onPress=${() => move(at, 1).catch(say)} />`
    }
    </li>`,
  )}</ol>`;
}

export function Rules({ circle }) {
  const path = `circles/${circle.id}/settings`;
  const { data: settings } = useData(path, ['circle']);
  const { data: rules } = useData(`circles/${circle.id}/rules`, ['circle']);
  const { me, members } = useMembers(circle);
  if (!rules || !settings) return html`<${Screen} title=${t('ways.rules')}><${Waiting} /><//>`;
  const mayChange = isFacilitator(me) && mayWrite(circle);
  const change = (name) => (value) => ask('PATCH', path, { [name]: value }).catch(say);
  const choice = (
    name,
    options,
  ) => html`<${Choice} label=${t(`rules.${name}`)} value=${rules[name]}
    hint=${t(`rules.${name}Hint`)}
      options=${options.map((one) => [one, t(`rules.${name}Is.${one}`)])}
    onValue=${change(name)} />`;
  const months = [1, 3, 6, 12, 0];
  return html`<${Screen} title=${t('ways.rules')} subtitle=${circle.name}>
    <${Conflicts} circle=${circle} path=${path} record=${settings} labels=${t.group('rules.fields')}
      say=${(field, value) => String(value)} />
    ${
      !mayChange &&
      html`<${Notice}>${t(mayWrite(circle) ? 'rules.readOnly' : 'outside.title')}<//>`
    }
    <fieldset class="column" disabled=${!mayChange}><legend class="unseen">
      ${t('ways.rules')}</legend>
      ${choice('invite', ['facilitators', 'nobody'])}
      <${Switch} label=${t('rules.newcomers_see_past')} hint=${t('rules.newcomers_see_pastHint')}
        value=${rules.newcomers_see_past} onValue=${change('newcomers_see_past')} />
      <${Choice} label=${t('rules.keep_months')} hint=${t('rules.keep_monthsHint')}
        value=${rules.keep_months} onValue=${change('keep_months')}
        options=${(months.includes(rules.keep_months)
          ? months
          : [rules.keep_months, ...months]
        ).map((count) => [count, t('rules.months', { count })])} />
      ${choice('attendance', ['names', 'count'])}
      <${Switch} label=${t('rules.voice_shown')} hint=${t('rules.voice_shownHint')}
        value=${settings.voice_shown === true} onValue=${change('voice_shown')} />
    </fieldset>
    <${Section} title=${t('rules.rotation')}><${Rotation} ...${{ circle, mayChange }}
      persons=${(members ?? []).map((one) => one.person)} /><//>
    ${
      mayChange &&
      html`<${Section} title=${t('rules.words')}><${Words}
      ...${{ circle, settings }} /><//>`
    }<//>`;
}
