/** Where to connect and as whom, and how the connection stands. */
import type { ConnectionState, Target } from '../connection';
import { parseServer } from '../connection';
import { problemOf } from '../connection-problem';
import { namespaceOf, transportOf } from '../settings';
import type { Settings } from '../settings';
import { byId, element, onSubmit, setText } from './dom';

export interface ConnectionActions {
  connect(target: Target): void;
  disconnect(): void;
  edited(settings: Settings): void;
}

export interface ConnectionPanelView {
  render(state: ConnectionState, facts: readonly (readonly [name: string, value: string])[]): void;
  /** Connects as the form says; says so at the field when it cannot. */
  submit(): void;
  settings(): Settings;
}

export function connectionPanel(initial: Settings, actions: ConnectionActions): ConnectionPanelView {
  const form = byId('connection-form', HTMLFormElement);
  const server = byId('server-url', HTMLInputElement);
  const credential = byId('credential', HTMLInputElement);
  const namespace = byId('namespace', HTMLSelectElement);
  const transport = byId('transport', HTMLSelectElement);
  server.value = initial.server;
  credential.value = initial.credential;
  namespace.value = initial.namespace;
  transport.value = initial.transport;

  const settings = (): Settings => ({
    server: server.value.trim(),
    credential: credential.value.trim(),
    namespace: namespaceOf(namespace.value),
    transport: transportOf(transport.value),
  });
  const submit = (): void => {
    const { credential: token, ...rest } = settings();
    const address = parseServer(rest.server);
    setText(byId('server-url-error', HTMLParagraphElement), address === undefined ? 'This is no http, https, ws or wss address.' : '');
    server.setAttribute('aria-invalid', String(address === undefined));
    if (address === undefined) server.focus();
    else actions.connect({ ...rest, server: address, token: token === '' ? undefined : token });
  };
  onSubmit(form, submit);
  form.addEventListener('input', () => actions.edited(settings()));
  byId('disconnect', HTMLButtonElement).addEventListener('click', () => actions.disconnect());

  return {
    submit,
    settings,
    render(state, facts) {
      const isOpen = state.kind === 'connected' || state.kind === 'connecting' || state.kind === 'reconnecting';
      const connect = byId('connect', HTMLButtonElement);
      const disconnect = byId('disconnect', HTMLButtonElement);
      moveFocus(connect, disconnect, isOpen);
      byId('connection-fields', HTMLDivElement).hidden = isOpen;
      renderState(state);
      renderProblem(state);
      renderFacts(isOpen ? [...targetFacts(settings()), ...facts] : []);
    },
  };
}

/** A button that disables itself, or a field that hides, would drop the keyboard's place on the page. */
function moveFocus(connect: HTMLButtonElement, disconnect: HTMLButtonElement, isOpen: boolean): void {
  const focused = document.activeElement;
  connect.disabled = isOpen;
  disconnect.disabled = !isOpen;
  if (isOpen && (focused === connect || focused?.closest('#connection-fields') != null)) disconnect.focus();
  if (focused === disconnect && !isOpen) connect.focus();
}

function renderState(state: ConnectionState): void {
  const box = byId('connection-state', HTMLDivElement);
  const { label, detail } = words(state);
  box.dataset['state'] = state.kind;
  box.title = detail;
  const labelBox = box.querySelector('.state-label');
  const detailBox = box.querySelector('.state-detail');
  if (labelBox !== null) setText(labelBox, label);
  if (detailBox !== null) setText(detailBox, detail);
}

function words(state: ConnectionState): { label: string; detail: string } {
  switch (state.kind) {
    case 'idle':
      return { label: 'Not connected', detail: '' };
    case 'connecting':
      return { label: 'Connecting', detail: '' };
    case 'connected':
      return { label: 'Connected', detail: `${state.transport} · ${state.clientId}` };
    case 'reconnecting':
      return { label: 'Reconnecting', detail: [state.attempt > 0 ? `attempt ${state.attempt}` : '', state.reason].filter((part) => part !== '').join(' · ') };
    case 'refused':
      return { label: 'Refused', detail: state.code === undefined ? state.message : `${state.code}: ${state.message}` };
    case 'closed':
      return { label: 'Closed by the server', detail: state.reason };
  }
}

function renderProblem(state: ConnectionState): void {
  const problem = byId('connection-problem', HTMLParagraphElement);
  const text = problemOf(state, navigator.onLine ? 'online' : 'offline');
  problem.hidden = text === undefined;
  problem.dataset['tone'] = state.kind === 'reconnecting' ? 'warn' : 'error';
  setText(problem, text ?? '');
}

/** What the hidden fields say, while they cannot be changed. */
function targetFacts({ server, namespace, transport, credential }: Settings): readonly (readonly [string, string])[] {
  return [
    ['server', server],
    ['namespace', namespace],
    ['transport', transport],
    ['key', credential === '' ? 'none' : 'given, in this tab only'],
  ];
}

function renderFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const list = byId('connection-facts', HTMLDListElement);
  list.hidden = facts.length === 0;
  const wanted = JSON.stringify(facts);
  if (list.dataset['facts'] === wanted) return;
  list.dataset['facts'] = wanted;
  list.replaceChildren(...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', { class: 'mono', title: value }, value)]));
}
