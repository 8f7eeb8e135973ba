/** One message, and one send that is not a message yet. */
import type { Message } from '../message';
import { toneOf } from '../outbox';
import type { OutboxEntry } from '../outbox';
import { avatar } from './avatar';
import { element } from './dom';
import { icon } from './icons';
import type { Icon } from './icons';
import { clock } from './time';

export interface BubbleActions {
  openConversation(customerId: string): void;
  sendAgain(key: string): void;
  dismissPending(key: string): void;
}

/** In the feed of everybody a bubble says whose it is. */
export type Setting = 'feed' | 'thread';

export function messageBubble(message: Message, setting: Setting, actions: BubbleActions): HTMLElement {
  const bubble = element(
    'div',
    { class: 'bubble' },
    element('div', { class: 'bubble-who' }, ...author(message, setting, actions)),
    message.content === '' ? element('p', { class: 'bubble-none' }, `(${message.type}, no text)`) : element('p', { class: 'bubble-text', dir: 'auto' }, message.content),
    message.error === undefined ? undefined : element('p', { class: 'bubble-error' }, message.error),
    element('div', { class: 'bubble-meta' }, ...meta(message)),
  );
  return element(
    'li',
    {
      class: 'row',
      'data-testid': 'message',
      'data-message-id': message.id,
      'data-status': message.status,
      'data-direction': message.direction,
      'data-customer-id': message.customerId,
    },
    setting === 'feed' && message.direction === 'inbound' ? avatar(message.customerId, message.customerName) : undefined,
    bubble,
  );
}

export function pendingBubble(entry: OutboxEntry, actions: BubbleActions): HTMLElement {
  const tone = toneOf(entry.state);
  const again = quietButton('Try again', () => actions.sendAgain(entry.key));
  const dismiss = quietButton('Dismiss', () => actions.dismissPending(entry.key));
  const mark = tone === 'pending' ? icon('clock', entry.state) : icon('failed', entry.state);
  return element(
    'li',
    { class: 'row', 'data-testid': 'pending', 'data-direction': 'outbound', 'data-tone': tone },
    element(
      'div',
      { class: 'bubble pending' },
      element('p', { class: 'bubble-text', dir: 'auto' }, entry.text ?? ''),
      entry.error === undefined ? undefined : element('p', { class: 'bubble-error' }, entry.error),
      element(
        'div',
        { class: 'bubble-meta' },
        element('span', {}, entry.state),
        element('span', { class: 'ticks', 'data-tone': tone }, mark),
        tone === 'pending' ? undefined : dismiss,
        entry.repeatable ? again : undefined,
      ),
    ),
  );
}

function quietButton(label: string, press: () => void): HTMLElement {
  const button = element('button', { type: 'button', class: 'quiet' }, label);
  button.addEventListener('click', press);
  return button;
}

function author(message: Message, setting: Setting, actions: BubbleActions): Node[] {
  if (setting === 'thread') return [element('bdi', {}, message.sender)];
  const customer = element('button', { type: 'button', class: 'link' }, element('bdi', {}, message.customerName));
  customer.addEventListener('click', () => actions.openConversation(message.customerId));
  if (message.direction === 'inbound') return [customer];
  return [element('span', {}, element('bdi', {}, message.sender), ' →'), customer];
}

function meta(message: Message): Node[] {
  const parts: Node[] = message.marks.map((mark) => element('span', { class: 'mark' }, mark));
  if (message.shown > 1) {
    const title = 'The server showed this message more than once';
    parts.push(element('span', { class: 'mark repeated', title }, `shown ×${message.shown}`));
  }
  parts.push(element('span', { class: 'type' }, message.type));
  const time = clock(message.at, new Date());
  if (time !== '') parts.push(element('time', { datetime: message.at, title: message.at }, time));
  if (message.direction === 'outbound') parts.push(ticks(message));
  return parts;
}

const TICKS: Readonly<Record<string, readonly Icon[]>> = {
  accepted: ['clock'],
  sent: ['tick'],
  delivered: ['ticks'],
  read: ['ticks'],
  played: ['played', 'ticks'],
  failed: ['failed'],
  expired: ['failed'],
};

function ticks(message: Message): HTMLElement {
  const label = message.error === undefined ? message.status : `${message.status}: ${message.error}`;
  const icons = TICKS[message.status];
  const box = element('span', { class: 'ticks', 'data-status': message.status, title: label });
  if (icons === undefined) box.append(message.status);
  else box.append(...icons.map((name, index) => icon(name, index === icons.length - 1 ? label : undefined)));
  return box;
}
