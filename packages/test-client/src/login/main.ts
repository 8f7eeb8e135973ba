/** The page at /login: signing in and out, using a link, setting up one-time passwords. Start reading here. */
import { isRecord, textField } from '../json';
import type { JsonRecord } from '../json';
import { byId, element, onSubmit, setText } from '../view/dom';
import { get, post } from './api';
import type { Answer } from './api';
import { isNobody, problemOf, tokenOf, whyNoCookie } from './words';

const VIEWS = ['sign-in', 'link', 'home', 'enrolment', 'recovery'] as const;
type View = (typeof VIEWS)[number];

/** The link that is shown, if one is. */
let opened: { readonly token: string; readonly isFirst: boolean } | undefined;

const ask = (url: string, init: RequestInit): Promise<Response> => fetch(url, init);
const input = (id: string): HTMLInputElement => byId(id, HTMLInputElement);

function show(view: View): void {
  for (const one of VIEWS) byId(one, HTMLElement).hidden = one !== view;
}

function tell(problem: string): void {
  setText(byId('problem', HTMLElement), problem);
}

/** The body, or undefined after the page has said what was wrong. */
function told(answer: Answer): JsonRecord | undefined {
  tell(problemOf(answer));
  return answer.kind === 'ok' ? answer.body : undefined;
}

function showMe(me: JsonRecord): void {
  const account = isRecord(me['account']) ? me['account'] : {};
  setText(byId('me-name', HTMLElement), textField(account, 'name') ?? '');
  setText(byId('me-role', HTMLElement), textField(account, 'role') ?? '');
  const totp = textField(me, 'totp');
  const notes: Readonly<Record<string, string>> = {
    on: 'One-time passwords are asked when you sign in.',
    missing: 'Your role wants one-time passwords: set them up before anything else.',
  };
  setText(byId('totp-note', HTMLElement), notes[totp ?? ''] ?? '');
  byId('enrol', HTMLElement).hidden = totp === 'on';
  byId('test-page', HTMLElement).hidden = totp === 'missing';
  show('home');
}

/** Shows who is signed in by the cookie, or what is wrong. `whenNobody` is for no cookie, or none that is anybody's. */
async function showWhoIsSignedIn(whenNobody: () => void): Promise<void> {
  const answer = await get(ask, '/api/me');
  if (isNobody(answer)) whenNobody();
  else if (answer.kind === 'ok') showMe(answer.body);
  else {
    tell(problemOf(answer));
    show('sign-in');
  }
}

async function signIn(login: string, password: string, code: string): Promise<void> {
  const answer = await post(ask, '/api/login', { login, password, ...(code === '' ? {} : { code }) });
  if (answer.kind === 'refused' && answer.code === 'totp_required') {
    askForCode(login, password);
    return;
  }
  if (told(answer) === undefined) return;
  clearPasswords();
  await showWhoIsSignedIn(() => tell(whyNoCookie(location.protocol)));
}

function askForCode(login: string, password: string): void {
  tell('');
  input('login').value = login;
  input('password').value = password;
  byId('code-field', HTMLElement).hidden = false;
  show('sign-in');
  input('code').focus();
}

function clearPasswords(): void {
  for (const id of ['password', 'code', 'link-password', 'link-again', 'totp-code']) input(id).value = '';
  byId('code-field', HTMLElement).hidden = true;
}

async function openLink(token: string): Promise<void> {
  opened = undefined;
  const link = told(await post(ask, '/api/login/link', { token }));
  if (link === undefined) {
    show('sign-in');
    return;
  }
  const isFirst = link['kind'] === 'firstAdmin';
  setText(byId('link-title', HTMLElement), isFirst ? 'The first administrator' : 'A new password');
  for (const name of ['login', 'name'] as const) {
    const field = input(`link-${name}`);
    field.value = textField(link, name) ?? '';
    field.readOnly = !isFirst;
  }
  opened = { token, isFirst };
  show('link');
}

async function useLink(): Promise<void> {
  if (opened === undefined) return;
  const { token, isFirst } = opened;
  const password = input('link-password').value;
  if (password !== input('link-again').value) {
    tell('The two passwords are not the same.');
    return;
  }
  const who = isFirst ? { login: input('link-login').value, name: input('link-name').value } : {};
  const used = told(await post(ask, '/api/login/link/use', { token, password, ...who }));
  if (used !== undefined) await signIn(textField(used, 'login') ?? '', password, '');
}

async function enrol(): Promise<void> {
  const enrolment = told(await post(ask, '/api/me/totp'));
  if (enrolment === undefined) return;
  setText(byId('totp-secret', HTMLElement), textField(enrolment, 'secret') ?? '');
  byId('totp-uri', HTMLAnchorElement).href = textField(enrolment, 'uri') ?? '';
  show('enrolment');
}

async function confirmTotp(): Promise<void> {
  const confirmed = told(await post(ask, '/api/me/totp/confirm', { code: input('totp-code').value }));
  if (confirmed === undefined) return;
  setText(byId('totp-secret', HTMLElement), '');
  const codes: unknown = confirmed['recoveryCodes'];
  const rows = (Array.isArray(codes) ? codes : []).map((code) => element('li', {}, String(code)));
  byId('recovery-codes', HTMLElement).replaceChildren(...rows);
  show('recovery');
}

async function begin(): Promise<void> {
  await showWhoIsSignedIn(() => show('sign-in'));
}

async function leaveRecovery(): Promise<void> {
  byId('recovery-codes', HTMLElement).replaceChildren();
  await begin();
}

async function signOut(): Promise<void> {
  if (told(await post(ask, '/api/logout')) !== undefined) show('sign-in');
}

/** One thing at a time: a second click while the first is under way would use a link or a password again, in vain. */
async function alone(work: () => Promise<void>): Promise<void> {
  const main = byId('main', HTMLElement);
  if (main.ariaBusy === 'true') return;
  main.ariaBusy = 'true';
  try {
    await work();
  } finally {
    main.ariaBusy = 'false';
  }
}

/** The token of the link in the address, out of the address bar and the history at once: whoever has it has the account. */
function takeToken(): string | undefined {
  const token = tokenOf(location.hash);
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  return token;
}

function start(): void {
  onSubmit(byId('sign-in', HTMLFormElement), () =>
    void alone(() => signIn(input('login').value, input('password').value, input('code').value)));
  onSubmit(byId('link', HTMLFormElement), () => void alone(useLink));
  onSubmit(byId('enrolment', HTMLFormElement), () => void alone(confirmTotp));
  byId('enrol', HTMLElement).addEventListener('click', () => void alone(enrol));
  byId('sign-out', HTMLElement).addEventListener('click', () => void alone(signOut));
  byId('recovery-done', HTMLElement).addEventListener('click', () => void alone(leaveRecovery));
  // A link that is pasted where this page is open already changes the address and loads nothing.
  window.addEventListener('hashchange', () => {
    const token = takeToken();
    if (token !== undefined) void openLink(token);
  });
  const token = takeToken();
  void (token === undefined ? begin() : openLink(token));
}

start();
