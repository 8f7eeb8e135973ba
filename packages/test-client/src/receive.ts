/** What each event of the server means for this page. */
import type { ClientSocket } from './connection';
import type { Conversations } from './conversations';
import { describeError, isRecord, textField } from './json';
import type { EventLog } from './log';
import { readMessage } from './message';
import type { Notices } from './notices';
import type { Outbox } from './outbox';
import type { Rooms } from './rooms';

/** The key of the banner with what the server says of itself. */
const SERVER_STATE = 'server-state';

export interface Page {
  readonly conversations: Conversations;
  readonly outbox: Outbox;
  readonly rooms: Rooms;
  readonly log: EventLog;
  readonly notices: Notices;
  readonly changed: () => void;
  /** The payload of the `connected` event, field by field, for the connection's card. */
  readonly greeted: (payload: unknown) => void;
}

/** Registers before the socket connects, so that the first event is not missed. */
export function receive(socket: ClientSocket, page: Page): void {
  socket.onAny((name: string, ...args: unknown[]) => {
    page.log.receive(name, args);
    page.changed();
  });
  socket.onAnyOutgoing((name: string, ...args: unknown[]) => {
    page.log.record('out', name, args);
    page.changed();
  });
  receiveMessages(socket, page);
  receiveRooms(socket, page);
  receiveServerWords(socket, page);
}

/** The connection is gone: the next one is told the server's state anew only where it is not well. */
export function forgetServerState({ notices }: Pick<Page, 'notices'>): void {
  notices.dismiss(SERVER_STATE);
}

function receiveMessages(socket: ClientSocket, { conversations, outbox, rooms, notices }: Page): void {
  socket.on('whatsappMessage', (payload) => {
    const message = readMessage(payload);
    if (message === undefined) {
      notices.toast('error', 'Unreadable whatsappMessage', 'It names no message or no customer; the event log has it.');
      return;
    }
    conversations.receive(message);
    rooms.met(message);
    outbox.becameMessage(message.id);
  });
  socket.on('whatsappMessageStatus', (payload) => void conversations.applyStatus(payload));
  socket.on('whatsappMessageUpdated', (payload) => void conversations.applyUpdate(payload));
  socket.on('whatsappOutbox', (payload) => outbox.applyEvent(payload));
  socket.on('whatsappErased', (payload) => {
    const customerId = isRecord(payload) ? textField(payload, 'customerId') : undefined;
    if (customerId === undefined) return;
    conversations.erase(customerId);
    outbox.erase(customerId);
    notices.toast('info', 'A customer was erased', 'Their messages were dropped from this page; the event log may still hold some until it is cleared.');
  });
  socket.on('whatsappAccess', (payload) => {
    const change = isRecord(payload) ? textField(payload, 'change') : undefined;
    notices.toast('info', `Access ${change ?? 'changed'}`, 'What you may see of one conversation has changed; the event log says which.');
  });
}

function receiveRooms(socket: ClientSocket, { rooms }: Page): void {
  socket.on('whatsappGeneralJoined', (payload) => rooms.confirmed({ kind: 'general' }, payload));
  socket.on('whatsappCustomerJoined', (payload) => {
    const customer = isRecord(payload) ? textField(payload, 'customer') : undefined;
    if (customer !== undefined) rooms.confirmed({ kind: 'customer', customer }, payload);
  });
}

function receiveServerWords(socket: ClientSocket, { notices, greeted }: Page): void {
  socket.on('connected', (payload) => greeted(payload));
  socket.on('exception', (payload) => {
    const event = isRecord(payload) ? textField(payload, 'event') : undefined;
    const retryAfter = isRecord(payload) && typeof payload['retryAfter'] === 'number' ? ` Try again in ${payload['retryAfter']} s.` : '';
    const title = event === undefined ? 'The server refused something' : `The server refused ${event}`;
    notices.toast('error', title, `${describeError(payload) ?? 'It gave no reason.'}${retryAfter}`);
  });
  socket.on('serverState', (payload) => {
    if (isRecord(payload) && payload['state'] === 'degraded') {
      const text = 'It cannot store anything just now. Until it can, messages come late and sends are refused.';
      notices.banner(SERVER_STATE, 'warn', 'The server is degraded', text);
    } else {
      notices.dismiss(SERVER_STATE);
    }
  });
  socket.on('whatsappGap', (payload) => {
    const part = (name: string): string => (isRecord(payload) ? (textField(payload, name) ?? '?') : '?');
    const text = `Missed after ${part('from')}; the oldest still there is ${part('oldest')}, the newest ${part('head')}. What is shown here has a hole: load it by REST.`;
    notices.banner('gap', 'error', 'Some events cannot be replayed', text);
  });
}
