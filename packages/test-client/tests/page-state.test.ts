import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newIdempotencyKey } from '../src/idempotency-key';
import { describeError } from '../src/json';
import { Notices, TOASTS_MAX } from '../src/notices';
import { loadSettings, saveSettings } from '../src/settings';
import type { Settings } from '../src/settings';
import { modeOf } from '../src/view/mode-banner';

const DEFAULTS: Settings = { server: 'http://here', credential: '', namespace: '/', transport: 'default' };

test('toasts_pass_and_are_few_while_a_banner_stays', () => {
  const due: (() => void)[] = [];
  const notices = new Notices({ after: (_ms, run) => void due.push(run) }, () => undefined);
  notices.banner('gap', 'error', 'A gap', '');
  notices.banner('gap', 'error', 'Another gap', '');
  for (let n = 0; n < TOASTS_MAX + 2; n += 1) notices.toast('info', `toast ${n}`, '');
  assert.equal(notices.list().length, TOASTS_MAX + 1);
  for (const run of due) run();
  assert.deepEqual(notices.list().map(({ title }) => title), ['Another gap']);
  notices.dismiss('gap');
  assert.deepEqual(notices.list(), []);
});

test('settings_survive_a_reload_and_nonsense_in_the_store_does_not', () => {
  const kept = new Map<string, string>();
  const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const settings: Settings = { server: 'http://there', credential: 'k', namespace: '/websocket', transport: 'polling' };
  saveSettings(store, settings);
  assert.deepEqual(loadSettings(store, DEFAULTS), settings);
  for (const [key] of kept) kept.set(key, '{"namespace":"/etc","transport":7,"server":""');
  assert.deepEqual(loadSettings(store, DEFAULTS), DEFAULTS);
});

test('a_forbidden_store_is_no_failure', () => {
  const forbidden = (): never => {
    throw new Error('SecurityError');
  };
  const store = { getItem: forbidden, setItem: forbidden };
  saveSettings(store, DEFAULTS);
  assert.deepEqual(loadSettings(store, DEFAULTS), DEFAULTS);
});

test('an_idempotency_key_is_a_uuid_also_without_a_secure_context', () => {
  const insecure = { getRandomValues: crypto.getRandomValues.bind(crypto) };
  assert.match(newIdempotencyKey(insecure), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('errors_of_every_shape_become_one_line', () => {
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    ['plain', 'plain'],
    [{ code: 'rate_limited', message: 'Slow down' }, 'Slow down (rate_limited)'],
    [[{ code: 131026, title: 'Undeliverable', message: 'Undeliverable' }], 'Undeliverable (131026)'],
    [{ title: 'Bad', detail: 'because' }, 'Bad: because'],
    [{ code: 7 }, '7'],
    [{}, undefined],
    [null, undefined],
  ];
  for (const [error, line] of cases) assert.equal(describeError(error), line);
});

test('a_mode_nobody_knows_is_live', () => {
  assert.deepEqual(['live', 'demo', 'setup', 'x', undefined].map(modeOf), ['live', 'demo', 'setup', 'live', 'live']);
});
