import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemOf } from '../src/connection-problem';
import { emptyStateOf } from '../src/empty-state';
import { footnote } from '../src/footnote';
import { jsonOf, summarise } from '../src/log-summary';
import type { Membership, Room, RoomEntry } from '../src/rooms';

const OVERRIDE = '\u202e';

function entry(kind: Room['kind'], membership: Membership): RoomEntry {
  const room: Room = kind === 'general' ? { kind } : { kind, customer: 'ana' };
  return { room, membership, customerId: undefined, awaitsCustomer: false, note: undefined };
}

test('only_a_joined_room_listens', () => {
  const cases: readonly (readonly [RoomEntry[], string])[] = [
    [[], 'Not listening yet'],
    [[entry('general', 'refused'), entry('customer', 'unanswered')], 'Not listening yet'],
    [[entry('general', 'refused'), entry('customer', 'joining')], 'Joining…'],
    [[entry('customer', 'joined')], 'Listening'],
    [[entry('general', 'joined')], 'Listening'],
  ];
  for (const [rooms, title] of cases) {
    const empty = emptyStateOf('connected', rooms);
    assert.equal(empty.title, title);
    assert.equal(empty.offer, title === 'Not listening yet' ? 'join general' : undefined);
  }
  assert.match(emptyStateOf('connected', [entry('customer', 'joined')]).text, /^Only to/);
  assert.equal(emptyStateOf('idle', []).offer, undefined);
});

test('the_footnote_is_there_only_when_something_is_left_out', () => {
  assert.equal(footnote({ shown: 2, held: 2, dropped: 0 }), undefined);
  assert.equal(footnote({ shown: 200, held: 350, dropped: 0 }), 'Newest 200 of 350 shown');
  assert.equal(footnote({ shown: 200, held: 200, dropped: 3 }), 'this tab keeps 200 customers × 200 messages · 3 older dropped from this page');
});

test('each_value_of_a_summary_stands_alone_and_json_escapes_what_turns_a_line_around', () => {
  const args = [{ content: `${OVERRIDE}evil`, status: 'read', id: 'm1' }];
  assert.deepEqual(summarise({ args }), [{ field: 'content', value: `${OVERRIDE}evil` }, { field: 'status', value: 'read' }]);
  assert.equal(jsonOf(OVERRIDE, 0), '"\\u202e"');
  assert.deepEqual(JSON.parse(jsonOf(args, 2)), args);
  assert.deepEqual(summarise({ args: [] }), []);
});

test('a_long_value_leaves_no_room_for_the_next', () => {
  const parts = summarise({ args: [{ content: 'x'.repeat(200), status: 'read' }] });
  assert.deepEqual(parts.map(({ value }) => value.length), [90]);
});

test('a_refusal_for_want_of_a_key_says_how_to_get_one', () => {
  const refused = (code: string | undefined): string => problemOf({ kind: 'refused', code, message: 'No' }, 'online') ?? '';
  assert.match(refused('unauthenticated'), /^Refused \(unauthenticated\): No\. .*Make one on the server: waypost key create$/);
  assert.doesNotMatch(refused('foreign_origin') + refused(undefined), /key create/);
  assert.equal(problemOf({ kind: 'connecting' }, 'offline'), undefined);
  assert.match(problemOf({ kind: 'reconnecting', attempt: 1, reason: '' }, 'offline') ?? '', /offline/);
});
