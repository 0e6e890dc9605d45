// Inviting: the code is said aloud, the other one types it, both confirm.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { ask } from '../core/api.js';
import { reload, useData } from '../core/live-data.js';
import { begin } from '../core/places.js';
import { t } from '../core/words.js';
import { Problem } from '../parts/basics.js';
import { Screen } from '../parts/frame.js';
import { Icon } from '../parts/icons.js';
import { CodeToSay, Decide, Ended, Progress, usePairing } from '../parts/pairing.js';

/** Cancels what this screen began, when it is left before the end. */
export function useCancel(isGoing) {
  const going = useRef(false);
  going.current = isGoing;
  useEffect(() => () => {
    if (going.current) ask('POST', 'pairing/cancel').catch(() => {});
  }, []);
}

/** From the code to the end, for a member or for another device of one's own. `note`: said while
 * the code is. */
export function Inviting({ code, again, on, note = null }) {
  const { data: pairing } = usePairing();
  const state = pairing?.inviter === false ? 'listening' : (pairing?.state ?? 'listening');
  const isOver = state === 'done' || state === 'failed';
  useCancel(!isOver);
  if (isOver)
    return html`<${Ended} pairing=${pairing} again=${again} on=${() => on(pairing.circle)} />`;
  if (state === 'deciding') return html`<${Decide} pairing=${pairing} />`;
  const isSaying = state === 'none' || state === 'listening';
  return html`${isSaying && html`<p>${t('invite.say')}</p>
    <${CodeToSay} code=${code} seconds=${code.seconds} />
    ${note && html`<p class="seen-by"><${Icon} name="eye" size=${18} />${note}</p>`}`}
    <${Progress} pairing=${{ ...pairing, state: isSaying ? 'listening' : state }}
      isFor="inviter" />`;
}

export function Invite({ circle: now }) {
  const [circle] = useState(now); // a draft becomes the circle while this goes on
  const [code, setCode] = useState(null);
  const [problem, setProblem] = useState('');
  const { data: rules } = useData(circle.draft ? null : `circles/${circle.id}/rules`);
  const isHere = useRef(true);
  const invite = async () => {
    setProblem('');
    setCode(null);
    const answer = await ask('POST', `circles/${circle.id}/invite`, {});
    if (!isHere.current) return ask('POST', 'pairing/cancel');
    await reload('pairing'); // not the last one's end
    return setCode(answer);
  };
  useEffect(() => {
    invite().catch(setProblem);
    return () => {
      isHere.current = false;
    };
  }, []);
  const sees = rules?.newcomers_see_past ? 'invite.seesPast' : 'invite.seesNew';
  return html`<${Screen} title=${t('invite.title')} subtitle=${circle.name}>
    <${Problem} what=${problem} />
    ${code && html`<${Inviting} key=${codeKey(code)} code=${code} again=${invite}
      note=${rules && t(sees)}
      on=${(founded) => begin('home', { circle: founded ?? circle.id })} />`}<//>`;
}

const codeKey = (code) => `${code.number} ${code.words.fr.join(' ')}`;
