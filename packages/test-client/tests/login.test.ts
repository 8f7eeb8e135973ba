import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, post } from '../src/login/api';
import { isNobody, problemOf, tokenOf, whyNoCookie } from '../src/login/words';

const TOKEN = 'mMrGZvglZsDUvZC5Wj20E3iJJTV0MoBoHwhSWssROqc';

test('a link is known by its fragment', () => {
  for (const kind of ['first', 'invite', 'reset']) assert.equal(tokenOf(`#${kind}=${TOKEN}`), TOKEN);
  for (const hash of ['', '#', '#first=', `#other=${TOKEN}`, `#first=${TOKEN}&more=1`, '#first=<b>']) assert.equal(tokenOf(hash), undefined);
});

test('every request has the header that speaks for the cookie', async () => {
  const seen: RequestInit[] = [];
  const fetch = (_: string, init: RequestInit): Promise<Response> => {
    seen.push(init);
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  assert.deepEqual(await get(fetch, '/api/me'), { kind: 'ok', body: {} });
  assert.deepEqual(await post(fetch, '/api/logout'), { kind: 'ok', body: {} });
  for (const init of seen) assert.equal(new Headers(init.headers).get('x-waypost-csrf'), '1');
});

test('a refusal is said with when to try again', async () => {
  const problem = JSON.stringify({ title: 'Too much', code: 'rate_limited' });
  const answer = await post(() => Promise.resolve(new Response(problem, { status: 429, headers: { 'retry-after': '30' } })), '/api/login');
  assert.equal(problemOf(answer), 'Too much. Try again in 30 s');
  const silent = await post(() => Promise.reject(new Error('gone')), '/api/login');
  assert.match(problemOf(silent), /does not answer/);
});

test('only an answer that says so makes somebody nobody', () => {
  assert.ok(isNobody({ kind: 'refused', code: 'unauthenticated', text: '' }));
  assert.ok(isNobody({ kind: 'ok', body: { principal: 'key:configured' } }));
  assert.ok(!isNobody({ kind: 'ok', body: { account: {} } }));
  assert.ok(!isNobody({ kind: 'refused', code: 'unavailable', text: '' }));
  assert.ok(!isNobody({ kind: 'unanswered' }));
});

test('a cookie that did not come back is explained by the address', () => {
  assert.match(whyNoCookie('http:'), /came over http/);
  assert.match(whyNoCookie('https:'), /WAYPOST_PUBLIC_URL/);
});
