/** The form's content across a reload of this tab; gone when the tab is closed. The key is kept nowhere else. */
import { isRecord, textField } from './json';
import type { Namespace, TransportChoice } from './connection';

export interface Settings {
  readonly server: string;
  readonly credential: string;
  readonly namespace: Namespace;
  readonly transport: TransportChoice;
}

export type SessionStore = Pick<Storage, 'getItem' | 'setItem'>;

const KEY = 'waypost-test-client';

export function loadSettings(store: SessionStore, defaults: Settings): Settings {
  const saved = read(store);
  return {
    server: textField(saved, 'server') ?? defaults.server,
    credential: textField(saved, 'credential') ?? defaults.credential,
    namespace: namespaceOf(saved['namespace']),
    transport: transportOf(saved['transport']),
  };
}

export function saveSettings(store: SessionStore, settings: Settings): void {
  try {
    store.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Storage may be forbidden by the browser; the page works without.
  }
}

export function namespaceOf(value: unknown): Namespace {
  return value === '/websocket' ? '/websocket' : '/';
}

export function transportOf(value: unknown): TransportChoice {
  return value === 'websocket' || value === 'polling' ? value : 'default';
}

function read(store: SessionStore): Readonly<Record<string, unknown>> {
  try {
    const saved: unknown = JSON.parse(store.getItem(KEY) ?? '{}');
    return isRecord(saved) ? saved : {};
  } catch {
    return {};
  }
}
