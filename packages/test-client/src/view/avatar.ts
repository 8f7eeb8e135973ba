import { element } from './dom';

const HUES = 8;

/** A customer's initials on a colour that stays theirs. */
export function avatar(customerId: string, name: string): HTMLElement {
  return element('span', { class: 'avatar', 'data-hue': String(hueOf(customerId)), 'aria-hidden': 'true' }, initials(name));
}

function hueOf(text: string): number {
  let hash = 0;
  for (const char of text) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % HUES;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const first = [...(words[0] ?? '')][0];
  const last = words.length > 1 ? [...(words.at(-1) ?? '')][0] : undefined;
  if (first === undefined) return name.replace(/\D/g, '').slice(-2) || '?';
  return (first + (last ?? '')).toUpperCase();
}
