/** The event log, newest first. An entry's JSON is written only when somebody opens it. */
import type { EventLog, LogEntry, LogKind } from '../log';
import { jsonOf, summarise } from '../log-summary';
import type { SummaryPart } from '../log-summary';
import { KeyedList, byId, element, setText } from './dom';
import { exactClock } from './time';

const JSON_CHARS_MAX = 20_000;

const KIND_LABELS: Readonly<Record<LogKind, string>> = { in: 'in', out: 'out', ack: 'ack', http: 'http', state: 'here' };

export interface LogPanelView {
  render(): void;
}

export function logPanel(log: EventLog): LogPanelView {
  const filter = byId('log-filter', HTMLInputElement);
  const pause = byId('pause-log', HTMLButtonElement);
  const entries = new KeyedList<LogEntry>(byId('event-log', HTMLUListElement), {
    key: (entry) => String(entry.seq),
    create: entryElement,
  });
  const render = (): void => {
    const view = log.view(filter.value);
    entries.render(view.entries);
    byId('log-empty', HTMLParagraphElement).hidden = view.entries.length > 0;
    setText(byId('log-empty', HTMLParagraphElement), emptyText(log, filter.value));
    setText(byId('log-count', HTMLSpanElement), log.paused ? `paused · ${view.waiting} waiting` : `${view.entries.length} shown`);
    setText(pause, log.paused ? 'Resume' : 'Pause');
    pause.setAttribute('aria-pressed', String(log.paused));
  };
  filter.addEventListener('input', render);
  filter.addEventListener('focus', () => {
    const options = log.names().map((name) => element('option', { value: name }));
    byId('log-names', HTMLDataListElement).replaceChildren(...options);
  });
  pause.addEventListener('click', () => {
    if (log.paused) log.resume();
    else log.pause();
    render();
  });
  byId('clear-log', HTMLButtonElement).addEventListener('click', () => {
    log.clear();
    render();
  });
  return { render };
}

function emptyText(log: EventLog, filter: string): string {
  if (filter.trim() !== '' && log.recorded > 0) return `No entry is called “${filter.trim()}”.`;
  return 'Nothing here yet. Everything that comes in and goes out is logged, newest first.';
}

function entryElement(entry: LogEntry): HTMLElement {
  const summary = element(
    'summary',
    {},
    element('span', { class: 'event-kind' }, KIND_LABELS[entry.kind]),
    element('span', { class: 'event-name' }, entry.name),
    element('time', { class: 'event-time', datetime: entry.at.toISOString() }, exactClock(entry.at)),
    element('span', { class: 'event-summary' }, ...summarise(entry).flatMap(said)),
  );
  const details = element('details', {}, summary);
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(...body(entry));
  });
  return element('li', { class: 'event', 'data-kind': entry.kind, 'data-event': entry.name, 'data-offset': entry.offset }, details);
}

function body(entry: LogEntry): Node[] {
  const payload = entry.args.length === 1 ? entry.args[0] : entry.args;
  const nodes: Node[] = [element('pre', { tabindex: '0' }, entry.args.length === 0 ? '(no arguments)' : jsonOf(payload, 2).slice(0, JSON_CHARS_MAX))];
  if (entry.offset !== undefined) {
    nodes.unshift(element('p', { class: 'event-offset' }, 'further argument (offset): ', element('code', {}, entry.offset)));
  }
  return nodes;
}

function said({ field, value }: SummaryPart, index: number): (Node | string)[] {
  const before = (index === 0 ? '' : ', ') + (field === undefined ? '' : `${field}: `);
  return [before, element('bdi', {}, value)];
}
