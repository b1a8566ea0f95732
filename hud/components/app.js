// The shell: navigation, the time range, the repository, the state of the live log, theme, the dialog that asks for a token; and the view
// that the URL names.
import { getJson } from '../lib/api.js';
import { Element, html, nothing } from '../lib/element.js';
import { faultOf } from '../lib/faults.js';
import { addCommand, addKey } from '../lib/keys.js';
import { open } from '../lib/opening.js';
import { reach } from '../lib/reach.js';
import { repos } from '../lib/repos.js';
import { Route, router } from '../lib/router.js';
import { session } from '../lib/session.js';
import { turn } from '../lib/slices.js';
import { hub } from '../lib/stream.js';
import { theme } from '../lib/theme.js';
import { LASTS, LAST_DEFAULT, freeze, iso, range, rangeFault } from '../lib/time.js';
import { viewNamed, views } from '../views/index.js';
import { problem } from './frame.js';
import './palette.js';

const LIVE = { off: 'not followed', connecting: 'connecting', live: 'live', waiting: 'no connection' };

class App extends Element {
  static properties = { view: { state: true }, failed: { state: true }, menu: { state: true }, about: { state: true },
    opening: { state: true }, edges: { state: true } };

  constructor() {
    super();
    this.edges = {}; // of the absolute range, as they are being written: not yet a range
    this.fault = faultOf(router.current);
    this.route = new Route(this, (now, before) => this.#arrived(now, before), { everywhere: true });
  }

  connectedCallback() {
    super.connectedCallback();
    for (const view of views.filter((one) => !one.hidden)) this.until(addKey(`g ${view.key}`, view.title,
      () => router.go(view.name), 'Go to'));
    this.until(addKey('y', 'Freeze the time range', this.#freeze));
    this.until(addKey('t', 'Dark or light', () => theme.toggle()));
    this.until(addCommand('Freeze the time range', this.#freeze, 'y'));
    this.until(addCommand('Dark or light', () => theme.toggle(), 't'));
    this.until(addCommand('Follow the system’s theme', () => theme.choose('system')));
    this.until(addCommand('Keys', () => this.querySelector('egdb-help').open(), '?'));
    this.until(addCommand('Forget the token', () => session.set('')));
    const again = () => this.requestUpdate();
    for (const [from, name] of [[hub, 'state'], [reach, 'reach'], [theme, 'theme'], [session, 'token']]) {
      from.addEventListener(name, again);
      this.until(() => from.removeEventListener(name, again));
    }
    const ask = () => this.#askToken();
    session.addEventListener('ask', ask);
    this.until(() => session.removeEventListener('ask', ask));
    this.#open();
    getJson('version', { ask: false }).then((about) => (this.about = about), () => {});
  }

  #arrived(now, before) {
    const { fault } = this;
    Object.assign(this, { edges: {}, fault: faultOf(now) });
    if (now.view !== before.view || Boolean(fault) !== Boolean(this.fault)) this.#open();
  }

  async #open() {
    const { view: name } = router.current;
    const entry = viewNamed(name);
    Object.assign(this, { failed: null, menu: false, view: null });
    if (!entry) {
      document.title = 'EGDB';
      return;
    }
    document.title = `${entry.title} · EGDB`;
    if (this.fault) return;
    try {
      const [{ default: View }] = await Promise.all([entry.load(), repos.look()]);
      const tag = `egdb-view-${name}`;
      if (!customElements.get(tag)) customElements.define(tag, name === 'panel' ? class extends View {} : View);
      await turn(); // the view's code was read in this task
      if (router.current.view !== name || this.fault) return;
      this.opening = true;
      open(() => (this.opening = false));
      this.view = document.createElement(tag);
    } catch (error) {
      console.warn(error);
      if (router.current.view === name) Object.assign(this, { failed: error, view: null });
    }
  }

  async #askToken() {
    await this.updateComplete;
    const dialog = this.querySelector('dialog.token');
    if (dialog.open) return;
    this.requestUpdate();
    dialog.querySelector('input').value = '';
    dialog.showModal();
  }

  #giveToken(event) {
    event.preventDefault();
    const field = this.querySelector('#token');
    const token = field.value.trim().replace(/^Bearer\s+/i, '');
    field.value = '';
    if (!token) return;
    this.querySelector('dialog.token').close();
    session.set(token);
  }

  // What the URL shows from now on stays the same: the times, and the repository where the view chose it.
  #freeze = () => freeze(this.#shows === 'one' ? { repo: router.current.query.repo || repos.one } : {});

  get #shows() {
    return viewNamed(router.current.view)?.repo;
  }

