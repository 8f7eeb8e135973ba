/**
 * What this page remembers of the conversations: a bounded book, grouped by customer, in the order
 * in which the server showed the messages. Knows neither sockets nor the DOM.
 */
import { isRecord, textField } from './json';
import { withStatus, withUpdate } from './message';
import type { Message } from './message';

export const CONVERSATIONS_MAX = 200;
export const MESSAGES_PER_CONVERSATION_MAX = 200;
export const FEED_MAX = 200;

export interface Conversation {
  readonly customerId: string;
  readonly name: string;
  readonly number: string;
  readonly hasCustomerId: boolean;
  readonly unread: number;
  readonly last: Message;
  readonly count: number;
}

interface Thread {
  readonly customerId: string;
  name: string;
  ids: string[];
  unread: number;
}

export class Conversations {
  /** Of each customer; the last written to stands last. */
  #threads = new Map<string, Thread>();
  #messages = new Map<string, Message>();
  #idByWhatsAppId = new Map<string, string>();
  /** The newest of all customers. Always a part of what the threads hold, for they keep at least as much. */
  #feed: string[] = [];
  #dropped = 0;

  /** How many messages were let go to stay within the bounds. */
  get dropped(): number {
    return this.#dropped;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Adds the message; one that is known already is replaced where it stands, and counted as shown again. */
  receive(message: Message): void {
    const known = this.#messages.get(message.id);
    if (known !== undefined) {
      this.#messages.set(message.id, { ...message, marks: known.marks, shown: known.shown + 1 });
      return;
    }
    this.#messages.set(message.id, message);
    if (message.whatsappMessageId !== undefined) this.#idByWhatsAppId.set(message.whatsappMessageId, message.id);
    const thread = this.#threads.get(message.customerId) ?? emptyThread(message.customerId);
    this.#threads.delete(message.customerId);
    this.#threads.set(message.customerId, thread);
    if (message.direction === 'inbound' || thread.name === '') thread.name = message.customerName;
    if (message.direction === 'inbound') thread.unread += 1;
    thread.ids.push(message.id);
    this.#feed.push(message.id);
    this.#shrink(thread);
  }

  /** Applies a `whatsappMessageStatus`; false when its message is not held here. */
  applyStatus(payload: unknown): boolean {
    return this.#change(payload, withStatus);
  }

  /** Applies a `whatsappMessageUpdated`; false when its message is not held here. */
  applyUpdate(payload: unknown): boolean {
    return this.#change(payload, withUpdate);
  }

  markRead(customerId: string): void {
    const thread = this.#threads.get(customerId);
    if (thread !== undefined) thread.unread = 0;
  }

  markAllRead(): void {
    for (const thread of this.#threads.values()) thread.unread = 0;
  }

  /** Forgets a customer whom the server has erased. */
  erase(customerId: string): void {
    const thread = this.#threads.get(customerId);
    if (thread === undefined) return;
    this.#threads.delete(customerId);
    for (const id of thread.ids) this.#forget(id);
    this.#feed = this.#feed.filter((id) => this.#messages.has(id));
  }

  clear(): void {
    this.#threads.clear();
    this.#messages.clear();
    this.#idByWhatsAppId.clear();
    this.#feed = [];
    this.#dropped = 0;
  }

  /** The newest messages of everybody, oldest first. */
  feed(): Message[] {
    return this.#resolve(this.#feed);
  }

  thread(customerId: string): Message[] {
    return this.#resolve(this.#threads.get(customerId)?.ids ?? []);
  }

  conversation(customerId: string): Conversation | undefined {
    const thread = this.#threads.get(customerId);
    const last = this.#messages.get(thread?.ids.at(-1) ?? '');
    if (thread === undefined || last === undefined) return undefined;
    const { name, unread, ids } = thread;
    return { customerId, name, number: last.whatsappNumber, hasCustomerId: last.hasCustomerId, unread, last, count: ids.length };
  }

  /** All conversations, the last active first. */
  list(): Conversation[] {
    const list: Conversation[] = [];
    for (const customerId of this.#threads.keys()) {
      const conversation = this.conversation(customerId);
      if (conversation !== undefined) list.push(conversation);
    }
    return list.reverse();
  }

  #change(payload: unknown, change: (message: Message, payload: Readonly<Record<string, unknown>>) => Message): boolean {
    if (!isRecord(payload)) return false;
    const message = this.#find(textField(payload, 'id'), textField(payload, 'whatsappMessageId'));
    if (message === undefined) return false;
    this.#messages.set(message.id, change(message, payload));
    return true;
  }

  #find(id: string | undefined, whatsappMessageId: string | undefined): Message | undefined {
    const own = this.#messages.get(id ?? '');
    if (own !== undefined) return own;
    return this.#messages.get(this.#idByWhatsAppId.get(whatsappMessageId ?? '') ?? '');
  }

  #shrink(thread: Thread): void {
    while (thread.ids.length > MESSAGES_PER_CONVERSATION_MAX) this.#drop(thread.ids.shift());
    while (this.#feed.length > FEED_MAX) this.#feed.shift();
    if (this.#threads.size <= CONVERSATIONS_MAX) return;
    for (const [customerId, quietest] of this.#threads) {
      this.#threads.delete(customerId);
      for (const id of quietest.ids) this.#drop(id);
      break;
    }
  }

  #drop(id: string | undefined): void {
    if (id === undefined) return;
    this.#forget(id);
    this.#dropped += 1;
  }

  #forget(id: string): void {
    const whatsappMessageId = this.#messages.get(id)?.whatsappMessageId;
    if (whatsappMessageId !== undefined) this.#idByWhatsAppId.delete(whatsappMessageId);
    this.#messages.delete(id);
  }

  #resolve(ids: readonly string[]): Message[] {
    return ids.flatMap((id) => this.#messages.get(id) ?? []);
  }
}

function emptyThread(customerId: string): Thread {
  return { customerId, name: '', ids: [], unread: 0 };
}
