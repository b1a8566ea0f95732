// A decision of the reader, which becomes an event. fields: [{name, title, value, values, type, required}]; topic; sha, the commit it
// stands at; make(values): the payload; verb: what the button says. Event: `done`, when it is stored.
import { Element, html, nothing } from '../lib/element.js';
import { curlEvent, postEvent } from '../lib/post.js';
import { problem } from './frame.js';

let count = 0;

class Decide extends Element {
  static properties = {
    fields: { attribute: false }, topic: {}, sha: {}, make: { attribute: false }, verb: {}, busy: { state: true },
      error: { state: true }, said: { state: true },
  };

  constructor() {
    super();
    this.key = `decide-${++count}`;
  }

  get payload() {
    return this.make(Object.fromEntries([...new FormData(this.querySelector('form'))].map(([name, value]) => [name, value.trim()])));
  }

  async #send(event) {
    event.preventDefault();
    if (this.busy) return;
    Object.assign(this, { busy: true, error: null, said: '' });
    try {
      await postEvent(this.topic, this.sha, this.payload);
      this.querySelector('form').reset();
      this.said = 'Stored.';
      this.dispatchEvent(new CustomEvent('done', { bubbles: true }));
    } catch (error) {
      this.error = error;
    }
    this.busy = false;
  }

  #field({ name, title, value = '', values, type = 'text', required = false }) {
    const id = `${this.key}-${name}`;
    return html`<span><label for=${id}>${title}</label> ${values
      ? html`<select id=${id} name=${name}>${values.map(([one, shown]) => html`<option value=${one}
        ?selected=${one === value}>${shown}</option>`)}</select>`
      : html`<input id=${id} name=${name} type=${type} min=${type === 'number' ? 1 : nothing} value=${value} ?required=${required}
        autocomplete="off">`}</span>`;
  }

  render() {
    return html`<form class="fields decide" @submit=${this.#send}>${this.fields.map((field) => this.#field(field))}
      <span><button ?disabled=${this.busy}>${this.verb}</button>
      <egdb-copy label="curl" .text=${() => curlEvent(this.topic, this.sha, this.payload)}></egdb-copy>
      <span class="good" role="status">${this.said ?? ''}</span></span></form>${this.error ? problem(this.error) : nothing}`;
  }
}
customElements.define('egdb-decide', Decide);
