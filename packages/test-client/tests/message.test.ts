import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from '../src/message';
import { messageEvent } from './build-message';

test('a_message_of_an_older_server_without_our_fields_is_readable', () => {
  const { id: _id, customerName: _name, direction: _direction, ...older } = messageEvent('a1', { senderType: 'agent' });
  const message = readMessage(older);
  assert.equal(message?.id, 'wamid.a1');
  assert.equal(message?.direction, 'outbound');
  assert.equal(message?.customerName, '5511987650001');
});

test('what_names_no_message_or_no_customer_is_no_message', () => {
  for (const payload of [undefined, null, 'text', 7, [], {}, { id: 'a1' }, { customerId: 'cus_1' }]) {
    assert.equal(readMessage(payload), undefined);
  }
});

test('hostile_content_is_kept_verbatim', () => {
  const content = '<img src=x onerror=alert(1)>\u0000‮';
  assert.equal(readMessage(messageEvent('a1', { content }))?.content, content);
});

test('an_outbound_message_names_its_agent_or_else_its_source', () => {
  const outbound = { direction: 'outbound' } as const;
  assert.equal(readMessage(messageEvent('a1', { ...outbound, agent: { id: 'u1', name: 'Lena' } }))?.sender, 'Lena');
  assert.equal(readMessage(messageEvent('a1', { ...outbound, source: 'phone_app' }))?.sender, 'phone app');
  assert.equal(readMessage(messageEvent('a1', outbound))?.sender, 'agent');
});
