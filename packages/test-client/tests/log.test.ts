import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog, LOG_ENTRIES_MAX, splitOffset } from '../src/log';

const newLog = (): EventLog => new EventLog(() => new Date(0));

test('only_a_string_after_a_payload_is_an_offset', () => {
  assert.deepEqual(splitOffset([{ id: 1 }, 'e1.2.ff']), { args: [{ id: 1 }], offset: 'e1.2.ff' });
  assert.deepEqual(splitOffset(['lonely']), { args: ['lonely'], offset: undefined });
  assert.deepEqual(splitOffset([{ id: 1 }]), { args: [{ id: 1 }], offset: undefined });
  assert.deepEqual(splitOffset([]), { args: [], offset: undefined });
});

test('the_newest_stands_first_and_the_oldest_falls_out', () => {
  const log = newLog();
  for (let n = 1; n <= LOG_ENTRIES_MAX + 5; n += 1) log.record('out', `event${n}`, []);
  const { entries } = log.view('');
  assert.equal(entries.length, LOG_ENTRIES_MAX);
  assert.equal(entries[0]?.name, `event${LOG_ENTRIES_MAX + 5}`);
  assert.equal(entries.at(-1)?.name, 'event6');
});

test('a_paused_view_stands_still_while_recording_goes_on', () => {
  const log = newLog();
  log.record('state', 'before', []);
  log.pause();
  log.receive('whatsappMessage', [{}, 'e1.1.aa']);
  log.receive('other', [{}]);
  assert.deepEqual(log.view('').entries.map(({ name }) => name), ['before']);
  assert.equal(log.view('').waiting, 2);
  assert.equal(log.view('WHATSAPP').waiting, 1);
  log.resume();
  assert.deepEqual(log.view('').entries.map(({ name }) => name), ['other', 'whatsappMessage', 'before']);
});

test('the_filter_ignores_case_and_clearing_empties_a_paused_view_too', () => {
  const log = newLog();
  log.receive('whatsappMessage', [{}]);
  log.receive('position', [{}]);
  assert.equal(log.view(' Message ').entries.length, 1);
  log.pause();
  log.clear();
  assert.equal(log.view('').entries.length, 0);
});
