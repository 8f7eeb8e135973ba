// Stock Socket.IO clients in the hands of a test: they do what lines of JSON on stdin say, and whatever happens to them
// is reported as lines of JSON on stdout. Each line names its client by a number of the test's choice, so that one
// process can hold clients of several versions.
//
//   node agent.mjs
//
// It knows nothing of Waypost, adds nothing to the clients and leaves nothing out, so that what a test sees is what any
// program with these packages sees. Bytes travel as `{ "base64": "…" }`, at any depth. It ends with its stdin.

import { createInterface } from 'node:readline';

import { bytesOf, textOf } from './bytes.mjs';

const clients = new Map();

const start = async ({ client, package: name, url, namespace, options, beside }) => {
  const { io } = await import(name);
  const report = (kind, details = {}) => process.stdout.write(`${JSON.stringify({ client, kind, ...details })}\n`);
  // Without `forceNew` the clients of one process would share a connection, as only those do that are told to.
  const socket =
    beside === undefined
      ? io(`${url}${namespace}`, { forceNew: true, ...options })
      : clients.get(beside).socket.io.socket(namespace, { auth: options.auth });
  const answers = new Map();
  clients.set(client, { socket, answers, report });

  socket.io.on('open', () => {
    const { engine } = socket.io;
    report('open', { transport: engine.transport.name });
    engine.on('upgrade', (transport) => report('upgrade', { transport: transport.name }));
  });
  socket.on('connect', () => {
    const { id, recovered } = socket;
    report('connect', { id, transport: socket.io.engine.transport.name, recovered: recovered === true });
  });
  socket.on('disconnect', (reason) => report('disconnect', { reason }));
  socket.on('connect_error', (error) => report('connect_error', { message: error.message, data: error.data ?? null }));
  socket.onAny((event, ...args) => {
    const answer = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    report('event', { event, args: textOf(args) });
    if (answer !== undefined && answers.has(event)) answer(...answers.get(event));
  });
};

const commands = {
  start,
  emit: ({ client, event, args, ack }) => {
    const { socket, report } = clients.get(client);
    if (ack === undefined) socket.emit(event, ...bytesOf(args));
    else socket.emit(event, ...bytesOf(args), (...answer) => report('ack', { ack, args: textOf(answer) }));
  },
  // From now on an event of that name that asks for an ack gets this one.
  answer: ({ client, event, args }) => clients.get(client).answers.set(event, bytesOf(args)),
  // From now on a handler throws at the event of that name whose body has this member with this value.
  throw_at: ({ client, event, member, value }) =>
    clients.get(client).socket.on(event, (body) => {
      if (body[member] === value) throw Object.assign(new Error(`thrown at ${value}`), { client });
    }),
  // What the client presents when it connects again, by the names that it has inside.
  session: ({ client }) => {
    const { socket, report } = clients.get(client);
    report('session', { pid: socket._pid ?? null, offset: socket._lastOffset ?? null });
  },
  adopt: ({ client, pid, offset }) => {
    const { socket } = clients.get(client);
    socket._pid = pid ?? undefined;
    socket._lastOffset = offset ?? undefined;
  },
  engine_close: ({ client }) => clients.get(client).socket.io.engine.close(),
  connect: ({ client }) => clients.get(client).socket.connect(),
  disconnect: ({ client }) => clients.get(client).socket.disconnect(),
};

// A program lives on after what its handlers throw; anything else is a fault of this one.
process.on('uncaughtException', (error) => {
  if (error.client === undefined) {
    console.error(error);
    process.exit(1);
  }
  clients.get(error.client).report('exception', { error: error.message });
});

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  await commands[command.do](command);
}
for (const { socket } of clients.values()) socket.disconnect();
process.exit(0);
