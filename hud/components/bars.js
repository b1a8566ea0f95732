// Horizontal bars with their figures: rows [{label, value, shown, title, href, mark}]. A null value is a gap, not a bar of 0.
// top: the value of a full bar, when it is not the greatest.
import { Element, html, nothing } from '../lib/element.js';
import { vars } from '../lib/dom.js';
import { NULL, number } from '../lib/format.js';

const FIRST = 12;

class Bars extends Element {
  static properties = { rows: { attribute: false }, label: {}, top: { type: Number }, most: { type: Number }, all: { state: true } };

  constructor() {
    super();
    this.rows = [];
    this.most = FIRST;
  }

  #row(row, top) {
    const label = html`<span class="label" title=${row.title ?? row.label}>${row.label}</span>`;
    return html`<li class=${row.mark ?? ''}>${row.href ? html`<a href=${row.href}>${label}</a>` : label}
      <span class="track"><i ${vars({ width: row.value === null ? '0' : `${(100 * Math.max(0, row.value)) / top}%` })}></i></span>
      <span class="num">${row.value === null || row.value === undefined ? NULL : (row.shown ?? number(row.value))}</span></li>`;
  }

  render() {
    const top = this.top ?? Math.max(...this.rows.map((row) => row.value ?? 0), Number.MIN_VALUE);
    const shown = this.all ? this.rows : this.rows.slice(0, this.most);
    const more = this.rows.length - shown.length;
    return html`<ol class="bars" aria-label=${this.label ?? ''}>${shown.map((row) => this.#row(row, top))}</ol>
      ${more > 0 ? html`<button type="button" class="quiet" @click=${() => (this.all = true)}>${number(more)} more</button>` : nothing}`;
  }
}
customElements.define('egdb-bars', Bars);
