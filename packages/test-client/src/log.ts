/** The bounded log of everything that crossed the wire. Knows neither sockets nor the DOM. */

export const LOG_ENTRIES_MAX = 500;

export type LogKind = 'in' | 'out' | 'ack' | 'http' | 'state';

export interface LogEntry {
  readonly seq: number;
  readonly at: Date;
  readonly kind: LogKind;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly offset: string | undefined;
}

export interface LogView {
  /** Newest first. */
  readonly entries: readonly LogEntry[];
  /** Matching entries recorded since the view was paused. */
  readonly waiting: number;
}

export class EventLog {
  #entries: LogEntry[] = [];
  #seq = 0;
  #pausedAt: LogEntry[] | undefined;
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** How many entries were ever recorded. */
  get recorded(): number {
    return this.#seq;
  }

  get paused(): boolean {
    return this.#pausedAt !== undefined;
  }

  /** Records what was sent or happened here. */
  record(kind: LogKind, name: string, args: readonly unknown[]): void {
    this.#push({ kind, name, args, offset: undefined });
  }

  /** Records an event of the server, with the offset that ends the arguments of some. */
  receive(name: string, args: readonly unknown[]): void {
    this.#push({ kind: 'in', name, ...splitOffset(args) });
  }

  /** Freezes what is shown; recording goes on. */
  pause(): void {
    this.#pausedAt ??= [...this.#entries];
  }

  resume(): void {
    this.#pausedAt = undefined;
  }

  clear(): void {
    this.#entries = [];
    if (this.#pausedAt !== undefined) this.#pausedAt = [];
  }

  /** The entries whose name contains the text, whatever its case. */
  view(filter: string): LogView {
    const wanted = filter.trim().toLowerCase();
    const matches = (entry: LogEntry): boolean => entry.name.toLowerCase().includes(wanted);
    const shown = (this.#pausedAt ?? this.#entries).filter(matches);
    const newestShown = this.#pausedAt?.at(-1)?.seq ?? 0;
    const waiting = this.paused ? this.#entries.filter((entry) => entry.seq > newestShown && matches(entry)).length : 0;
    return { entries: shown.reverse(), waiting };
  }

  /** The distinct names held, for the filter's suggestions. */
  names(): string[] {
    return [...new Set(this.#entries.map((entry) => entry.name))].sort();
  }

  #push(entry: Omit<LogEntry, 'seq' | 'at'>): void {
    this.#seq += 1;
    this.#entries.push({ ...entry, seq: this.#seq, at: this.#now() });
    if (this.#entries.length > LOG_ENTRIES_MAX) this.#entries.shift();
  }
}

/** Only a string *after* a payload is an offset: a lone string is the payload itself. */
export function splitOffset(args: readonly unknown[]): { args: readonly unknown[]; offset: string | undefined } {
  const last = args.at(-1);
  if (args.length < 2 || typeof last !== 'string') return { args, offset: undefined };
  return { args: args.slice(0, -1), offset: last };
}
