/** The form for a test message, and the outbox beneath it. */
import { toneOf } from '../outbox';
import type { Outbox, OutboxEntry } from '../outbox';
import type { SendOutcome } from '../sending';
import { KeyedList, byId, element, onSubmit, sendOnEnter, setText } from './dom';

export interface SendPanelView {
  render(): void;
}

export function sendPanel(outbox: Outbox, send: (to: string, text: string) => Promise<SendOutcome>): SendPanelView {
  const to = byId('send-to', HTMLInputElement);
  const text = byId('send-text', HTMLTextAreaElement);
  const button = byId('send', HTMLButtonElement);
  const entries = new KeyedList<OutboxEntry>(byId('outbox-list', HTMLUListElement), { key: (entry) => entry.key, create: entryElement });

  const submit = (): void => {
    const missing = to.value.trim() === '' ? to : text.value.trim() === '' ? text : undefined;
    if (missing !== undefined) {
      missing.focus();
      showResult({ tone: 'error', text: missing === to ? 'To whom? Give a phone number.' : 'Write a message first.' });
      return;
    }
    if (button.disabled) return;
    button.disabled = true;
    setText(button, 'Sending…');
    void send(to.value.trim(), text.value).then((outcome) => {
      button.disabled = false;
      setText(button, 'Send');
      showResult(outcome);
      if (outcome.tone === 'info') text.value = '';
    });
  };
  onSubmit(byId('send-form', HTMLFormElement), submit);
  sendOnEnter(text, submit);
  return {
    render() {
      const all = outbox.list();
      byId('outbox', HTMLDivElement).hidden = all.length === 0;
      entries.render(all);
    },
  };
}

function showResult(outcome: SendOutcome): void {
  const result = byId('send-result', HTMLParagraphElement);
  result.hidden = false;
  result.dataset['tone'] = outcome.tone;
  setText(result, outcome.text);
}

function entryElement(entry: OutboxEntry): HTMLElement {
  return element(
    'li',
    { class: 'outbox-entry', 'data-testid': 'outbox-entry', 'data-outbox-id': entry.id, 'data-state': entry.state, 'data-tone': toneOf(entry.state) },
    element('span', { class: 'outbox-text', dir: 'auto' }, entry.text ?? 'a send from elsewhere'),
    element('span', { class: 'outbox-state' }, entry.state),
    element('span', { class: 'outbox-to mono' }, entry.to ?? entry.customerId ?? ''),
    entry.error === undefined ? undefined : element('span', { class: 'outbox-error' }, entry.error),
  );
}
