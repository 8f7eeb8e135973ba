/** The page at /login: signing in and out, using a link, setting up one-time passwords. Start reading here. */
import { isRecord, textField } from '../json';
import type { JsonRecord } from '../json';
import { byId, element, onSubmit, setText } from '../view/dom';
import { get, post } from './api';
import type { Answer } from './api';
import { problemOf, tokenOf, whyNoCookie } from './words';

const VIEWS = ['sign-in', 'link', 'home', 'enrolment', 'recovery'] as const;
type View = (typeof VIEWS)[number];

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

/** Who is signed in by the cookie; a program's credential or none is nobody. */
async function me(): Promise<JsonRecord | undefined> {
  const answer = await get(ask, '/api/me');
  return answer.kind === 'ok' && isRecord(answer.body['account']) ? answer.body : undefined;
}

async function signIn(login: string, password: string, code: string): Promise<void> {
  const answer = await post(ask, '/api/login', { login, password, ...(code === '' ? {} : { code }) });
  if (answer.kind === 'refused' && answer.code === 'totp_required') {
    askForCode(login, password);
    return;
  }
  if (told(answer) === undefined) return;
  clearPasswords();
  const seen = await me();
  if (seen === undefined) tell(whyNoCookie(location.protocol));
  else showMe(seen);
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
  show('link');
  onSubmit(byId('link', HTMLFormElement), () => void useLink(token, isFirst));
}

async function useLink(token: string, isFirst: boolean): Promise<void> {
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
  const seen = await me();
  if (seen === undefined) show('sign-in');
  else showMe(seen);
}

async function leaveRecovery(): Promise<void> {
  byId('recovery-codes', HTMLElement).replaceChildren();
  await begin();
}

async function signOut(): Promise<void> {
  if (told(await post(ask, '/api/logout')) !== undefined) show('sign-in');
}

function start(): void {
  onSubmit(byId('sign-in', HTMLFormElement), () => void signIn(input('login').value, input('password').value, input('code').value));
  onSubmit(byId('enrolment', HTMLFormElement), () => void confirmTotp());
  byId('enrol', HTMLElement).addEventListener('click', () => void enrol());
  byId('sign-out', HTMLElement).addEventListener('click', () => void signOut());
  byId('recovery-done', HTMLElement).addEventListener('click', () => void leaveRecovery());
  const token = tokenOf(location.hash);
  // Out of the address bar and the history at once: whoever has the link has the account.
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  void (token === undefined ? begin() : openLink(token));
}

start();
