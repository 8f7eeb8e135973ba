// The reference server as a peer of the fan-out benchmark: every client that asks is in one room, and what is POSTed to
// /publish is sent there. Compression is off (it is by default), connection state recovery too.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { Server } from 'socket.io';

// `ws` takes JavaScript of its own where this is missing, without a word.
createRequire(import.meta.url)('bufferutil');

const ROOM = 'all';
const EVENT = 'whatsappMessage';

const http = createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/publish') {
    response.writeHead(404, { 'content-length': 0 }).end();
    return;
  }
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  const body = JSON.parse(Buffer.concat(parts).toString());
  for (const message of Array.isArray(body) ? body : [body]) {
    io.to(ROOM).emit(EVENT, message);
  }
  response.writeHead(200, { 'content-length': 0 }).end();
});

// A turn of many messages to many clients may last longer than the 5 s of the default, after which the next request of a
// connection would find it closed.
http.keepAliveTimeout = 0;

const io = new Server(http, { serveClient: false });
io.on('connection', (socket) => {
  socket.on('join', (answer) => {
    socket.join(ROOM);
    answer({ ok: true });
  });
});

// The default backlog is smaller than a wave of clients may be.
http.listen({ port: 0, host: '0.0.0.0', backlog: 4096 });
await once(http, 'listening');
console.log(`http://127.0.0.1:${http.address().port}`);
