import { ROOMS_MAX, keyOf } from '../rooms';
import type { Membership, Room, RoomEntry, Rooms } from '../rooms';
import { KeyedList, byId, element, onSubmit, setText } from './dom';
import { icon } from './icons';

const WORDS: Readonly<Record<Membership, string>> = {
  waiting: 'joins when connected',
  joining: 'joining',
  joined: 'joined',
  refused: 'refused',
  unanswered: 'no answer',
};

export interface RoomsPanelView {
  render(): void;
  joinGeneral(): void;
}

/** `tell` says what the person should know at once. */
export function roomsPanel(rooms: Rooms, tell: (title: string, text: string) => void): RoomsPanelView {
  const join = byId('join-general', HTMLButtonElement);
  const leave = byId('leave-general', HTMLButtonElement);
  const customer = byId('customer-name', HTMLInputElement);
  const chips = new KeyedList<RoomEntry>(byId('room-chips', HTMLUListElement), {
    key: (entry) => keyOf(entry.room),
    create: (entry) => chip(entry, () => rooms.leave(entry.room)),
  });
  const ask = (room: Room): void => {
    if (!rooms.join(room)) tell('Too many rooms', `This page keeps at most ${ROOMS_MAX}; leave one first.`);
  };
  const joinGeneral = (): void => ask({ kind: 'general' });
  join.addEventListener('click', joinGeneral);
  leave.addEventListener('click', () => rooms.leave({ kind: 'general' }));
  onSubmit(byId('customer-form', HTMLFormElement), () => {
    const name = customer.value.trim();
    if (name === '') {
      customer.focus();
      return;
    }
    ask({ kind: 'customer', customer: name });
    customer.value = '';
  });
  return {
    joinGeneral,
    render() {
      const general = rooms.general();
      const focused = document.activeElement;
      join.disabled = general !== undefined && general.membership !== 'refused' && general.membership !== 'unanswered';
      leave.disabled = general === undefined;
      if (focused === join && join.disabled) leave.focus();
      if (focused === leave && leave.disabled) join.focus();
      renderGeneralNote(general);
      chips.render(rooms.list().filter((entry) => entry.room.kind === 'customer'));
    },
  };
}

function renderGeneralNote(general: RoomEntry | undefined): void {
  const note = byId('general-note', HTMLParagraphElement);
  note.dataset['membership'] = general?.membership ?? 'none';
  if (general === undefined) setText(note, 'Every message and status you may see.');
  else setText(note, [WORDS[general.membership], general.note].filter((part) => part !== undefined).join(': '));
}

function chip(entry: RoomEntry, leave: () => void): HTMLElement {
  const name = entry.room.kind === 'customer' ? entry.room.customer : 'general';
  const waiting = entry.awaitsCustomer ? 'waiting for this customer' : undefined;
  const note = entry.membership === 'joined' ? waiting : (entry.note ?? WORDS[entry.membership]);
  const close = element('button', { type: 'button', class: 'icon-button', 'aria-label': `Leave the room of ${name}`, 'data-testid': 'leave-customer' }, icon('close'));
  close.addEventListener('click', leave);
  const told = [WORDS[entry.membership], waiting, entry.note, entry.customerId].filter((part) => part !== undefined).join(' · ');
  return element(
    'li',
    { class: 'chip', 'data-testid': 'room-chip', 'data-customer': name, 'data-membership': entry.membership, 'data-awaits-customer': entry.awaitsCustomer, title: told },
    element('span', { class: 'chip-name' }, name),
    entry.membership === 'joined' ? element('span', { class: 'visually-hidden' }, 'joined') : undefined,
    note === undefined ? undefined : element('span', { class: 'chip-note' }, note),
    close,
  );
}
