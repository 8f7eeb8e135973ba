import type { Notice, Notices } from '../notices';
import { KeyedList, byId, element } from './dom';
import { icon } from './icons';

export interface NoticesView {
  render(): void;
}

/** Banners above the page, toasts in its corner. */
export function noticesView(notices: Notices): NoticesView {
  const create = (notice: Notice): HTMLElement => noticeElement(notice, () => notices.dismiss(notice.key));
  const key = (notice: Notice): string => notice.key;
  const banners = new KeyedList<Notice>(byId('banners', HTMLDivElement), { key, create });
  const toasts = new KeyedList<Notice>(byId('toasts', HTMLDivElement), { key, create });
  return {
    render() {
      const all = notices.list();
      banners.render(all.filter((notice) => notice.placement === 'banner'));
      toasts.render(all.filter((notice) => notice.placement === 'toast'));
    },
  };
}

function noticeElement(notice: Notice, dismiss: () => void): HTMLElement {
  const close = element('button', { type: 'button', class: 'icon-button', 'aria-label': `Dismiss: ${notice.title}` }, icon('close'));
  close.addEventListener('click', dismiss);
  return element(
    'div',
    { class: notice.placement, 'data-tone': notice.tone, 'data-testid': notice.placement },
    element('div', {}, element('strong', {}, notice.title), element('p', {}, notice.text)),
    close,
  );
}
