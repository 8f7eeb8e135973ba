/** Who has written, the last active first, and above them everybody together. */
import type { Conversation } from '../conversations';
import type { Message } from '../message';
import { avatar } from './avatar';
import { KeyedList, byId, element } from './dom';
import { icon } from './icons';
import { clockOrDay } from './time';

interface Row {
  /** Undefined for the row of everybody. */
  readonly conversation: Conversation | undefined;
  readonly last: Message | undefined;
  readonly unread: number;
  readonly selected: boolean;
}

export interface ConversationListView {
  render(conversations: readonly Conversation[], selected: string | undefined): void;
}

export function conversationList(select: (customerId: string | undefined) => void): ConversationListView {
  const rows = new KeyedList<Row>(byId('conversations', HTMLUListElement), {
    key: (row) => (row.conversation === undefined ? 'all' : `of:${row.conversation.customerId}`),
    create: (row) => createRow(row, select),
    same: (before, after) =>
      before.last === after.last &&
      before.unread === after.unread &&
      before.selected === after.selected &&
      before.conversation?.name === after.conversation?.name,
  });
  return {
    render(conversations, selected) {
      const everybody: Row = { conversation: undefined, last: conversations[0]?.last, unread: 0, selected: selected === undefined };
      const each = conversations.map((conversation): Row => {
        const isSelected = conversation.customerId === selected;
        return { conversation, last: conversation.last, unread: isSelected ? 0 : conversation.unread, selected: isSelected };
      });
      rows.render([everybody, ...each]);
    },
  };
}

function createRow(row: Row, select: (customerId: string | undefined) => void): HTMLElement {
  const { conversation, last } = row;
  const name = conversation?.name ?? 'Everybody';
  const button = element(
    'button',
    { type: 'button', class: 'conversation', 'data-testid': 'conversation', 'data-customer-id': conversation?.customerId, 'data-unread': row.unread > 0, 'aria-current': row.selected ? 'true' : undefined },
    conversation === undefined ? element('span', { class: 'avatar all', 'aria-hidden': 'true' }, icon('chat')) : avatar(conversation.customerId, name),
    element('span', { class: 'conversation-name' }, element('bdi', {}, name)),
    element('time', { class: 'conversation-time' }, clockOrDay(last?.at, new Date())),
    element('span', { class: 'conversation-last', dir: 'auto' }, ...preview(row)),
    row.unread > 0 ? element('span', { class: 'count', 'aria-label': `${row.unread} new` }, String(Math.min(row.unread, 999))) : undefined,
  );
  button.addEventListener('click', () => select(conversation?.customerId));
  return element('li', {}, button);
}

/** Text alone decides the direction of its line; behind a prefix it keeps its own to itself. */
function preview(row: Row): (Node | string)[] {
  if (row.last === undefined) return ['No messages yet'];
  const text = row.last.content === '' ? row.last.type : row.last.content;
  if (row.conversation === undefined) return [element('bdi', {}, row.last.sender), ': ', element('bdi', {}, text)];
  return row.last.direction === 'outbound' ? ['You: ', element('bdi', {}, text)] : [text];
}
