/**
 * The rooms a person asked for, and what became of each. They are joined anew at every connect,
 * which is what a stock client has to do too. Knows the socket only as two functions.
 */
import { describeError, isRecord, textField } from './json';

export const ROOMS_MAX = 100;

/** The general room, or the room of a customer by any of their names. */
export type Room = { readonly kind: 'general' } | { readonly kind: 'customer'; readonly customer: string };

export type Membership = 'waiting' | 'joining' | 'joined' | 'refused' | 'unanswered';

export interface RoomEntry {
  readonly room: Room;
  readonly membership: Membership;
  readonly customerId: string | undefined;
  /** Joined under a name that is nobody's yet; the room shows the customer from their first event on. */
  readonly awaitsCustomer: boolean;
  readonly note: string | undefined;
}

/** A customer as a message names them. */
export interface Met {
  readonly customerId: string;
  /** Digits, or the BSUID where the number is withheld. */
  readonly whatsappNumber: string;
}

interface Found {
  readonly customerId?: string | undefined;
  readonly awaitsCustomer?: boolean;
  readonly note?: string;
}

export interface RoomWire {
  /** Resolves with the ack; rejects when none came in time. */
  join(room: Room): Promise<unknown>;
  leave(room: Room): void;
}

export class Rooms {
  #entries = new Map<string, RoomEntry>();
  #wire: RoomWire | undefined;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  list(): RoomEntry[] {
    return [...this.#entries.values()];
  }

  general(): RoomEntry | undefined {
    return this.#entries.get(keyOf({ kind: 'general' }));
  }

  /** Remembers the room and joins it now, or at the next connect. False when there are too many. */
  join(room: Room): boolean {
    if (!this.#entries.has(keyOf(room)) && this.#entries.size >= ROOMS_MAX) return false;
    this.#set(room, 'waiting');
    this.#ask(room);
    return true;
  }

  leave(room: Room): void {
    if (!this.#entries.delete(keyOf(room))) return;
    this.#wire?.leave(room);
    this.#changed();
  }

  /** The connection stands: join everything that was asked for. */
  connected(wire: RoomWire): void {
    this.#wire = wire;
    for (const { room } of this.#entries.values()) this.#ask(room);
  }

  disconnected(): void {
    this.#wire = undefined;
    for (const { room } of this.#entries.values()) this.#set(room, 'waiting');
  }

  /** The server said so by event; older servers do only this and never ack. */
  confirmed(room: Room, payload: unknown): void {
    if (!this.#entries.has(keyOf(room))) return;
    this.#set(room, 'joined', { customerId: isRecord(payload) ? textField(payload, 'customerId') : undefined });
  }

  /** Somebody wrote or was written to, maybe the one whom a room waits for. */
  met(customer: Met): void {
    for (const { room, awaitsCustomer } of this.#entries.values()) {
      if (awaitsCustomer && room.kind === 'customer' && isCalled(customer, room.customer)) this.#set(room, 'joined', { customerId: customer.customerId });
    }
  }

  #ask(room: Room): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#set(room, 'joining');
    wire.join(room).then(
      (ack) => this.#answered(wire, room, ack),
      () => this.#unanswered(wire, room),
    );
  }

  #answered(wire: RoomWire, room: Room, ack: unknown): void {
    if (this.#isStale(wire, room)) return;
    if (isRecord(ack) && ack['ok'] === false) {
      this.#set(room, 'refused', { note: describeError(ack['error']) ?? 'refused' });
      return;
    }
    this.confirmed(room, ack);
    const isNamed = this.#entries.get(keyOf(room))?.customerId !== undefined;
    // Only an ack vouches that there is nobody: older servers never say whose room it is.
    if (isRecord(ack) && room.kind === 'customer' && !isNamed) this.#set(room, 'joined', { awaitsCustomer: true });
  }

  #unanswered(wire: RoomWire, room: Room): void {
    if (this.#isStale(wire, room) || this.#entries.get(keyOf(room))?.membership !== 'joining') return;
    this.#set(room, 'unanswered', { note: 'the server did not answer' });
  }

  /** An answer that belongs to an earlier connection, or to a room left meanwhile. */
  #isStale(wire: RoomWire, room: Room): boolean {
    return this.#wire !== wire || !this.#entries.has(keyOf(room));
  }

  #set(room: Room, membership: Membership, found: Found = {}): void {
    const before = this.#entries.get(keyOf(room));
    const customerId = found.customerId ?? before?.customerId;
    const awaitsCustomer = membership === 'joined' && customerId === undefined && (found.awaitsCustomer ?? before?.awaitsCustomer ?? false);
    this.#entries.set(keyOf(room), { room, membership, customerId, awaitsCustomer, note: found.note });
    this.#changed();
  }
}

function isCalled({ customerId, whatsappNumber }: Met, name: string): boolean {
  return name === customerId || name === whatsappNumber;
}

/** A name for lists and elements; a customer may be called "general", so the kind is part of it. */
export function keyOf(room: Room): string {
  return room.kind === 'general' ? 'general' : `customer:${room.customer}`;
}
