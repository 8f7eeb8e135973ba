/** On a narrow screen one part of the page is shown at a time; wide ones show all and ignore this. */
import { byId, setText } from './dom';

export type Pane = 'connect' | 'messages' | 'log';

export interface PanesView {
  show(pane: Pane): void;
  render(unread: number): void;
}

const PANES: readonly Pane[] = ['connect', 'messages', 'log'];

/** `shown` is told when another part came into sight. */
export function panes(shown: () => void): PanesView {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>('[data-show]')];
  const show = (pane: Pane): void => {
    document.body.dataset['pane'] = pane;
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset['show'] === pane));
    shown();
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const pane = PANES.find((name) => name === button.dataset['show']);
      if (pane !== undefined) show(pane);
    });
  }
  show('connect');
  return {
    show,
    render(unread) {
      const badge = byId('tab-unread', HTMLSpanElement);
      badge.hidden = unread === 0;
      setText(badge, String(unread));
    },
  };
}
