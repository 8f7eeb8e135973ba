/**
 * The sends of this page, and those of others that the server tells of, until they are messages.
 * An outcome that is not known is shown as unknown; trying again repeats the same idempotency key.
 */
import { describeError, isRecord, textField } from './json';

export const OUTBOX_ENTRIES_MAX = 50;

export interface OutboxEntry {
  /** Ours, from the start: the idempotency key, or the id for a send that began elsewhere. */
  readonly key: string;
  readonly id: string | undefined;
  readonly customerId: string | undefined;
  readonly to: string | undefined;
  readonly text: string | undefined;
  readonly state: string;
  readonly error: string | undefined;
  /** The same intent may be posted again without sending twice. */
  readonly repeatable: boolean;
}

export type OutboxTone = 'pending' | 'done' | 'failed' | 'unknown';

export class Outbox {
  #entries = new Map<string, OutboxEntry>();

  /** Newest first. */
  list(): OutboxEntry[] {
    return [...this.#entries.values()].reverse();
  }

  get(key: string): OutboxEntry | undefined {
    return this.#entries.get(key);
  }

  /** Those not yet shown as a message, oldest first. */
  open(): OutboxEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.text !== undefined && toneOf(entry.state) !== 'done');
  }

  started(intent: Pick<OutboxEntry, 'key' | 'customerId' | 'to' | 'text'>): void {
    this.#put({ ...intent, id: undefined, state: 'posting', error: undefined, repeatable: false });
  }

  /** The HTTP answer came. An event may have overtaken it; then the event's state is the later one. */
  answered(key: string, answer: { id: string | undefined; state: string; error: string | undefined }): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const told = answer.id === undefined || answer.id === key ? undefined : this.#entries.get(answer.id);
    if (told !== undefined) this.#entries.delete(told.key);
    const customerId = told?.customerId ?? entry.customerId;
    this.#put({ ...entry, ...answer, customerId, state: told?.state ?? answer.state, error: told?.error ?? answer.error, repeatable: false });
  }

  /** The server refused it, or nobody can say whether it arrived. */
  failed(key: string, failure: { outcome: 'failed' | 'unknown'; error: string }, again: 'repeatable' | 'final'): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#put({ ...entry, state: failure.outcome, error: failure.error, repeatable: again === 'repeatable' });
  }

  /** A `whatsappOutbox` event. */
  applyEvent(payload: unknown): void {
    if (!isRecord(payload)) return;
    const id = textField(payload, 'id');
    const state = textField(payload, 'state');
    if (id === undefined || state === undefined) return;
    const known = this.#byId(id);
    this.#put({
      key: known?.key ?? id,
      id,
      customerId: textField(payload, 'customerId') ?? known?.customerId,
      to: known?.to,
      text: known?.text,
      state,
      error: describeError(payload['error']),
      repeatable: false,
    });
  }

  /** Its message was shown by the server, which ends its time here. */
  becameMessage(id: string): void {
    const entry = this.#byId(id);
    if (entry !== undefined) this.#put({ ...entry, state: 'accepted', error: undefined, repeatable: false });
  }

  /** The person has seen how it ended. */
  dismiss(key: string): void {
    this.#entries.delete(key);
  }

  erase(customerId: string): void {
    for (const entry of this.list()) if (entry.customerId === customerId) this.#entries.delete(entry.key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #byId(id: string): OutboxEntry | undefined {
    return this.list().find((entry) => entry.id === id);
  }

  #put(entry: OutboxEntry): void {
    this.#entries.set(entry.key, entry);
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= OUTBOX_ENTRIES_MAX) break;
      this.#entries.delete(key);
    }
  }
}

const TONES: Readonly<Record<string, OutboxTone>> = {
  accepted: 'done',
  sent: 'done',
  delivered: 'done',
  read: 'done',
  failed: 'failed',
  expired: 'failed',
  cancelled: 'failed',
  rejected: 'failed',
  unknown: 'unknown',
};

export function toneOf(state: string): OutboxTone {
  return TONES[state] ?? 'pending';
}
