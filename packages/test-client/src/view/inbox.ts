/** Conversations and thread side by side, and which of them is open. */
import type { Connection } from '../connection';
import type { Conversations } from '../conversations';
import { emptyStateOf } from '../empty-state';
import type { Notices } from '../notices';
import type { Outbox } from '../outbox';
import type { Rooms } from '../rooms';
import type { Sending } from '../sending';
import { conversationList } from './conversation-list';
import { byId, setText } from './dom';
import { threadView } from './thread';

export interface InboxWorld {
  readonly conversations: Conversations;
  readonly outbox: Outbox;
  readonly rooms: Rooms;
  readonly sending: Sending;
  readonly connection: Connection;
  readonly notices: Notices;
  readonly changed: () => void;
  readonly joinGeneral: () => void;
}

export interface InboxView {
  render(): void;
}

export function inboxView(world: InboxWorld): InboxView {
  const { conversations, outbox, changed } = world;
  let selected: string | undefined;
  const select = (customerId: string | undefined): void => {
    selected = customerId;
    changed();
  };
  const list = conversationList(select);
  const thread = threadView({
    openConversation: select,
    joinGeneral: world.joinGeneral,
    // The outcome stands in the outbox entry, which both lists show.
    reply: (conversation, text) => void world.sending.reply(conversation, text),
    sendAgain: (key) => void world.sending.again(key),
    dismissPending: (key) => {
      outbox.dismiss(key);
      changed();
    },
  });
  byId('clear-messages', HTMLButtonElement).addEventListener('click', () => {
    conversations.clear();
    outbox.clear();
    world.notices.dismiss('gap');
    select(undefined);
  });
  return {
    render() {
      if (selected !== undefined && conversations.conversation(selected) === undefined) selected = undefined;
      // On a narrow screen the messages may be out of sight; then they stay unread.
      if (byId('thread-scroll', HTMLDivElement).offsetParent !== null) {
        if (selected === undefined) conversations.markAllRead();
        else conversations.markRead(selected);
      }
      const all = conversations.list();
      list.render(all, selected);
      thread.render({ conversations, outbox, selected, empty: emptyStateOf(world.connection.state.kind, world.rooms.list()) });
      setText(byId('messages-count', HTMLSpanElement), conversations.size === 0 ? '' : counted(conversations.size, all.length));
    },
  };
}

function counted(messages: number, customers: number): string {
  return `${messages.toLocaleString()} ${messages === 1 ? 'message' : 'messages'} · ${customers} ${customers === 1 ? 'customer' : 'customers'}`;
}
