// What stands around everything that was asked from the server: title, age, "copy as curl", and the states loading, empty, stale and error,
// which look different. `frame(load, {…})` is a template; load is a Load of lib/load.js.
import { html, nothing } from 'lit';
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
    const done = await copy(await this.text());
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
      ? html`<ul>${error.errors.slice(0, 20).map((one) => html`<li><code>${one.pointer ?? ''}</code> ${one.detail ?? one.message ?? ''}</li>`)}</ul>`
      : nothing}
    <p class="codes">${error.code ? html`<a href="../docs/errors#${error.code}" target="_blank" rel="noopener"><code>${error.code}</code></a>` : nothing}
      ${error.status ? html`status ${error.status}` : nothing}
      ${error.requestId ? html`request <code>${error.requestId}</code>` : nothing}
      ${again ? html`<button type="button" @click=${again}>Try again</button>` : nothing}</p></div>`;
}

const skeleton = html`<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i><i></i></div>`;

function inside(load, { body, isEmpty, empty }) {
  switch (load.state) {
    case 'loading':
      return html`<p class="off-screen" role="status">Loading</p>${skeleton}`;
    case 'error':
      return problem(load.error, () => load.go());
    default:
      return isEmpty?.(load.data) ? html`<p class="empty">${empty ?? 'There is nothing here.'}</p>` : body(load.data);
  }
}

// title, level (of the heading, 2); body(data); isEmpty(data), empty: what an empty answer says; curl: the command, or a function that
// answers it; actions: buttons of one's own; note: a line below the title; size: 's', 'm', 'l', the height that is kept while loading.
export function frame(load, options) {
  const { title, curl, actions = nothing, note, size = 'm', href } = options;
  const isEmpty = load.data !== undefined && options.isEmpty?.(load.data);
  const state = load.state === 'ready' && isEmpty ? 'empty' : load.state;
  const head = href ? html`<a href=${href}>${title}</a>` : title;
  return html`<section class="panel size-${size}" data-state=${state} aria-busy=${load.busy ? 'true' : 'false'} aria-label=${title}>
    <header><h2>${head}</h2>
      <span class="busy ${load.busy && load.data !== undefined ? '' : 'hidden'}" title="asking">⟳</span>
      <egdb-age .at=${load.at}></egdb-age>
      <div class="actions">${actions}
        ${curl ? html`<egdb-copy label="curl" name="copy as curl" .text=${() => (typeof curl === 'function' ? curl() : curl)}></egdb-copy>` : nothing}</div>
    </header>
    ${note ? html`<p class="note">${note}</p>` : nothing}
    ${load.state === 'stale'
      ? html`<p class="stale" role="status">Old: answered ${when(new Date(load.at))}. ${load.error.message}
          <button type="button" class="quiet" @click=${() => load.go()}>Try again</button></p>`
      : nothing}
    <div class="body">${inside(load, options)}</div></section>`;
}
