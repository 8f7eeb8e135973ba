/** Reading values whose shape nobody vouches for: what a server sent, right or wrong. */

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field as text, or undefined when it is absent, empty or no text. */
export function textField(record: JsonRecord, name: string): string | undefined {
  const value = record[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** One line for a person, from any of the shapes errors come in: text, problem details, Meta's errors. */
export function describeError(error: unknown): string | undefined {
  if (typeof error === 'string' && error !== '') return error;
  if (Array.isArray(error)) return describeError(error[0]);
  if (!isRecord(error)) return undefined;
  const title = textField(error, 'title');
  const detail = textField(error, 'detail') ?? textField(error, 'message');
  const code = error['code'];
  const text = title !== undefined && detail !== undefined && title !== detail ? `${title}: ${detail}` : (title ?? detail);
  if (typeof code !== 'string' && typeof code !== 'number') return text;
  return text === undefined ? String(code) : `${text} (${code})`;
}
