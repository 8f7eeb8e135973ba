/** A log entry in one line, and a payload as JSON. */
import { isRecord } from './json';
import type { LogEntry } from './log';

/** A value is foreign text: whoever shows it keeps its writing direction to itself. */
export interface SummaryPart {
  readonly field: string | undefined;
  readonly value: string;
}

const SUMMARY_CHARS_MAX = 90;
const PARTS_MAX = 2;
const FIELDS = ['content', 'reason', 'attempt', 'status', 'state', 'message', 'detail', 'code', 'room', 'ok', 'change', 'id', 'clientId'];
/** They reorder whatever follows them in the line. */
const DIRECTION_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

export function summarise(entry: Pick<LogEntry, 'args'>): readonly SummaryPart[] {
  const first = entry.args[0];
  if (entry.args.length === 0) return [];
  if (!isRecord(first)) return [{ field: undefined, value: jsonOf(first, 0).slice(0, SUMMARY_CHARS_MAX) }];
  const told = FIELDS.flatMap((field) => {
    const value = first[field];
    return value !== '' && ['string', 'number', 'boolean'].includes(typeof value) ? [{ field, value: String(value) }] : [];
  });
  return shortened(told.slice(0, PARTS_MAX));
}

/** With direction controls written as escapes, which in JSON means the same. */
export function jsonOf(value: unknown, indent: number): string {
  return plainJson(value, indent).replace(DIRECTION_CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16)}`);
}

function shortened(parts: readonly SummaryPart[]): SummaryPart[] {
  let left = SUMMARY_CHARS_MAX;
  const kept: SummaryPart[] = [];
  for (const { field, value } of parts) {
    if (left <= 0) break;
    kept.push({ field, value: value.slice(0, left) });
    left -= value.length + (field?.length ?? 0);
  }
  return kept;
}

function plainJson(value: unknown, indent: number): string {
  try {
    return JSON.stringify(value, undefined, indent) ?? String(value);
  } catch {
    // Binary attachments and the like: named, not shown.
    return String(value);
  }
}
