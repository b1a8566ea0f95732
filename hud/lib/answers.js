// An answer of rows from its text, as it comes and in slices: as one piece, JSON.parse would hold the page up for as long as it has rows.
import { pauses } from './slices.js';

const SLICE = 1 << 16; // characters

export async function* textOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.cancel().catch(() => {}); // of what broke off by itself there is nothing to cancel
  }
}

// The server writes each row on a line of its own, between a first line that ends with "rows":[ and a last one that begins with ]. No text
// has a bare line break in it, so lines are cut without a look into them. What is written in another way is parsed as one.
export async function parsed(pieces) {
  const pause = pauses();
  const rows = [];
  let text = '';
  let head = null;
  const take = async (end) => {
    for (let at = 0; at < end; ) {
      const line = text.indexOf('\n', at + SLICE);
      const to = line < 0 || line > end ? end : line;
      for (const row of JSON.parse(`[${text.slice(at, text[to - 1] === ',' ? to - 1 : to)}]`)) rows.push(row);
      at = to;
      await pause();
    }
    text = text.slice(end);
  };
  for await (const piece of pieces) {
    text += piece;
    const first = head === null ? text.indexOf('\n') : -1;
    if (first >= 0) {
      head = text.slice(0, first);
      if (head.endsWith('"rows":[')) text = text.slice(first);
      else head = '';
    }
    const end = text.lastIndexOf('\n');
    if (head && end > SLICE && !text.includes('\n]')) await take(end);
  }
  const last = text.lastIndexOf('\n]');
  if (!head || last < 0) return JSON.parse((head ?? '') + text);
  await take(last);
  return { ...JSON.parse(head + text.slice(1)), rows };
}
