// A new circle: its name, what it is for, what is agreed, and who I am in it.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { reload } from '../core/live-data.js';
import { begin, go } from '../core/places.js';
import { language, t } from '../core/words.js';
import { Button, Field, Problem } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';

const KNOWN = ['name', 'pseudonym', 'purpose', 'agreement'];

export function Found() {
  const [values, setValues] = useState({ name: '', pseudonym: '', purpose: '', agreement: null });
  const [problem, setProblem] = useState({});
  const [isOpen, setOpen] = useState(false);
  const take = (name) => (value) => setValues((before) => ({ ...before, [name]: value }));
  const proposed = useRef(null); // her own words stay, whatever comes
  useEffect(() => {
    ask('GET', `agreement?lang=${language()}`)
      .then(({ text }) => {
        const last = proposed.current;
        proposed.current = text;
        setValues((before) => before.agreement === last ? { ...before, agreement: text } : before);
      })
      .catch(() => {}); // the node proposes the same when nothing is sent
  }, [language()]);
  const found = async () => {
    const { agreement, ...body } = values;
    for (const name of ['name', 'pseudonym']) body[name] = body[name].trim();
    setProblem({});
    const answer = await ask('POST', 'circles', agreement === null ? body : { ...body, agreement });
    await reload('status');
    begin('home', { circle: answer.id });
    go('invite', { circle: answer.id });
  };
  const refused = (error) =>
    setProblem({ [KNOWN.includes(error.field) ? error.field : 'all']: error });
  const field = (name, more = {}) => html`<${Field} label=${t(`found.${name}`)}
    hint=${t(`found.${name}Hint`)} value=${values[name] ?? ''} onValue=${take(name)}
    problem=${problem[name]} autocomplete="off" ...${more} />`;
  return html`<${Screen} title=${t('found.title')}>
    <form class="column" onSubmit=${(event) => {
      event.preventDefault();
      event.target.querySelector('.main').click();
    }}>
      ${field('name')}${field('pseudonym')}${field('purpose', { rows: 2 })}
      <section class="card still column close"><h2>${t('found.agreementTitle')}</h2>
        <p class="quiet">${t('found.agreementWhat')}</p>
        ${isOpen ? field('agreement', { rows: 14 })
          : html`<p class="prose clipped">${values.agreement ?? ''}</p>
            <${Button} icon="pen" onPress=${() => setOpen(true)}>${t('found.agreementEdit')}<//>`}
      </section>
      <${Problem} what=${problem.all} />
      <${Button} kind="main full" onPress=${found} onProblem=${refused}>${t('found.go')}<//>
    </form><//>`;
}
