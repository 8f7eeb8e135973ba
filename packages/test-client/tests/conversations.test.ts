import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONVERSATIONS_MAX, Conversations, FEED_MAX, MESSAGES_PER_CONVERSATION_MAX } from '../src/conversations';
import { readMessage } from '../src/message';
import type { WhatsAppMessageEvent } from '../src/wire-events';
import { messageEvent } from './build-message';

function receive(conversations: Conversations, id: string, differences: Partial<WhatsAppMessageEvent> = {}): void {
  const message = readMessage(messageEvent(id, differences));
  assert.ok(message);
  conversations.receive(message);
}

test('messages_are_grouped_by_customer_and_the_last_active_stands_first', () => {
  const conversations = new Conversations();
  receive(conversations, 'a1');
  receive(conversations, 'b1', { customerId: 'cus_bo', customerName: 'Bo' });
  receive(conversations, 'a2');
  assert.deepEqual(conversations.list().map(({ name, count }) => [name, count]), [['Ana', 2], ['Bo', 1]]);
  assert.deepEqual(conversations.feed().map(({ id }) => id), ['a1', 'b1', 'a2']);
});

test('an_agents_message_does_not_rename_the_customer_or_count_as_unread', () => {
  const conversations = new Conversations();
  receive(conversations, 'a1');
  receive(conversations, 'a2', { direction: 'outbound', senderType: 'agent', customerName: 'Somebody' });
  assert.equal(conversations.conversation('cus_ana')?.name, 'Ana');
  assert.equal(conversations.conversation('cus_ana')?.unread, 1);
  conversations.markRead('cus_ana');
  assert.equal(conversations.conversation('cus_ana')?.unread, 0);
});

test('a_repeated_message_stays_one_and_says_how_often_it_came', () => {
  const conversations = new Conversations();
  receive(conversations, 'a1');
  receive(conversations, 'a1', { content: 'second' });
  assert.deepEqual(conversations.feed().map(({ shown, content }) => [shown, content]), [[2, 'second']]);
});

test('a_status_finds_its_message_by_our_id_or_by_whatsapps', () => {
  const conversations = new Conversations();
  receive(conversations, 'a1', { direction: 'outbound', status: 'accepted' });
  assert.ok(conversations.applyStatus({ id: 'a1', status: 'sent' }));
  assert.equal(conversations.thread('cus_ana')[0]?.status, 'sent');
  const errors = [{ code: 131026, title: 'Message undeliverable' }];
  assert.ok(conversations.applyStatus({ whatsappMessageId: 'wamid.a1', status: 'failed', errors }));
  assert.equal(conversations.thread('cus_ana')[0]?.error, 'Message undeliverable (131026)');
  assert.equal(conversations.applyStatus({ id: 'unknown', status: 'read' }), false);
});

test('a_thread_keeps_its_newest_messages_only', () => {
  const conversations = new Conversations();
  for (let n = 0; n < MESSAGES_PER_CONVERSATION_MAX + 3; n += 1) receive(conversations, `m${n}`);
  assert.equal(conversations.thread('cus_ana').length, MESSAGES_PER_CONVERSATION_MAX);
  assert.equal(conversations.thread('cus_ana')[0]?.id, 'm3');
  assert.equal(conversations.dropped, 3);
  assert.equal(conversations.size, MESSAGES_PER_CONVERSATION_MAX);
  assert.equal(conversations.applyStatus({ id: 'm0', whatsappMessageId: 'wamid.m0', status: 'read' }), false);
});

test('the_quietest_customer_gives_way_and_the_feed_still_resolves', () => {
  const conversations = new Conversations();
  for (let n = 0; n <= CONVERSATIONS_MAX; n += 1) receive(conversations, `m${n}`, { customerId: `cus_${n}` });
  assert.equal(conversations.list().length, CONVERSATIONS_MAX);
  assert.equal(conversations.conversation('cus_0'), undefined);
  assert.equal(conversations.feed().length, FEED_MAX);
});

test('an_erased_customer_leaves_nothing_behind', () => {
  const conversations = new Conversations();
  receive(conversations, 'a1');
  receive(conversations, 'b1', { customerId: 'cus_bo' });
  conversations.erase('cus_ana');
  assert.deepEqual(conversations.feed().map(({ id }) => id), ['b1']);
  assert.equal(conversations.size, 1);
  assert.equal(conversations.dropped, 0);
});

test('an_update_changes_the_content_and_leaves_a_mark_once', () => {
  const conversations = new Conversations();
  receive(conversations, 'a1');
  conversations.applyUpdate({ id: 'a1', change: 'edited', content: 'better' });
  conversations.applyUpdate({ id: 'a1', change: 'edited' });
  conversations.applyUpdate({ id: 'a1', change: 'reaction', reaction: { emoji: '👍' } });
  const [message] = conversations.thread('cus_ana');
  assert.deepEqual([message?.content, message?.marks], ['better', ['edited', '👍']]);
});
