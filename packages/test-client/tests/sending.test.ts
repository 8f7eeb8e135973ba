import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conversation } from '../src/conversations';
import { EventLog } from '../src/log';
import { readMessage } from '../src/message';
import { OUTBOX_ENTRIES_MAX, Outbox } from '../src/outbox';
import type { Endpoint } from '../src/rest';
import { Sending } from '../src/sending';
import { messageEvent } from './build-message';

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

type Answer = () => Response;

function world(...answers: Answer[]): { sending: Sending; outbox: Outbox; log: EventLog; calls: Call[] } {
  const calls: Call[] = [];
  const outbox = new Outbox();
  const log = new EventLog(() => new Date(0));
  let keys = 0;
  const endpoint: Endpoint = { origin: 'https://gateway.example', token: 'secret-key', cookie: 'silent' };
  const sending = new Sending({
    fetch: (url, init) => {
      calls.push({ url, headers: new Headers(init.headers), body: JSON.parse(String(init.body)) as Record<string, unknown> });
      const answer = answers.shift();
      return answer === undefined ? Promise.reject(new Error('offline')) : Promise.resolve().then(answer);
    },
    newKey: () => `key-${(keys += 1)}`,
    endpoint: () => endpoint,
    outbox,
    log,
    changed: () => undefined,
  });
  return { sending, outbox, log, calls };
}

const json = (status: number, body: unknown): Answer => () => new Response(JSON.stringify(body), { status });

function ana(hasCustomerId = true): Conversation {
  const last = readMessage(messageEvent('a1'));
  assert.ok(last);
  return { customerId: 'cus_ana', name: 'Ana', number: '5511987650001', hasCustomerId, unread: 0, last, count: 1 };
}

test('a_reply_posts_the_documented_body_with_the_key_as_bearer', async () => {
  const { sending, outbox, calls } = world(json(202, { id: 'out_1', state: 'queued' }));
  const outcome = await sending.reply(ana(), 'hello');
  assert.equal(outcome.tone, 'info');
  assert.equal(calls[0]?.url, 'https://gateway.example/api/messages');
  assert.equal(calls[0]?.headers.get('authorization'), 'Bearer secret-key');
  assert.equal(calls[0]?.headers.get('content-type'), 'application/json');
  assert.deepEqual(calls[0]?.body, { customerId: 'cus_ana', type: 'text', text: { body: 'hello' }, idempotencyKey: 'key-1' });
  assert.deepEqual(outbox.open().map(({ id, state }) => [id, state]), [['out_1', 'queued']]);
});

test('a_reply_to_a_customer_without_an_id_goes_to_the_number', async () => {
  const { sending, calls } = world(json(202, { id: 'out_1', state: 'queued' }));
  await sending.reply(ana(false), 'hello');
  assert.equal(calls[0]?.body['to'], '5511987650001');
});

test('a_send_without_an_answer_is_unknown_and_is_repeated_with_the_same_key', async () => {
  const { sending, outbox, calls } = world(() => {
    throw new TypeError('Failed to fetch');
  }, json(202, { id: 'out_1', state: 'accepted' }));
  await sending.reply(ana(), 'hello');
  assert.deepEqual(outbox.list().map(({ state, repeatable }) => [state, repeatable]), [['unknown', true]]);
  await sending.again('key-1');
  assert.deepEqual(calls[1]?.body, calls[0]?.body);
  assert.deepEqual(outbox.list().map(({ state, repeatable }) => [state, repeatable]), [['accepted', false]]);
});

test('problem_details_are_told_and_a_refusal_is_final', async () => {
  const problem = { title: 'Window closed', detail: 'Ana wrote 31 hours ago', code: 'window_closed' };
  const { sending, outbox } = world(json(409, problem));
  const outcome = await sending.reply(ana(), 'hello');
  assert.deepEqual(outcome, { tone: 'error', text: 'Window closed: Ana wrote 31 hours ago (window_closed)' });
  assert.deepEqual(outbox.list().map(({ state, repeatable }) => [state, repeatable]), [['failed', false]]);
});

test('a_test_message_takes_the_older_route_and_is_never_repeated', async () => {
  const { sending, outbox, calls } = world(json(502, 'bad gateway'), json(200, { success: true, data: { id: 'out_2' } }));
  await sending.testMessage('48600100200', 'hi');
  assert.equal(calls[0]?.url, 'https://gateway.example/whatsapp/send-message');
  assert.deepEqual(calls[0]?.body, { to: '48600100200', message: 'hi' });
  assert.deepEqual(outbox.list().map(({ state, repeatable }) => [state, repeatable]), [['unknown', false]]);
  const outcome = await sending.testMessage('48600100200', 'hi');
  assert.equal(outcome.text, 'The server took it: accepted · out_2');
});

test('the_credential_is_never_in_the_log', async () => {
  const { sending, log } = world(json(202, { id: 'out_1', state: 'queued' }));
  await sending.reply(ana(), 'hello');
  assert.equal(log.view('').entries.length, 2);
  assert.doesNotMatch(JSON.stringify(log.view('')), /secret-key/);
});

test('an_event_that_overtakes_the_answer_is_merged_into_one_entry', () => {
  const outbox = new Outbox();
  outbox.started({ key: 'key-1', customerId: undefined, to: '48600100200', text: 'hi' });
  outbox.applyEvent({ id: 'out_1', customerId: 'cus_bo', state: 'failed', error: { title: 'Not on WhatsApp' } });
  outbox.answered('key-1', { id: 'out_1', state: 'queued', error: undefined });
  assert.deepEqual(
    outbox.list().map(({ key, customerId, state, error, text }) => [key, customerId, state, error, text]),
    [['key-1', 'cus_bo', 'failed', 'Not on WhatsApp', 'hi']],
  );
});

test('an_entry_ends_when_its_message_is_shown_and_the_list_is_bounded', () => {
  const outbox = new Outbox();
  for (let n = 0; n < OUTBOX_ENTRIES_MAX + 2; n += 1) outbox.started({ key: `k${n}`, customerId: 'c', to: undefined, text: 't' });
  assert.equal(outbox.list().length, OUTBOX_ENTRIES_MAX);
  outbox.answered('k9', { id: 'out_9', state: 'sending', error: undefined });
  outbox.becameMessage('out_9');
  assert.equal(outbox.open().length, OUTBOX_ENTRIES_MAX - 1);
});
