// A question that has to be answered first. The browser keeps the focus in it, and Escape closes
// it.
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { t } from '../core/words.js';
import { Button, Field, Problem, useId } from './basics.js';

/** `onClose` is called when it is closed by any way. */
export function Dialog({ title, children, onClose }) {
  const box = useRef(null),
    id = useId('d');
  useEffect(() => {
    const before = document.activeElement,
      dialog = box.current;
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.close(); // while it is open nothing behind it takes the focus
      (before?.isConnected ? before : document.querySelector('h1'))?.focus();
    };
  }, []);
  return html`<dialog ref=${box} aria-labelledby=${id} onClose=${() => box.current && onClose()}
    onCancel=${(event) => {
      event.preventDefault();
      onClose();
    }}>
    <div class="column"><h2 id=${id}>${title}</h2>${children}</div></dialog>`;
}

/**
 * Says what an action means before it is done. `act` is done on yes; `loss`: something can be
 * lost;
 * `passphrase`: it is asked for again and given to `act`.
 */
export function Confirm({
  title,
  children,
  yes,
  act,
  onClose,
  loss = false,
  passphrase = false,
}) {
  const [problem, setProblem] = useState('');
  const [secret, setSecret] = useState('');
  const go = async () => {
    await act(secret);
    setSecret('');
    onClose();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${children}
    ${
      passphrase &&
      html`<${Field} label=${t('common.passphraseAgain')} type="password"
      autocomplete="off" value=${secret} onValue=${setSecret} />`
    }
    <${Problem} what=${problem} />
    <div class="row even">
      <${Button} onPress=${onClose}>${t('common.no')}<//>
      <${Button} kind=${loss ? 'loss' : 'main'} onPress=${go}
        onProblem=${(error) => {
          setSecret('');
          setProblem(error);
        }}>${yes}<//>
    </div><//>`;
}
