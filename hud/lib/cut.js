// Lists that are cut: they ask for one row more than they show, so that it is known whether there are more, and a count says how many.
import { egql, objects } from './api.js';

const COUNT_MS = 3000; // counting takes no longer

// {rows, more}: the first `most` rows of an answer as objects, and whether there are others.
export function first(answer, most) {
  const rows = objects(answer);
  return { rows: rows.length > most ? rows.slice(0, most) : rows, more: rows.length > most || answer.truncated };
}

// The sums of the column `n` by the value of `name`, as {value: n}; of a query without groups {all: n}. Null when counting took too long.
export async function counts(query, { params, signal, name = 'all' }) {
  try {
    const rows = objects(await egql(query, { params, signal, timeout_ms: COUNT_MS }));
    return Object.fromEntries(rows.map((row) => [row[name] ?? name, row.n]));
  } catch (error) {
    if (error.code === 'timeout') return null;
    throw error;
  }
}

// {n, least}: how many there are; `least`: at least so many, as that is all that is known of them.
export async function counted(query, options, known) {
  const found = await counts(query, options);
  return found ? { n: Math.max(found.all, known), least: false } : { n: known + 1, least: true };
}
