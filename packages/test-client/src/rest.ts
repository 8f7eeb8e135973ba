/** The two HTTP sends of the page, and what their answers mean. `fetch` comes from outside. */
import { isRecord, textField } from './json';
import type { JsonRecord } from './json';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** RFC 9457, as far as a person reads it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly code: string | undefined;
}

/** `unanswered`: nobody can say whether the server got it. */
export type PostResult =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly body: unknown }
  | { readonly kind: 'unanswered'; readonly reason: string };

export interface Endpoint {
  readonly origin: string;
  readonly token: string | undefined;
  /** Whether the cookie of whoever is signed in speaks: for the server that the page came from, without a key. */
  readonly cookie: 'speaks' | 'silent';
}

const ANSWER_WAIT_MS = 20_000;

export async function post(fetch: Fetch, endpoint: Endpoint, path: string, body: JsonRecord): Promise<PostResult> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (endpoint.token !== undefined) headers['authorization'] = `Bearer ${endpoint.token}`;
  if (endpoint.cookie === 'speaks') headers['x-waypost-csrf'] = '1';
  const signal = AbortSignal.timeout(ANSWER_WAIT_MS);
  try {
    const response = await fetch(endpoint.origin + path, { method: 'POST', headers, body: JSON.stringify(body), signal });
    const answer = parseJson(await response.text());
    if (response.ok) return { kind: 'ok', status: response.status, body: answer };
    return { kind: 'problem', problem: readProblem(response.status, response.statusText, answer), body: answer };
  } catch (error) {
    return { kind: 'unanswered', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The outbox entry of an answer, bare or in the older `{ success, data }`. */
export function readSendAnswer(body: unknown): { id: string | undefined; state: string | undefined; error: unknown } {
  const outer = isRecord(body) ? body : {};
  const entry = isRecord(outer['data']) ? outer['data'] : outer;
  return { id: textField(entry, 'id'), state: textField(entry, 'state'), error: entry['error'] };
}

export function problemText(problem: Problem): string {
  const text = problem.detail === undefined ? problem.title : `${problem.title}: ${problem.detail}`;
  return problem.code === undefined ? text : `${text} (${problem.code})`;
}

function readProblem(status: number, statusText: string, body: unknown): Problem {
  const record = isRecord(body) ? body : {};
  const inner = isRecord(record['error']) ? record['error'] : record;
  const fallback = statusText === '' ? `HTTP ${status}` : `HTTP ${status} ${statusText}`;
  return {
    status,
    title: textField(inner, 'title') ?? textField(record, 'error') ?? fallback,
    detail: textField(inner, 'detail') ?? textField(inner, 'message') ?? (typeof body === 'string' && body !== '' ? body : undefined),
    code: textField(inner, 'code'),
  };
}

const PLAIN_ANSWER_CHARS_MAX = 500;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or nothing: shown as it is.
    return text.slice(0, PLAIN_ANSWER_CHARS_MAX);
  }
}
