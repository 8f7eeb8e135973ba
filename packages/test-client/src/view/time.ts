const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const CLOCK_EXACT = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hour12: false });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** "14:03" today, "2 May 14:03" on another day, empty for what is no time. */
export function clock(iso: string | undefined, now: Date): string {
  const date = new Date(iso ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return date.toDateString() === now.toDateString() ? CLOCK.format(date) : `${DAY.format(date)} ${CLOCK.format(date)}`;
}

/** For narrow places: the time today, else only the day. */
export function clockOrDay(iso: string | undefined, now: Date): string {
  const date = new Date(iso ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return date.toDateString() === now.toDateString() ? CLOCK.format(date) : DAY.format(date);
}

export function exactClock(date: Date): string {
  return CLOCK_EXACT.format(date);
}
