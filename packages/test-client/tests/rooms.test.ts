import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOMS_MAX, Rooms, keyOf } from '../src/rooms';
import type { Room, RoomWire } from '../src/rooms';

const GENERAL: Room = { kind: 'general' };
const ANA: Room = { kind: 'customer', customer: 'ana' };

/** A wire whose joins are answered by hand. */
function wire(): RoomWire & { sent: string[]; answer: (ack: unknown) => Promise<void>; timeOut: () => Promise<void> } {
  const waiting: { resolve: (ack: unknown) => void; reject: (error: Error) => void }[] = [];
  const sent: string[] = [];
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    sent,
    join: (room) => {
      sent.push(`join ${keyOf(room)}`);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    leave: (room) => void sent.push(`leave ${keyOf(room)}`),
    answer: (ack) => {
      waiting.shift()?.resolve(ack);
      return settled();
    },
    timeOut: () => {
      waiting.shift()?.reject(new Error('timeout'));
      return settled();
    },
  };
}

const newRooms = (): Rooms => new Rooms(() => undefined);

test('a_room_asked_for_offline_is_joined_at_every_connect', async () => {
  const rooms = newRooms();
  rooms.join(GENERAL);
  rooms.join(ANA);
  assert.equal(rooms.general()?.membership, 'waiting');
  const first = wire();
  rooms.connected(first);
  await first.answer({ ok: true });
  assert.equal(rooms.general()?.membership, 'joined');
  rooms.disconnected();
  assert.equal(rooms.general()?.membership, 'waiting');
  const second = wire();
  rooms.connected(second);
  assert.deepEqual(second.sent, ['join general', 'join customer:ana']);
});

test('a_refused_join_says_why', async () => {
  const rooms = newRooms();
  const line = wire();
  rooms.connected(line);
  rooms.join(ANA);
  await line.answer({ ok: false, error: { code: 'ambiguous', message: 'Two customers fit' } });
  assert.deepEqual(rooms.list().map(({ membership, note }) => [membership, note]), [['refused', 'Two customers fit (ambiguous)']]);
});

test('the_joined_event_of_a_server_without_acks_is_enough', async () => {
  const rooms = newRooms();
  const line = wire();
  rooms.connected(line);
  rooms.join(ANA);
  rooms.confirmed(ANA, { customerId: 'cus_1' });
  await line.timeOut();
  assert.deepEqual(rooms.list().map(({ membership, customerId }) => [membership, customerId]), [['joined', 'cus_1']]);
});

test('an_answer_after_leaving_or_of_an_earlier_connection_changes_nothing', async () => {
  const rooms = newRooms();
  const first = wire();
  rooms.connected(first);
  rooms.join(ANA);
  rooms.leave(ANA);
  await first.answer({ ok: true });
  assert.deepEqual(rooms.list(), []);
  rooms.join(ANA);
  rooms.disconnected();
  await first.answer({ ok: true });
  assert.equal(rooms.list()[0]?.membership, 'waiting');
});

test('no_answer_is_said_and_the_number_of_rooms_is_bounded', async () => {
  const rooms = newRooms();
  const line = wire();
  rooms.connected(line);
  rooms.join(GENERAL);
  await line.timeOut();
  assert.equal(rooms.general()?.membership, 'unanswered');
  for (let n = 1; n < ROOMS_MAX; n += 1) assert.ok(rooms.join({ kind: 'customer', customer: `c${n}` }));
  assert.equal(rooms.join(ANA), false);
  assert.ok(rooms.join(GENERAL));
});

test('a_room_of_nobody_yet_waits_until_its_customer_is_met', async () => {
  const rooms = newRooms();
  const line = wire();
  const awaited = (): unknown[] => rooms.list().map(({ membership, customerId, awaitsCustomer }) => [membership, customerId, awaitsCustomer]);
  rooms.connected(line);
  rooms.join({ kind: 'customer', customer: '15550001' });
  await line.answer({ ok: true });
  rooms.confirmed({ kind: 'customer', customer: '15550001' }, {});
  assert.deepEqual(awaited(), [['joined', undefined, true]]);
  rooms.met({ customerId: 'cus_2', whatsappNumber: '15550002' });
  assert.deepEqual(awaited(), [['joined', undefined, true]]);
  rooms.met({ customerId: 'cus_1', whatsappNumber: '15550001' });
  assert.deepEqual(awaited(), [['joined', 'cus_1', false]]);
});

test('neither_the_general_room_nor_a_room_without_an_ack_waits_for_a_customer', async () => {
  const rooms = newRooms();
  const line = wire();
  rooms.connected(line);
  rooms.join(GENERAL);
  await line.answer({ ok: true });
  rooms.join(ANA);
  rooms.confirmed(ANA, {});
  await line.timeOut();
  assert.deepEqual(rooms.list().map(({ membership, awaitsCustomer }) => [membership, awaitsCustomer]), [['joined', false], ['joined', false]]);
});
