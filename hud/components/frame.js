// What stands around everything that was asked from the server: title, age, "copy as curl", and the states loading, empty, stale and
// error, which look different; `asking`: what was shown for another question stays, dimmed, until this one is answered. `frame(load, {…})`
// is a template; load is a Load of lib/load.js.
import { html, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { copy } from '../lib/dom.js';
import { Element } from '../lib/element.js';
import { ago, when } from '../lib/time.js';

const TICK_MS = 5000;

// How old what is shown is; it counts by itself.
class Age extends Element {
  static properties = { at: { type: Number } };

  connectedCallback() {
    super.connectedCallback();
    const timer = setInterval(() => document.visibilityState === 'visible' && this.requestUpdate(), TICK_MS);
    this.until(() => clearInterval(timer));
  }

  render() {
    return this.at ? html`<span class="age" title=${new Date(this.at).toISOString()}>${ago(new Date(this.at))}</span>` : nothing;
  }
}
customElements.define('egdb-age', Age);

// A button that copies what `text()` answers, and says so.
class CopyButton extends Element {
  static properties = { text: { attribute: false }, label: {}, name: {}, said: { state: true } };

  async #copy() {
    let done = false;
    try {
      done = await copy(await this.text());
    } catch {
      // such as a dead letter that is being written
    }
    this.said = done ? 'copied' : 'not copied';
    setTimeout(() => (this.said = ''), 1500);
  }

  render() {
    const name = this.name ?? this.label; // what is heard has what is seen in it, also while it says "copied"
    return html`<button type="button" class="quiet" aria-label=${this.said || name} title=${name} @click=${this.#copy}>
      <span class=${this.said ? 'hidden' : ''}>${this.label}</span>
      <span class="said ${this.said ? '' : 'hidden'}" role="status">${this.said ?? ''}</span></button>`;
  }
}
customElements.define('egdb-copy', CopyButton);

// An error as the server told it: what, why, and what to do.
export function problem(error, again) {
  return html`<div class="problem" role="alert">
    <strong>${error.title || 'This did not work'}</strong> <span>${error.message}</span>
    ${error.hint ? html`<p class="hint">${error.hint}</p>` : nothing}
    ${error.errors?.length
      ? html`<ul>${error.errors.slice(0,
        20).map((one) => html`<li><code>${one.pointer ?? ''}</code> ${one.detail ?? one.message ?? ''}</li>`)}</ul>`
      : nothing}
    <p class="codes">${error.code ? html`<a href="../docs/errors#${error.code}" target="_blank"
      rel="noopener"><code>${error.code}</code></a>` : nothing}
      ${error.status ? html`status ${error.status}` : nothing}
      ${error.requestId ? html`request <code>${error.requestId}</code>` : nothing}
      ${again ? html`<button type="button" @click=${again}>Try again</button>` : nothing}</p></div>`;
}

const skeleton = html`<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i><i></i></div>`;

// Whether an answer has nothing to show; what says that it is empty says nothing else: an answer, or a list.
const isNone = (data, { empty, isEmpty }) => data !== undefined && (isEmpty ? isEmpty(data) : empty && !(data.rows ?? data).length);

function inside(load, { body, empty }, state) {
  if (state === 'error') return problem(load.error, () => load.go());
  if (state === 'loading') return html`<p class="off-screen" role="status">Loading</p>${skeleton}`;
  return html`<p class="empty">${empty}</p>`;
}

// What a frame drew of an answer. When another question is asked it stays as it is, as the answer to the one before, until that is
// answered; `slot` tells the frames of one load from each other.
function draw(load, { title, body, slot = '' }, state) {
  if (state === 'ready' || state === 'stale') load.drawn.set(slot, { title, at: load.at, body: keyed(load.question, body(load.data)) });
  else if (state === 'empty' || !load.lags) load.drawn.delete(slot);
  return load.drawn.get(slot);
}

// title; body(data); empty: what an empty answer says; isEmpty(data): whether it is, where that is not to see from its length; curl: the
// command, or a function that answers it; actions: buttons of one's own; note: a line below the title; size: 's', 'm', 'l', the height that
// is kept while loading, and when it is answered late, so that nothing moves; 't': a table that takes no more than that; slot: where two
// frames show one load.
export function frame(load, options) {
  const { title, curl, actions = nothing, note, size = 'm', href } = options;
  const isEmpty = isNone(load.data, options);
  const drawn = draw(load, options, isEmpty ? 'empty' : load.state);
  const isOld = drawn && load.lags;
  const state = isOld ? (load.error ? 'stale' : 'asking') : load.state === 'ready' && isEmpty ? 'empty' : load.state;
  const head = href ? html`<a href=${href}>${title}</a>` : title;
  const close = load.fits && ['ready', 'stale', 'empty', 'asking'].includes(state);
  return html`<section class="panel size-${size} ${close ? 'close' : ''}" data-state=${state} aria-busy=${load.busy ? 'true' : 'false'} aria-label=${title}>
    <header><h2>${head}</h2>
      <span class="busy ${load.busy && state !== 'loading' ? '' : 'hidden'}" title="asking">⟳</span>
      <egdb-age .at=${load.at}></egdb-age>
      <div class="actions">${actions}
        ${curl ? html`<egdb-copy label="curl" name="copy as curl" .text=${() => (typeof curl === 'function' ? curl() : curl)}></egdb-copy>`
          : nothing}</div>
    </header>
    ${note ? html`<p class="note">${note}</p>` : nothing}
    ${state === 'stale'
      ? html`<p class="stale" role="status">Old: ${isOld ? html`what was asked before, ${drawn.title}, ` : nothing}answered ${
        when(new Date(isOld ? drawn.at : load.at))}. ${load.error.message}
          <button type="button" class="quiet" @click=${() => load.go()}>Try again</button></p>`
      : nothing}
    ${state === 'asking'
      ? html`<p class="asking" role="status">Loading. Below is what was asked before: ${drawn.title}, answered ${
        when(new Date(drawn.at))}.</p>`
      : nothing}
    <div class="body ${isOld ? 'other' : ''}" ?inert=${isOld}>${drawn ? drawn.body : inside(load, options, load.state)}</div></section>`;
}
