/** What the page asks of the server it came from. `fetch` comes from outside. */
import { isRecord, textField } from '../json';
import type { JsonRecord } from '../json';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type Answer =
  | { readonly kind: 'ok'; readonly body: JsonRecord }
  | { readonly kind: 'refused'; readonly code: string; readonly text: string }
  | { readonly kind: 'unanswered' };

const ANSWER_WAIT_MS = 20_000;

/** A page of another origin cannot send this header, so that the cookie speaks for this one. */
const OWN_PAGE = { 'x-waypost-csrf': '1', accept: 'application/json' };

export function get(fetch: Fetch, path: string): Promise<Answer> {
  return ask(fetch, path, { method: 'GET', headers: OWN_PAGE });
}

export function post(fetch: Fetch, path: string, body: JsonRecord = {}): Promise<Answer> {
  return ask(fetch, path, { method: 'POST', headers: { ...OWN_PAGE, 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

async function ask(fetch: Fetch, path: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(path, { ...init, credentials: 'same-origin', signal: AbortSignal.timeout(ANSWER_WAIT_MS) });
    const body = parse(await response.text());
    return response.ok ? { kind: 'ok', body } : refusal(response, body);
  } catch {
    return { kind: 'unanswered' };
  }
}

function refusal(response: Response, body: JsonRecord): Answer {
  const wait = response.headers.get('retry-after');
  const said = textField(body, 'detail') ?? textField(body, 'title') ?? `The server answers with status ${response.status}`;
  const text = wait === null ? said : `${said}. Try again in ${wait} s`;
  return { kind: 'refused', code: textField(body, 'code') ?? '', text };
}

function parse(text: string): JsonRecord {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    // Nothing, or a proxy's page.
    return {};
  }
}