  #setRange(event) {
    const { value } = event.target;
    if (value === 'frozen') this.#freeze();
    else router.set({ last: value, from: '', to: '' });
  }

  // Who moves a range on moves one edge past the other first: until they fit together they stay as they are written, with what is wrong.
  #setEdge(name, event) {
    const ms = Date.parse(`${event.target.value}Z`);
    if (Number.isNaN(ms)) return;
    const edges = { ...this.edges, [name]: iso(new Date(ms)) };
    this.edges = edges;
    if (!rangeFault({ ...this.#absolute, ...edges })) router.set({ last: '', ...edges });
  }

  // Whether the view's place says what is wrong with the range of the URL.
  get #isOfRange() {
    return Boolean(rangeFault(router.current.query));
  }

  get #absolute() {
    const { from, to } = router.current.query;
    return { from, to };
  }

  #range() {
    const { from, to, last: asked } = router.current.query;
    const absolute = Boolean(from || to);
    const fault = rangeFault({ last: asked, ...this.#absolute, ...this.edges });
    const last = absolute ? null : asked || LAST_DEFAULT;
    const edge = (name) => {
      const date = new Date(this.edges[name] ?? router.current.query[name] ?? (fault ? NaN : range()[name]));
      return html`<label class="off-screen" for=${`range-${name}`}>${name}, UTC</label>
        <input id=${`range-${name}`} type="datetime-local" step="1" .value=${Number.isNaN(+date) ? '' : date.toISOString().slice(0, 19)}
          title="UTC" aria-invalid=${fault ? 'true' : 'false'} aria-describedby=${fault ? 'range-fault' : nothing}
          @change=${(event) => this.#setEdge(name, event)}>`;
    };
    return html`<div class="range"><label class="off-screen" for="range">Time range</label>
      <select id="range" @change=${this.#setRange} aria-invalid=${fault ? 'true' : 'false'}>
        ${[...new Set([...LASTS, last ?? LAST_DEFAULT])].map((one) => html`<option value=${one}
          .selected=${last === one}>last ${one}</option>`)}
        <option value="frozen" .selected=${absolute}>absolute (UTC)</option></select>
      ${absolute ? html`<span class="edges">${edge('from')}<span>–</span>${edge('to')}</span>`
        : fault ? nothing
          : html`<button type="button" class="quiet" title="Freeze to absolute times (y)" @click=${this.#freeze}>freeze <kbd>y</kbd></button>`}
      ${fault && !this.#isOfRange ? html`<p class="fault" id="range-fault" role="alert">${fault}</p>` : nothing}</div>`;
  }

  #repo() {
    const isOne = this.#shows === 'one';
    const all = repos.choices(isOne);
    const choices = this.#shows ? all : all.length ? [['', 'all repositories']] : [];
    const now = this.#shows ? router.current.query.repo || (isOne ? repos.one : '') : '';
    return choices.length ? html`<label class="off-screen" for="repo">Repository</label>
      <select id="repo" title=${this.#shows ? 'Repository' : 'This view is of the whole database'} ?disabled=${!this.#shows}
        @change=${(event) => repos.choose(event.target.value)}>${choices.map(([value, title]) =>
        html`<option value=${value} .selected=${value === now}>${title}</option>`)}</select>` : nothing;
  }

  #nav() {
    const own = views.filter((view) => !view.hidden);
    return html`<nav aria-label="Views" class=${this.menu ? 'open' : ''}><ul>${own.map((view) => html`<li><a href=${router.href(view.name)}
      aria-current=${router.current.view === view.name ? 'page' : nothing} title=${`g ${view.key}`}>${view.title}</a></li>`)}</ul>
      <p class="about">${this.about ? html`EGDB ${this.about.version}<br>${this.about.store}` : nothing}<br><a href="licences.txt"
        target="_blank">licences</a></p></nav>`;
  }

  #main() {
    if (this.failed) {
      return html`<h1>This view could not be loaded</h1><p>The server may have been updated since this page was opened, or is away.</p>
        <p><button type="button" @click=${() => location.reload()}>Reload the page</button></p>`;
    }
    if (!viewNamed(router.current.view)) {
      return html`<h1>There is no view ${router.current.view}</h1><p><a href=${router.href('overview')}>Overview</a></p>`;
    }
    if (this.fault) {
      const { text, without, way } = this.fault;
      return html`<h1>${viewNamed(router.current.view).title}</h1>
        <div id=${this.#isOfRange ? 'range-fault' : nothing}>${problem({ title: 'This cannot be shown.', message: text })}</div>
        <p><button type="button" @click=${() => router.set(Object.fromEntries(without.map((name) => [name, ''])))}>${way}</button></p>`;
    }
    return this.view ?? nothing;
  }

  render() {
    const token = session.isAsking ? session.reason : '';
    const live = reach.error ? 'waiting' : hub.state;
    return html`<a class="skip" href="#main"
      @click=${(event) => { event.preventDefault(); this.querySelector('main').focus(); }}>Skip to the view</a>
      <header class="bar">
        <button type="button" class="menu quiet" aria-expanded=${this.menu ? 'true' : 'false'}
          @click=${() => (this.menu = !this.menu)}>☰<span class="off-screen"> views</span></button>
        <a class="brand" href=${router.href('overview')}>EGDB</a>
        ${this.#range()}${this.#repo()}
        <span class="live" data-state=${live} role="status" title="the live log"><i></i><span>${LIVE[live]}</span></span>
        <span class="tools"><button type="button" class="quiet" title="Command palette (Ctrl-K)"
          @click=${() => this.querySelector('egdb-palette').open()}>find <kbd>Ctrl-K</kbd></button>
        <button type="button" class="quiet" title="Dark or light (t)" @click=${() => theme.toggle()}>${theme.now === 'dark' ? '☾'
          : '☀'}<span class="off-screen"> theme</span></button></span>
      </header>
      ${this.#nav()}
      <main id="main" tabindex="-1" class=${this.opening ? 'opening' : ''}>${this.#main()}</main>
      <egdb-palette></egdb-palette><egdb-help></egdb-help>
      <dialog class="token" aria-label="Token" @cancel=${() => session.decline()}>
        <form @submit=${this.#giveToken}><h2>This server asks for a token</h2>
          ${token ? html`<p class="stale">The one that was given is not taken: ${token}</p>` : nothing}
          <p><label for="token">A token with the scopes <code>query</code> and <code>events:read</code>;
            <code>admin</code> for the dead letters</label></p>
          <input id="token" type="password" autocomplete="off" spellcheck="false" required>
          <p class="note">It stays in this tab, and is forgotten with it. <code>egdb token</code> makes one.</p>
          <button>Use it</button> <button type="button" class="quiet"
            @click=${() => { this.querySelector('dialog.token').close(); session.decline(); }}>Not now</button>
        </form></dialog>`;
  }
}
setTimeout(() => customElements.define('egdb-app', App)); // the page is read in one task, and begins in another
