// Bytes in lines of JSON: `{ "base64": "…" }` stands for them, at any depth of a value.

/** The value with its bytes as text. */
export const textOf = (value) => {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { base64: Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength).toString('base64') };
  }
  return mapped(value, textOf);
};

/** The value with bytes where there was text for them. */
export const bytesOf = (value) =>
  typeof value?.base64 === 'string' ? Buffer.from(value.base64, 'base64') : mapped(value, bytesOf);

const mapped = (value, map) => {
  if (Array.isArray(value)) return value.map((item) => map(item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]));
};
