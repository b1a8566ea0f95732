// What was run in this browser: the newest first, each text once, bounded in number and size. Kept by localStorage, so all tabs have it.
const KEY = 'egdb-console-history';
const MOST = 100;
const LONGEST = 8192; // characters of one query

export function past() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(all) ? all : [];
  } catch {
    return [];
  }
}

// entry: {q, params, rows, ms} or {q, params, error}.
export function remember(entry) {
  if (entry.q.length > LONGEST) return;
  const all = [{ ...entry, at: Date.now() }, ...past().filter((one) => one.q !== entry.q)].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // the browser gives no more room: what is there stays
  }
}

export const forget = () => localStorage.removeItem(KEY);
