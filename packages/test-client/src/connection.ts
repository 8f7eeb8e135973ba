/** One Socket.IO connection at a time, and its state in words. The socket comes from outside. */
import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import { isRecord, textField } from './json';
import type { ClientToServerEvents, ServerToClientEvents } from './wire-events';

export type ClientSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
export type OpenSocket = (url: string, options: Partial<ManagerOptions & SocketOptions>) => ClientSocket;

export type Namespace = '/' | '/websocket';
export type TransportChoice = 'default' | 'websocket' | 'polling';

export interface Target {
  readonly server: ServerAddress;
  readonly namespace: Namespace;
  readonly transport: TransportChoice;
  readonly token: string | undefined;
}

export interface ServerAddress {
  readonly origin: string;
  /** With its question mark, or empty; reaches the server in the handshake (`?offsets=0`). */
  readonly query: string;
}

export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly transport: string; readonly clientId: string }
  | { readonly kind: 'reconnecting'; readonly attempt: number; readonly reason: string }
  | { readonly kind: 'refused'; readonly code: string | undefined; readonly message: string }
  | { readonly kind: 'closed'; readonly reason: string };

export interface ConnectionListener {
  /** A fresh socket, before it connects: register event handlers here. */
  opened(socket: ClientSocket): void;
  connected(socket: ClientSocket): void;
  lost(reason: string): void;
  changed(state: ConnectionState): void;
}

export class Connection {
  #socket: ClientSocket | undefined;
  #state: ConnectionState = { kind: 'idle' };
  readonly #openSocket: OpenSocket;
  readonly #listener: ConnectionListener;

  constructor(openSocket: OpenSocket, listener: ConnectionListener) {
    this.#openSocket = openSocket;
    this.#listener = listener;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  open(target: Target): void {
    this.#drop();
    const { origin, query } = target.server;
    const path = target.namespace === '/' ? '/' : target.namespace;
    const socket = this.#openSocket(origin + path + query, {
      // A second connect with another key or transport must not share the first one's manager.
      forceNew: true,
      autoConnect: false,
      auth: target.token === undefined ? {} : { token: target.token },
      ...(target.transport === 'default' ? {} : { transports: [target.transport] }),
    });
    this.#socket = socket;
    this.#set({ kind: 'connecting' });
    this.#listener.opened(socket);
    this.#follow(socket);
    socket.connect();
  }

  close(): void {
    this.#drop();
    this.#set({ kind: 'idle' });
  }

  #follow(socket: ClientSocket): void {
    socket.on('connect', () => {
      this.#setConnected(socket);
      socket.io.engine.on('upgrade', () => this.#setConnected(socket));
      this.#listener.connected(socket);
    });
    socket.on('connect_error', (error) => {
      if (!socket.active) this.#set(refusalOf(error));
      else this.#set({ kind: 'reconnecting', attempt: this.#attempt(), reason: reasonOf(error) });
    });
    socket.on('disconnect', (reason) => {
      this.#listener.lost(reason);
      if (!socket.active) this.#set({ kind: 'closed', reason });
      else this.#set({ kind: 'reconnecting', attempt: 0, reason });
    });
    socket.io.on('reconnect_attempt', (attempt) => {
      const reason = this.#state.kind === 'reconnecting' ? this.#state.reason : '';
      this.#set({ kind: 'reconnecting', attempt, reason });
    });
  }

  /** Lets go of the socket so that none of its late events is heard. */
  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    const wasConnected = socket.connected;
    socket.off();
    socket.io.off();
    socket.disconnect();
    if (wasConnected) this.#listener.lost('io client disconnect');
  }

  #setConnected(socket: ClientSocket): void {
    if (socket !== this.#socket) return;
    this.#set({ kind: 'connected', transport: socket.io.engine.transport.name, clientId: socket.id ?? '' });
  }

  #attempt(): number {
    return this.#state.kind === 'reconnecting' ? this.#state.attempt : 0;
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    this.#listener.changed(state);
  }
}

/** Undefined when it is no address of a server. A bare `host:port` gets `http://`. */
export function parseServer(input: string): ServerAddress | undefined {
  const text = input.trim();
  if (text === '') return undefined;
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
    const protocol = url.protocol.replace(/^ws/, 'http');
    if (protocol !== 'http:' && protocol !== 'https:') return undefined;
    return { origin: `${protocol}//${url.host}`, query: url.search };
  } catch {
    return undefined;
  }
}

function refusalOf(error: Error): ConnectionState {
  const data = (error as { data?: unknown }).data;
  return { kind: 'refused', code: isRecord(data) ? textField(data, 'code') : undefined, message: error.message };
}

/** Engine.IO puts the HTTP status of a failed poll into `description`. */
function reasonOf(error: Error): string {
  const description = (error as { description?: unknown }).description;
  return typeof description === 'number' && description > 0 ? `${error.message}, HTTP ${description}` : error.message;
}
