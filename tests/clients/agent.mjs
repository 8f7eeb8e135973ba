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

const start = async ({ client, package: name, url, namespace, options }) => {
  const { io } = await import(name);
  const report = (kind, details = {}) => process.stdout.write(`${JSON.stringify({ client, kind, ...details })}\n`);
  // Without `forceNew` the clients of one process would share a connection.
  const socket = io(`${url}${namespace}`, { forceNew: true, ...options });
  const answers = new Map();
  clients.set(client, { socket, answers, report });

  socket.io.on('open', () => {
    const { engine } = socket.io;
    report('open', { transport: engine.transport.name });
    engine.on('upgrade', (transport) => report('upgrade', { transport: transport.name }));
  });
  socket.on('connect', () => report('connect', { id: socket.id, transport: socket.io.engine.transport.name }));
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
  connect: ({ client }) => clients.get(client).socket.connect(),
  disconnect: ({ client }) => clients.get(client).socket.disconnect(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  await commands[command.do](command);
}
for (const { socket } of clients.values()) socket.disconnect();
process.exit(0);
