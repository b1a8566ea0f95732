// What the server knows of a query that is being written: completions and diagnostics, for <egdb-editor>. It counts in bytes of UTF-8, the
// editor in UTF-16 units. There is no grammar here.
import { sendJson } from './api.js';

const KINDS = { keyword: 'keyword', source: 'class', column: 'property', function: 'function', scope: 'namespace',
  value: 'constant', topic: 'text' };
const EXPECTED_MOST = 300;
const encoder = new TextEncoder();

const ask = (query, at, signal) => sendJson('POST', 'v1/query/complete', { query, caret: encoder.encode(query.slice(0, at)).length },
  { signal });

export function fromBytes(text, bytes) {
  let at = 0;
  for (let left = bytes; left > 0 && at < text.length; ) {
    const code = text.codePointAt(at);
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += code < 0x10000 ? 1 : 2;
  }
  return at;
}

export async function complete(text, caret, signal) {
  const { completions } = await ask(text, caret, signal);
  if (!completions.length) return null;
  return {
    from: fromBytes(text, completions[0].offset),
    options: completions.map((one) => ({ label: one.text, type: KINDS[one.kind], detail: one.detail || one.kind })),
  };
}

// A diagnostic of the server at its place in the text; its suggestion is an action.
export function placed(text, { offset, length, message, expected, suggestion }) {
  const from = fromBytes(text, offset);
  const to = fromBytes(text, offset + length);
  return {
    from: from === to ? Math.max(0, from - 1) : from, to,
    message: expected ? `${message}\nexpected: ${expected.slice(0, EXPECTED_MOST)}` : message,
    actions: suggestion ? [{ name: suggestion, apply: (view) => view.dispatch({ changes: { from, to, insert: suggestion } }) }] : [],
  };
}

export async function diagnose(text) {
  if (!text.trim()) return [];
  return (await ask(text, text.length)).diagnostics.map((one) => placed(text, one));
}
