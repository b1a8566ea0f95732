// Whether the server answers at all: looked at every ten seconds while the page is in sight, when it comes into sight, and when a request
// was not answered. So that everything old says that it is, at once, and is asked again when the server is back; also what is asked only
// once.
import { ApiError, ROOT } from './api.js';

const EVERY_MS = 10e3;
const GONE_EVERY_MS = 2e3;
const SILENT_MOST_MS = 8e3;

class Reach extends EventTarget {
  error = null; // why not
  #timer = 0;
  #looking = false;

  constructor() {
    super();
    document.addEventListener('visibilitychange', () => this.look());
    this.#timer = setTimeout(() => this.look(), EVERY_MS);
  }

  async look() {
    clearTimeout(this.#timer);
    if (this.#looking || document.visibilityState !== 'visible') return;
    this.#looking = true;
    let is = false;
    try {
      is = (await fetch(new URL('healthz', ROOT), { cache: 'no-store', credentials: 'omit',
        signal: AbortSignal.timeout(SILENT_MOST_MS) })).ok;
    } catch {
      // it is not
    }
    this.#looking = false;
    this.#timer = setTimeout(() => this.look(), is ? EVERY_MS : GONE_EVERY_MS);
    if (is === !this.error) return;
    this.error = is ? null : new ApiError(0, { title: 'no answer', detail: 'The server does not answer.',
      hint: 'The page tries again by itself.' });
    this.dispatchEvent(new Event('reach'));
  }
}

export const reach = new Reach();
