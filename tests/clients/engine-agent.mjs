// Stock Engine.IO clients in the hands of a test, in the manner of `agent.mjs`: the layer below, where a message is a
// text or bytes, and heartbeats are seen.
//
//   node engine-agent.mjs

import { createInterface } from 'node:readline';

import { bytesOf, textOf } from './bytes.mjs';

const clients = new Map();

const start = async ({ client, package: name, url, options }) => {
  const { Socket } = await import(name);
  const report = (kind, details = {}) => process.stdout.write(`${JSON.stringify({ client, kind, ...details })}\n`);
  const socket = new Socket(url, options);
  clients.set(client, socket);

  socket.on('open', () => report('open', { transport: socket.transport.name }));
  socket.on('upgrade', (transport) => report('upgrade', { transport: transport.name }));
  socket.on('message', (message) => report('message', { message: textOf(message) }));
  socket.on('ping', () => report('ping'));
  socket.on('close', (reason) => report('close', { reason }));
  socket.on('error', (error) => report('error', { message: error.message }));
};

const commands = {
  // A client whose neighbours are loaded meanwhile may miss its heartbeats: so all are loaded first.
  load: ({ package: name }) => import(name),
  start,
  send: ({ client, message }) => clients.get(client).send(bytesOf(message)),
  disconnect: ({ client }) => clients.get(client).close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  await commands[command.do](command);
}
for (const socket of clients.values()) socket.close();
process.exit(0);
