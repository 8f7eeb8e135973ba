/** Puts the page together: state, socket and views. Start reading here. */
import type { io as ioFunction } from 'socket.io-client';
import { Connection, parseServer } from './connection';
import type { OpenSocket } from './connection';
import { Conversations } from './conversations';
import { newIdempotencyKey } from './idempotency-key';
import { isRecord } from './json';
import { EventLog } from './log';
import { Notices } from './notices';
import { Outbox } from './outbox';
import { forgetServerState, receive } from './receive';
import type { Page } from './receive';
import { roomWire } from './room-wire';
import { Rooms } from './rooms';
import { Sending } from './sending';
import { loadSettings, saveSettings } from './settings';
import type { Settings } from './settings';
import { connectionPanel } from './view/connection-panel';
import { modeOf, showMode } from './view/mode-banner';
import { noticesView } from './view/notices';
import { roomsPanel } from './view/rooms-panel';
import { sendPanel } from './view/send-panel';
import { inboxView } from './view/inbox';
import { logPanel } from './view/log-panel';
import { panes } from './view/panes';

declare global {
  interface Window {
    /** From /socket.io/socket.io.js, which the server serves; missing when that did not load. */
    readonly io?: typeof ioFunction;
  }
}

type Facts = readonly (readonly [name: string, value: string])[];

function start(): void {
  const mode = modeOf(document.documentElement.dataset['waypostMode']);
  const changed = oncePerFrame(() => render());
  const conversations = new Conversations();
  const outbox = new Outbox();
  const log = new EventLog(() => new Date());
  const rooms = new Rooms(changed);
  const notices = new Notices({ after: (ms, run) => void setTimeout(run, ms) }, changed);
  let facts: Facts = [];

  const page: Page = { conversations, outbox, rooms, log, notices, changed, greeted: (payload: unknown) => (facts = factsOf(payload)) };
  const connection = connectionOf(page, () => (facts = []));
  const connectionView = connectionPanel(loadSettings(sessionStorage, defaults()), {
    connect: (target) => {
      if (isClientHere(notices)) connection.open(target);
    },
    disconnect: () => connection.close(),
    edited: (settings) => saveSettings(sessionStorage, settings),
  });
  const sending = new Sending({
    fetch: (url, init) => fetch(url, init),
    newKey: () => newIdempotencyKey(crypto),
    endpoint: () => {
      const { server, credential } = connectionView.settings();
      const origin = parseServer(server)?.origin;
      if (origin === undefined) return undefined;
      if (credential !== '') return { origin, token: credential, cookie: 'silent' };
      return { origin, token: undefined, cookie: origin === location.origin ? 'speaks' : 'silent' };
    },
    outbox,
    log,
    changed,
  });
  const roomsView = roomsPanel(rooms, (title, text) => notices.toast('warn', title, text));
  const sendView = sendPanel(outbox, (to, text) => sending.testMessage(to, text));
  const inbox = inboxView({ conversations, outbox, rooms, sending, connection, notices, changed, joinGeneral: roomsView.joinGeneral });
  const logView = logPanel(log);
  const noticesBox = noticesView(notices);
  const tabs = panes(changed);

  function render(): void {
    connectionView.render(connection.state, facts);
    roomsView.render();
    sendView.render();
    inbox.render();
    logView.render();
    noticesBox.render();
    tabs.render(conversations.list().reduce((sum, { unread }) => sum + unread, 0));
  }

  showMode(mode);
  window.addEventListener('online', changed);
  window.addEventListener('offline', changed);
  render();
  if (!isClientHere(notices)) return;
  if (mode === 'demo') {
    tabs.show('messages');
    rooms.join({ kind: 'general' });
    connectionView.submit();
  }
}

function connectionOf(page: Page, forgetGreeting: () => void): Connection {
  const { log, rooms, changed } = page;
  return new Connection(openSocket, {
    opened: (socket) => receive(socket, page),
    connected: (socket) => {
      log.record('state', 'connected', [{ id: socket.id, recovered: socket.recovered }]);
      rooms.connected(roomWire(socket, log));
    },
    lost: (reason) => {
      log.record('state', 'disconnected', [reason]);
      forgetGreeting();
      forgetServerState(page);
      rooms.disconnected();
    },
    changed: (state) => {
      if (state.kind === 'refused' || (state.kind === 'reconnecting' && state.attempt > 0)) log.record('state', state.kind, [state]);
      changed();
    },
  });
}

function isClientHere(notices: Notices): boolean {
  if (window.io !== undefined) return true;
  const text = 'This page takes it from /socket.io/socket.io.js of the server it came from. Reload once that answers.';
  notices.banner('no-client', 'error', 'The Socket.IO client did not load', text);
  return false;
}

/** The function that the script of the server left behind. */
const openSocket: OpenSocket = (url, options) => {
  if (window.io === undefined) throw new Error('the Socket.IO client did not load');
  return window.io(url, options);
};

function defaults(): Settings {
  const isServed = location.protocol === 'http:' || location.protocol === 'https:';
  return { server: isServed ? location.origin : 'http://localhost:3000', credential: '', namespace: '/', transport: 'default' };
}

/** What the `connected` event says, for the connection's card. */
function factsOf(payload: unknown): Facts {
  if (!isRecord(payload)) return [];
  return ['resumed', 'head', 'from', 'rooms'].flatMap((name) => {
    const value = payload[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    return [[name, Array.isArray(value) ? value.join(', ') : String(value)] as const];
  });
}

/** However much arrives, the page is drawn once a frame, and not at all while nobody can see it. */
function oncePerFrame(draw: () => void): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      draw();
    });
  };
}

start();
