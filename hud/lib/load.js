// Something that is asked from the server and shown: a reactive controller. What was answered stays while new is asked for, and after an
// error, with its age; so `data` and `error` may both be there.
import { ask, mayMove } from './opening.js';
import { reach } from './reach.js';

export class Load {
  // run(signal) asks; answers data. `everyMs`: again by itself, while the page is visible. `again` false: what failed is not tried again.
  // `live`: who asked follows it, and says by itself when it is old.
  constructor(host, run, { everyMs = 0, again = true, live = false } = {}) {
    this.host = host;
    this.run = run;
    this.everyMs = everyMs;
    this.again = again;
    this.live = live;
    this.data = undefined;
    this.error = null;
    this.at = 0; // when data was answered, ms
    this.question = 0; // counts: the one that data answers
    this.drawn = new Map(); // what frames drew of it
    this.fits = false; // its frames take the height that they need
    this.busy = false;
    this.failures = 0;
    this.done = null; // called with what was answered
    host.addController(this);
  }

  // 'loading': nothing to show yet; 'error': nothing, and a reason; 'stale': old data, and a reason; 'ready'.
  get state() {
    if (this.data === undefined) return this.error && !this.busy ? 'error' : 'loading';
    return this.error ? 'stale' : 'ready';
  }

  // Whether the question failed for a reason that may pass.
  get passes() {
    return Boolean(this.error) && (this.error.status === 0 || this.error.status === 429 || this.error.status >= 500);
  }

  // Whether what was answered to the question before is all there is: this one is being asked, or waits for better times.
  get lags() {
    return this.data === undefined && (this.busy || this.passes);
  }

  // Asks now. `fresh`: what is there answers another question, so it is data no more; a frame still shows what it drew of it, as such.
  async go({ fresh = false } = {}) {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    const abort = (this.#abort = new AbortController());
    const over = ask();
    abort.signal.addEventListener('abort', over);
    if (fresh) Object.assign(this, { data: undefined, error: null, question: this.question + 1 });
    this.busy = true;
    this.host.requestUpdate();
    try {
      const data = await this.run(abort.signal);
      if (abort.signal.aborted) return;
      if (this.data === undefined) this.fits = mayMove() || (this.fits && this.drawn.size > 0);
      Object.assign(this, { data, error: null, at: Date.now(), failures: 0 });
      this.done?.(data);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error;
      this.failures++;
      if (error.status === 0) reach.look();
      if (!error.status && error.name !== 'ApiError') console.error(error);
    }
    this.busy = false;
    over();
    this.host.requestUpdate();
    this.#plan();
  }

  // Ends what is being asked; the server cancels it. What there is, stays, with this error.
  stop(error = null) {
    if (!this.busy) return;
    this.#abort.abort();
    Object.assign(this, { busy: false, error });
    this.host.requestUpdate();
  }

  #abort = null;
  #timer = 0;
  #visible = () => {
    if (document.visibilityState === 'visible' && this.#due <= Date.now()) this.go();
  };
  #due = Infinity;

  // What failed for a reason that may pass is asked again, ever more seldom.
  #plan() {
    const soon = () => Math.max(1000 * this.error.retryAfterS, Math.min(30e3, 1000 * 2 ** (this.failures - 1)));
    const pause = this.again && this.passes ? soon() : this.everyMs;
    this.#due = pause ? Date.now() + pause : Infinity;
    if (pause && document.visibilityState === 'visible' && this.#connected) this.#timer = setTimeout(() => this.go(), pause);
  }

  // The server went, or is back.
  #reached = () => {
    const has = this.data !== undefined;
    if (this.live || this.busy) return;
    if (reach.error && has) this.error ??= reach.error;
    else if (this.error?.status === 0 && this.again) this.go();
    else if (this.error?.status === 0 && has) this.error = null; // an answer of its moment stays one
    this.host.requestUpdate();
  };

  #connected = false;

  hostConnected() {
    this.#connected = true;
    document.addEventListener('visibilitychange', this.#visible);
    reach.addEventListener('reach', this.#reached);
  }

  hostDisconnected() {
    this.#connected = false;
    this.#abort?.abort();
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#visible);
    reach.removeEventListener('reach', this.#reached);
  }
}
