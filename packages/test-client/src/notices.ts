/** What the page has to say at once: passing toasts, and banners that stay while something holds. */

export type Tone = 'info' | 'warn' | 'error';

export interface Notice {
  readonly key: string;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
  readonly placement: 'toast' | 'banner';
}

export interface Timers {
  after(ms: number, run: () => void): void;
}

export const TOASTS_MAX = 4;
export const TOAST_MS = 9_000;

export class Notices {
  #notices = new Map<string, Notice>();
  #toasts = 0;
  readonly #timers: Timers;
  readonly #changed: () => void;

  constructor(timers: Timers, changed: () => void) {
    this.#timers = timers;
    this.#changed = changed;
  }

  list(): Notice[] {
    return [...this.#notices.values()];
  }

  /** Shown for some seconds; the oldest gives way when there are many. */
  toast(tone: Tone, title: string, text: string): void {
    this.#toasts += 1;
    const key = `toast-${this.#toasts}`;
    this.#notices.set(key, { key, tone, title, text, placement: 'toast' });
    const toasts = this.list().filter((notice) => notice.placement === 'toast');
    for (const old of toasts.slice(0, -TOASTS_MAX)) this.#notices.delete(old.key);
    this.#timers.after(TOAST_MS, () => this.dismiss(key));
    this.#changed();
  }

  /** Shown until dismissed; one for each key. */
  banner(key: string, tone: Tone, title: string, text: string): void {
    this.#notices.set(key, { key, tone, title, text, placement: 'banner' });
    this.#changed();
  }

  dismiss(key: string): void {
    if (this.#notices.delete(key)) this.#changed();
  }
}
