/** What kind of server this page came from; the server writes it into the page's first tag. */
import { byId, element } from './dom';

export type Mode = 'live' | 'demo' | 'setup';

export function modeOf(attribute: string | undefined): Mode {
  return attribute === 'demo' || attribute === 'setup' ? attribute : 'live';
}

export function showMode(mode: Mode): void {
  const banner = byId('mode-banner', HTMLElement);
  banner.hidden = mode === 'live';
  banner.dataset['mode'] = mode;
  if (mode === 'demo') banner.replaceChildren(...demo());
  if (mode === 'setup') banner.replaceChildren(...setup());
}

function demo(): Node[] {
  return [element('p', {}, element('strong', {}, 'DEMO'), ' – simulated customers, nothing leaves this machine')];
}

const SETTINGS: readonly (readonly [name: string, where: string])[] = [
  ['WAYPOST_APP_SECRET', 'Meta App Dashboard → App settings → Basic → App secret'],
  ['WAYPOST_VERIFY_TOKEN', 'a string of your own, typed into WhatsApp → Configuration → Webhook'],
  ['WAYPOST_PHONE_NUMBER_ID', 'WhatsApp → API Setup'],
  ['WAYPOST_ACCESS_TOKEN', 'WhatsApp → API Setup'],
];

function setup(): Node[] {
  const rows = SETTINGS.flatMap(([name, where]) => [element('dt', {}, element('code', {}, name)), element('dd', {}, where)]);
  return [
    element('p', {}, element('strong', {}, 'Setup'), ' – no app secret is set, so no delivery can be verified. The webhook answers 503 until then, so that Meta keeps its deliveries and repeats them.'),
    element('details', { open: true }, element('summary', {}, 'What to set'), element('dl', {}, ...rows)),
  ];
}
