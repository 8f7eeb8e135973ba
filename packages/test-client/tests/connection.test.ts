import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { Connection, parseServer } from '../src/connection';
import type { ClientSocket, OpenSocket, Target } from '../src/connection';

/** As much of a socket as the connection touches. */
class FakeSocket extends EventEmitter {
  readonly io = Object.assign(new EventEmitter(), { engine: Object.assign(new EventEmitter(), { transport: { name: 'polling' } }) });
  active = true;
  connected = false;
  id: string | undefined;

  connect(): void {
    this.active = true;
  }

  disconnect(): void {
    this.connected = false;
  }

  accept(id: string): void {
    this.id = id;
    this.connected = true;
    this.emit('connect');
  }

  override off(): this {
    return this.removeAllListeners();
  }
}

function connectionWith(): { connection: Connection; sockets: FakeSocket[]; opened: Parameters<OpenSocket>[]; lost: string[] } {
  const sockets: FakeSocket[] = [];
  const opened: Parameters<OpenSocket>[] = [];
  const lost: string[] = [];
  const open: OpenSocket = (...args) => {
    const socket = new FakeSocket();
    // Node's own emitter insists on arguments of `off`; that of socket.io does not.
    socket.io.off = () => socket.io.removeAllListeners();
    sockets.push(socket);
    opened.push(args);
    return socket as unknown as ClientSocket;
  };
  const connection = new Connection(open, { opened: () => undefined, connected: () => undefined, changed: () => undefined, lost: (reason) => void lost.push(reason) });
  return { connection, sockets, opened, lost };
}

const TARGET: Target = { server: { origin: 'http://gateway', query: '?offsets=0' }, namespace: '/websocket', transport: 'default', token: undefined };

test('the_target_becomes_an_address_and_options', () => {
  const { connection, opened } = connectionWith();
  connection.open(TARGET);
  connection.open({ ...TARGET, namespace: '/', transport: 'polling', token: 'secret' });
  assert.equal(opened[0]?.[0], 'http://gateway/websocket?offsets=0');
  assert.deepEqual(opened[0]?.[1].auth, {});
  assert.equal('transports' in (opened[0]?.[1] ?? {}), false);
  assert.equal(opened[1]?.[0], 'http://gateway/?offsets=0');
  assert.deepEqual([opened[1]?.[1].auth, opened[1]?.[1].transports], [{ token: 'secret' }, ['polling']]);
});

test('an_upgrade_shows_in_the_state', () => {
  const { connection, sockets } = connectionWith();
  connection.open(TARGET);
  sockets[0]?.accept('abc');
  assert.deepEqual(connection.state, { kind: 'connected', transport: 'polling', clientId: 'abc' });
  const engine = sockets[0]?.io.engine;
  assert.ok(engine);
  engine.transport.name = 'websocket';
  engine.emit('upgrade');
  assert.deepEqual(connection.state, { kind: 'connected', transport: 'websocket', clientId: 'abc' });
});

test('a_refusal_is_final_and_a_failed_attempt_is_not', () => {
  const { connection, sockets } = connectionWith();
  connection.open(TARGET);
  sockets[0]?.io.emit('reconnect_attempt', 3);
  sockets[0]?.emit('connect_error', Object.assign(new Error('xhr poll error'), { description: 503 }));
  assert.deepEqual(connection.state, { kind: 'reconnecting', attempt: 3, reason: 'xhr poll error, HTTP 503' });
  const socket = sockets[0];
  assert.ok(socket);
  socket.active = false;
  socket.emit('connect_error', Object.assign(new Error('revoked'), { data: { code: 'token_revoked' } }));
  assert.deepEqual(connection.state, { kind: 'refused', code: 'token_revoked', message: 'revoked' });
});

test('a_lost_connection_reconnects_unless_the_server_ended_it', () => {
  const { connection, sockets, lost } = connectionWith();
  connection.open(TARGET);
  const socket = sockets[0];
  assert.ok(socket);
  socket.accept('abc');
  socket.emit('disconnect', 'transport close');
  assert.equal(connection.state.kind, 'reconnecting');
  socket.active = false;
  socket.emit('disconnect', 'io server disconnect');
  assert.deepEqual(connection.state, { kind: 'closed', reason: 'io server disconnect' });
  assert.deepEqual(lost, ['transport close', 'io server disconnect']);
});

test('a_closed_connection_hears_nothing_of_its_old_socket', () => {
  const { connection, sockets, lost } = connectionWith();
  connection.open(TARGET);
  sockets[0]?.accept('abc');
  connection.close();
  assert.deepEqual(lost, ['io client disconnect']);
  sockets[0]?.emit('connect');
  sockets[0]?.io.emit('reconnect_attempt', 1);
  assert.deepEqual(connection.state, { kind: 'idle' });
});

test('server_addresses_are_read_as_people_type_them', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['http://localhost:3000', 'http://localhost:3000'],
    [' https://gateway.example/path ', 'https://gateway.example'],
    ['ws://localhost:3000', 'http://localhost:3000'],
    ['wss://gateway.example', 'https://gateway.example'],
    ['localhost:3000', 'http://localhost:3000'],
    ['[::1]:3000', 'http://[::1]:3000'],
    ['ftp://gateway.example', undefined],
    ['http://', undefined],
    ['', undefined],
  ];
  for (const [typed, origin] of cases) assert.equal(parseServer(typed)?.origin, origin, typed);
  assert.equal(parseServer('http://localhost:3000/?offsets=0')?.query, '?offsets=0');
});
