// A JSON value for people: indented, coloured by kind, folded where it is deep or long. marks: Map from a JSON Pointer to a message, shown
// at its place.
import { Element, html, nothing } from '../lib/element.js';

const OPEN_DEPTH = 3;
const LONG = 50; // members of an array that are shown at once
const kindOf = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const escaped = (name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

class Json extends Element {
  static properties = { value: { attribute: false }, marks: { attribute: false }, all: { state: true } };

  constructor() {
    super();
    this.marks = new Map();
    this.all = new Set();
  }

  #mark(pointer) {
    const said = this.marks.get(pointer);
    return said ? html`<span class="mark">◂ ${said}</span>` : nothing;
  }

  #leaf(value) {
    return html`<span class=${kindOf(value)}>${JSON.stringify(value)}</span>`;
  }

  #name(name) {
    return typeof name === 'string' ? html`<span class="name">${JSON.stringify(name)}</span>: ` : nothing;
  }

  #node(name, value, pointer, depth) {
    const kind = kindOf(value);
    const marked = this.marks.has(pointer) ? 'marked' : '';
    if (kind !== 'object' && kind !== 'array') return html`<li
      class=${marked}>${this.#name(name)}${this.#leaf(value)} ${this.#mark(pointer)}</li>`;
    const members = kind === 'array' ? value.map((one, i) => [i, one]) : Object.entries(value);
    const [open, close] = kind === 'array' ? '[]' : '{}';
    if (!members.length) return html`<li class=${marked}>${this.#name(name)}${open}${close} ${this.#mark(pointer)}</li>`;
    const whole = this.all.has(pointer) || members.length <= LONG;
    const inside = [...this.marks.keys()].some((mark) => mark.startsWith(`${pointer}/`));
    return html`<li class=${marked}><details ?open=${depth < OPEN_DEPTH || inside}><summary>${this.#name(name)}${open}
      <span class="count">${members.length}</span> ${close} ${this.#mark(pointer)}</summary>
      <ul>${(whole ? members : members.slice(0, LONG)).map(([key, one]) => this.#node(key, one, `${pointer}/${escaped(key)}`, depth + 1))}
      ${whole ? nothing : html`<li><button type="button" class="quiet" @click=${() => (this.all = new Set([...this.all, pointer]))}>${
        members.length - LONG} more</button></li>`}</ul></details></li>`;
  }

  render() {
    return html`<ul class="json">${this.#node(null, this.value, '', 0)}</ul>`;
  }
}
customElements.define('egdb-json', Json);
