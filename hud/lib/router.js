// Every view is a URL: <root>/hud/NAME?name=value. The server answers each with the page; what it shows is here. The time range (last, or
// from and to) and the repository (repo) go along from view to view.
import { HUD } from './api.js';

const RANGE = ['last', 'from', 'to'];

function read() {
  const inside = location.pathname.startsWith(HUD.pathname) ? location.pathname.slice(HUD.pathname.length) : '';
  return { view: decodeURIComponent(inside) || 'overview', query: Object.fromEntries(new URLSearchParams(location.search)) };
}

class Router extends EventTarget {
  current = read();

  constructor() {
    super();
    addEventListener('popstate', () => this.#changed());
    document.addEventListener('click', (event) => this.#click(event));
  }

  // The URL of a view: with the time range and the repository of now, unless the query has them.
  href(view, query = {}) {
    const url = new URL(view, HUD);
    const own = RANGE.some((name) => name in query);
    const kept = Object.fromEntries([...(own ? [] : RANGE), 'repo'].map((name) => [name, this.current.query[name]]));
    for (const [name, value] of Object.entries({ ...kept, ...query })) {
      if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
    }
    return url.pathname + url.search;
  }

  go(view, query) {
    this.#to(this.href(view, query), false);
  }

  // Changes members of the query of this view; null or '' takes one away. `replace`: not a step to go back over.
  set(patch, { replace = false } = {}) {
    const query = { ...this.current.query, ...patch };
    const range = RANGE.some((name) => query[name]) ? {} : { last: '' };
    this.#to(this.href(this.current.view, { ...range, ...query }), replace);
  }

  #to(href, replace) {
    if (href === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', href);
    this.#changed();
  }

  #changed() {
    const before = this.current;
    this.current = read();
    this.dispatchEvent(new CustomEvent('route', { detail: { before } }));
  }

  // What hangs on the URL has changed, without it.
  tell() {
    this.dispatchEvent(new CustomEvent('route', { detail: { before: this.current } }));
  }

  // Links inside the page do not load it anew.
  #click(event) {
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    const name = link.pathname.startsWith(HUD.pathname) ? link.pathname.slice(HUD.pathname.length) : '.';
    if (name.includes('.') || name.includes('/')) return;
    event.preventDefault();
    this.#to(link.pathname + link.search, false);
    scrollTo(0, 0);
  }
}

export const router = new Router();

// A reactive controller: its element renders again, and `changed(route, before)` is called, when the URL changes. Not when it names another
// view: then the element is about to go, and that URL is none of its business; unless it stands `everywhere`.
export class Route {
  constructor(host, changed, { everywhere = false } = {}) {
    Object.assign(this, { host, changed, everywhere });
    host.addController(this);
  }

  get query() {
    return router.current.query;
  }

  hostConnected() {
    const { view } = router.current;
    this.listener = (event) => {
      if (!this.everywhere && router.current.view !== view) return;
      this.changed?.(router.current, event.detail.before);
      this.host.requestUpdate();
    };
    router.addEventListener('route', this.listener);
  }

  hostDisconnected() {
    router.removeEventListener('route', this.listener);
  }
}
