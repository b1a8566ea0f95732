// Times: what the server says is UTC, and so is what the page shows; the local time stands in the title. And the range that the page looks
// at: `last` (moves with the clock) or `from` and `to` (absolute), in the URL.
import { html, nothing } from 'lit';
import { router } from './router.js';

const UNITS = { m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };
const NOW_MS = 5000; // what is younger is now
export const LAST_DEFAULT = '24h';
export const LASTS = ['15m', '1h', '6h', '24h', '7d', '30d', '52w'];

export function durationMs(text) {
  const found = /^(\d+)([mhdw])$/.exec(text ?? '');
  return found ? Number(found[1]) * UNITS[found[2]] : NaN;
}

const parse = (text) => {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : new Date(ms);
};

// What is wrong with the range that a query names, in words; null when it can be shown.
export function rangeFault({ last, from, to }) {
  const wrong = [['from', from], ['to', to]].find(([, text]) => text && !parse(text));
  if (wrong) return `“${wrong[0]}” is no time: ${wrong[1]}. A time is written as 2026-11-22T10:00:00Z.`;
  if (to && !from) return 'The range has an end, “to”, and no beginning: name “from” too.';
  if (from && to && parse(from) >= parse(to)) return `The range ends before it begins: “from”, ${utc(from)}, is not before “to”, ${utc(to)}.`;
  if (last && !from && !(durationMs(last) > 0)) return `“last” is no duration: ${last}. It is a number and m, h, d or w, such as 24h.`;
  return null;
}

// {from, to: Date, last: '24h' or null when it is absolute, open: it is up to now}. `to` of what is open is now. Of a range that cannot be
// shown (rangeFault) nothing is asked.
export function range(query = router.current.query) {
  const from = parse(query.from);
  const to = parse(query.to);
  if (from && (!to || to > from)) return { from, to: to ?? new Date(), last: null, open: !to };
  const last = durationMs(query.last) > 0 ? query.last : LAST_DEFAULT;
  const now = new Date();
  return { from: new Date(now - durationMs(last)), to: now, last, open: true };
}

// The range as the parameters of a panel: `last` takes a duration or the moment since when, `until` a moment (left out: now).
export function rangeAsParams(now = range()) {
  return { last: now.last ?? iso(now.from), ...(now.open ? {} : { until: iso(now.to) }) };
}

// The range as the end of a query: ' SINCE … UNTIL …' or ' LAST 24h'.
export function rangeAsEgql(now = range()) {
  return now.last ? ` LAST ${now.last}` : ` SINCE ${iso(now.from)}${now.open ? '' : ` UNTIL ${iso(now.to)}`}`;
}

// The least of the usual widths that cuts the range into at most `most` buckets: for bucket(time, 30m).
const WIDTHS = ['1m', '5m', '15m', '30m', '1h', '3h', '6h', '12h', '1d', '1w', '4w', '13w', '52w'];
export const bucketWidth = (now = range(), most = 60) => WIDTHS.find((width) => (now.to - now.from) / durationMs(width) <= most)
  ?? WIDTHS.at(-1);

export const iso = (date) => date.toISOString().replace(/\.000Z$/, 'Z');

// more: what else the URL is to name from now on.
export function freeze(more = {}) {
  const now = range();
  if (now.last) router.set({ last: '', from: iso(now.from), to: iso(now.to), ...more });
}

const two = (number) => String(number).padStart(2, '0');

// 2026-11-21 10:32:21, in UTC; `fine` with milliseconds.
export function utc(value, fine = false) {
  const date = value instanceof Date ? value : parse(value);
  if (!date) return '';
  const text = `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return fine ? `${text}.${String(date.getUTCMilliseconds()).padStart(3, '0')}` : text;
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

// A time as it stands everywhere: UTC, the local time and how long ago on hover. Nothing for null.
export function when(value, { fine = false } = {}) {
  const date = value instanceof Date ? value : parse(value);
  if (!date) return nothing;
  return html`<time datetime=${date.toISOString()}>${utc(date, fine)}</time>`;
}

// The local time is worked out for the one that is pointed at: a table has hundreds.
document.addEventListener('pointerover', (event) => {
  const time = event.target.closest?.('time');
  const date = time && parse(time.dateTime);
  if (date) time.title = `${local.format(date)} (local), ${ago(date)}`;
});

export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d`;
}

export function ago(value, now = Date.now()) {
  const date = value instanceof Date ? value : parse(value);
  if (!date) return '';
  const ms = now - date;
  if (Math.abs(ms) < NOW_MS) return 'now';
  return ms < 0 ? `in ${duration(-ms)}` : `${duration(ms)} ago`;
}
