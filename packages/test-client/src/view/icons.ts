/** Drawn here, so that the page needs no other file. */

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  clock: 'M8 4.5V8l2.4 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  tick: 'm3.5 8.5 3 3 6-7',
  ticks: 'm1 8.5 3 3 6-7M7.6 10.6l.9.9 6-7',
  failed: 'M8 4.5v4M8 11.2v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z',
  played: 'M8 2.5a2 2 0 0 1 2 2V8a2 2 0 1 1-4 0V4.5a2 2 0 0 1 2-2ZM3.5 8a4.5 4.5 0 0 0 9 0M8 12.5v2',
  close: 'm4.5 4.5 7 7M11.5 4.5l-7 7',
  chat: 'M2.5 7.6c0-2.9 2.5-5.1 5.5-5.1s5.5 2.2 5.5 5.1-2.5 5.2-5.5 5.2c-.7 0-1.4-.1-2-.3L3 13.5l.8-2.3a5 5 0 0 1-1.3-3.6Z',
} as const;

export type Icon = keyof typeof PATHS;

/** Decorative without a label, else an image with that name. */
export function icon(name: Icon, label?: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  if (label === undefined) {
    svg.setAttribute('aria-hidden', 'true');
  } else {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
    const title = document.createElementNS(SVG, 'title');
    title.textContent = label;
    svg.append(title);
  }
  svg.append(path);
  return svg;
}
