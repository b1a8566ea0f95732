// How fast the server takes events in: its counters (/metrics), looked at every ten seconds from when the page was opened; kept for a day,
// over changes of views. A time at which the page could not look is a gap.
import { request } from './api.js';

const EVERY_MS = 10e3;
const KEPT = 8640; // a day
const NAMES = { stored: 'egdb_events_stored_total', rejected: 'egdb_events_rejected_total', commits: 'egdb_commit_seconds_count',
  commit_s: 'egdb_commit_seconds_sum',
  queue: 'egdb_queue_events', streams: 'egdb_streams' };

function parseMetrics(text) {
  const found = {};
  for (const [name, metric] of Object.entries(NAMES)) {
    const line = new RegExp(`^${metric} (\\S+)$`, 'm').exec(text);
    found[name] = line ? Number(line[1]) : null;
  }
  return found;
}

class Rate extends EventTarget {
  x = []; // ms
  stored = []; // events a second
  rejected = [];
  now = null; // the newest counters
  #before = null;

  constructor() {
    super();
    this.#look();
    setInterval(() => this.#look(), EVERY_MS);
  }

  async #look() {
    const at = Date.now();
    let now = null;
    try {
      now = { at, ...parseMetrics(await (await request('metrics', { headers: { Accept: 'text/plain' }, ask: false })).text()) };
    } catch {
      // a gap; what does not answer is told elsewhere
    }
    const before = this.#before;
    // A restart begins the counters anew: then there is nothing to compare with.
    const whole = now && before && now.stored >= before.stored && at - before.at < 3 * EVERY_MS;
    const per = (name) => (whole ? (1000 * (now[name] - before[name])) / (at - before.at) : null);
    const mean = whole && now.commits > before.commits ? (1000 * (now.commit_s - before.commit_s)) / (now.commits - before.commits) : null;
    this.#before = now;
    this.now = now && { ...now, commit_ms: mean };
    if (before || !now) {
      this.x = [...this.x.slice(-KEPT + 1), at];
      this.stored = [...this.stored.slice(-KEPT + 1), per('stored')];
      this.rejected = [...this.rejected.slice(-KEPT + 1), per('rejected')];
    }
    this.dispatchEvent(new Event('rate'));
  }
}

let one = null;
export const rate = () => (one ??= new Rate());
