/** The messages of one customer, or of everybody, and the box to reply from. */
import type { Conversation, Conversations } from '../conversations';
import type { EmptyState } from '../empty-state';
import { footnote } from '../footnote';
import type { Message } from '../message';
import type { Outbox, OutboxEntry } from '../outbox';
import { avatar } from './avatar';
import { messageBubble, pendingBubble } from './bubble';
import type { BubbleActions } from './bubble';
import { KeyedList, byId, element, onSubmit, sendOnEnter, setText } from './dom';

export interface ThreadActions extends BubbleActions {
  reply(conversation: Conversation, text: string): void;
  joinGeneral(): void;
}

export interface ThreadState {
  readonly conversations: Conversations;
  readonly outbox: Outbox;
  readonly selected: string | undefined;
  /** Why nothing is to be seen yet. */
  readonly empty: EmptyState;
}

export interface ThreadView {
  render(state: ThreadState): void;
}

/** Within this distance of the end, new messages keep the end in view. */
const STICKY_PX = 60;
const ANNOUNCED_CHARS_MAX = 200;

export function threadView(actions: ThreadActions): ThreadView {
  const scroll = byId('thread-scroll', HTMLDivElement);
  const jump = byId('jump', HTMLButtonElement);
  const inFeed = bubbles((message) => messageBubble(message, 'feed', actions));
  const inThread = bubbles((message) => messageBubble(message, 'thread', actions));
  const pending = new KeyedList<OutboxEntry>(byId('pending-list', HTMLOListElement), {
    key: (entry) => entry.key,
    create: (entry) => pendingBubble(entry, actions),
  });
  const reply = replyBox(actions);
  let shown: string | undefined;
  let newest: string | undefined;

  const atEnd = (): boolean => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < STICKY_PX;
  const toEnd = (): void => scroll.scrollTo({ top: scroll.scrollHeight });
  jump.addEventListener('click', toEnd);
  scroll.addEventListener('scroll', () => {
    if (atEnd()) jump.hidden = true;
  });
  // The box shrinks and grows with banners, the keyboard of a phone, and a pane that comes into view.
  new ResizeObserver(() => {
    if (jump.hidden) toEnd();
  }).observe(scroll);

  return {
    render(state) {
      const { conversations, selected } = state;
      const changedView = shown !== selected;
      const stick = changedView || atEnd();
      shown = selected;
      const messages = selected === undefined ? conversations.feed() : conversations.thread(selected);
      (selected === undefined ? inThread : inFeed).render([]);
      (selected === undefined ? inFeed : inThread).render(messages);
      const open = state.outbox.open().filter((entry) => selected === undefined || entry.customerId === selected);
      pending.render(open);
      const conversation = selected === undefined ? undefined : conversations.conversation(selected);
      renderHead(conversation);
      renderEmpty(state.empty, messages.length + open.length, actions.joinGeneral);
      reply.render(conversation);
      renderFoot(footnote({ shown: messages.length, held: conversation?.count ?? conversations.size, dropped: conversations.dropped }));
      const last = messages.at(-1);
      const isNew = last?.id !== newest;
      newest = last?.id;
      if (isNew && !changedView) announce(last);
      if (stick) toEnd();
      jump.hidden = stick || (jump.hidden && !isNew);
    },
  };
}

function bubbles(create: (message: Message) => HTMLElement): KeyedList<Message> {
  return new KeyedList<Message>(byId('message-list', HTMLOListElement), { key: (message) => message.id, create });
}

/** One voice for screen readers: the newest at each drawing, since a changed status redraws whole bubbles. */
function announce(message: Message | undefined): void {
  if (message?.direction !== 'inbound') return;
  setText(byId('announcer', HTMLParagraphElement), `${message.sender}: ${message.content.slice(0, ANNOUNCED_CHARS_MAX)}`);
}

function renderHead(conversation: Conversation | undefined): void {
  const head = byId('thread-head', HTMLDivElement);
  const wanted = conversation === undefined ? 'all' : `${conversation.customerId} ${conversation.name} ${conversation.number}`;
  if (head.dataset['of'] === wanted) return;
  head.dataset['of'] = wanted;
  if (conversation === undefined) {
    head.replaceChildren(element('strong', {}, 'Everybody'), element('span', { class: 'hint' }, 'Open a conversation to reply.'));
    return;
  }
  head.replaceChildren(
    avatar(conversation.customerId, conversation.name),
    element('strong', {}, element('bdi', {}, conversation.name)),
    element('span', { class: 'hint mono' }, [conversation.number, conversation.customerId].filter((part, index, all) => part !== '' && all.indexOf(part) === index).join(' · ')),
  );
}

function renderEmpty({ title, text, offer }: EmptyState, count: number, joinGeneral: () => void): void {
  const empty = byId('thread-empty', HTMLDivElement);
  const isFocused = empty.contains(document.activeElement);
  empty.hidden = count > 0;
  if (count === 0 && empty.dataset['text'] !== title + text) {
    empty.dataset['text'] = title + text;
    empty.replaceChildren(element('strong', {}, title), element('p', {}, text), ...(offer === undefined ? [] : [joinButton(joinGeneral)]));
  }
  // A button that goes would take the keyboard's place on the page with it.
  if (isFocused && !empty.contains(document.activeElement)) byId('thread-scroll', HTMLDivElement).focus();
}

function joinButton(joinGeneral: () => void): HTMLElement {
  const button = element('button', { type: 'button', class: 'primary', 'data-testid': 'empty-join-general' }, 'Join the general room');
  button.addEventListener('click', joinGeneral);
  return button;
}

function renderFoot(text: string | undefined): void {
  const foot = byId('thread-foot', HTMLParagraphElement);
  foot.hidden = text === undefined;
  setText(foot, text ?? '');
}

function replyBox(actions: ThreadActions): { render(conversation: Conversation | undefined): void } {
  const form = byId('reply-form', HTMLFormElement);
  const field = byId('reply-text', HTMLTextAreaElement);
  /** Unfinished replies stay with their conversation. */
  const drafts = new Map<string, string>();
  let current: Conversation | undefined;

  const send = (): void => {
    const text = field.value.trim();
    if (text === '' || current === undefined) return;
    field.value = '';
    actions.reply(current, text);
  };
  onSubmit(form, send);
  sendOnEnter(field, send);
  return {
    render(conversation) {
      form.hidden = conversation === undefined;
      if (conversation?.customerId !== current?.customerId) {
        if (current !== undefined) drafts.set(current.customerId, field.value);
        field.value = drafts.get(conversation?.customerId ?? '') ?? '';
        if (conversation !== undefined) drafts.delete(conversation.customerId);
      }
      current = conversation;
      if (conversation === undefined) return;
      field.placeholder = `Reply to ${conversation.name}`;
      setText(byId('reply-label', HTMLLabelElement), `Reply to ${conversation.name}`);
    },
  };
}
