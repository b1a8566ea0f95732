// A table of any length: only the rows in sight are in the page. Sorted by its headings, or with > by the next column and with < the
// other way round. One stop of the Tab key, a grid within: ↑, ↓, Home, End, Page keys, j and k move by rows, → and ← into the cells of one
// and back; Enter opens what the cell links to, or picks the row, or opens its first link. columns: [{name, title, type, width, grow,
// get(row), render(value, row)}]; rows: arrays in the columns' order, or objects.
// Events: `pick` (detail: the row).
import { Element, html, nothing } from '../lib/element.js';
import { vars } from '../lib/dom.js';
import { cell } from '../lib/format.js';
import { sorted } from '../lib/slices.js';

const ROW = 30;
const SPARE = 8; // rows beyond what is in sight
const WIDTHS = { time: 172, integer: 96, number: 96, boolean: 72, json: 220, text: 150 };

const isNumber = (type) => type === 'integer' || type === 'number';

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1; // gaps last
  if (b === null || b === undefined) return -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : 1;
}

let count = 0;

class Table extends Element {
  static properties = {
    columns: { attribute: false }, rows: { attribute: false }, label: {}, selected: { attribute: false }, rowClass: { attribute: false },
    pickable: { type: Boolean }, shown: { state: true }, sort: { state: true }, top: { state: true }, at: { state: true },
      column: { state: true }, height: { state: true },
  };

  constructor() {
    super();
    Object.assign(this, { columns: [], rows: [], shown: [], top: 0, at: -1, column: -1, height: 400, sort: null });
    this.key = `t${++count}`;
  }

  get value() {
    return (row, column, i) => (column.get ? column.get(row) : Array.isArray(row) ? row[i] : row[column.name]);
  }

  willUpdate(changed) {
    if (changed.has('rows') || changed.has('columns') || changed.has('sort')) this.#order();
    if (changed.has('shown')) this.#follow(changed.get('shown') ?? []);
    if (changed.has('columns')) this.column = Math.min(this.column, this.columns.length - 1);
    if (!changed.has('selected') || this.selected === undefined) return;
    this.sought = this.at < 0 || !changed.has('rows'); // other rows are no reason to move
    this.at = this.shown.indexOf(this.selected);
  }

  // Other rows: the cursor goes with its row, or stays where it is. The same ones in another order: it stays.
  #follow(before) {
    const now = this.at >= 0 && this.of !== this.rows ? this.shown.indexOf(before[this.at]) : -1;
    this.of = this.rows;
    this.at = now >= 0 ? now : Math.min(this.at, this.shown.length - 1);
  }

  updated() {
    if (this.sought && this.at >= 0) this.#move(this.at);
    this.sought = false;
    for (const one of this.querySelectorAll('.rows :is(a, button)')) one.tabIndex = -1; // the grid itself is the stop
    if (this.walked) this.#cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.walked = false;
  }

  // The cell that the arrows have come to; undefined while they are at a row as a whole.
  get #cell() {
    return this.column < 0 ? undefined : this.#shownRow?.children[this.column];
  }

  get #shownRow() {
    return this.querySelector(`#${this.key}-${this.at}`);
  }

  // Many rows take a moment to sort: until then they stay in the order that they have.
  #order() {
    const { rows, columns, sort } = this;
    const i = sort ? columns.findIndex((column) => column.name === sort.name) : -1;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (i < 0) {
      this.shown = rows;
      return;
    }
    const sign = sort.down ? -1 : 1;
    const isGap = ([value]) => value === null || value === undefined;
    const keyed = rows.map((row) => [this.value(row, columns[i], i), row]);
    const found = sorted(keyed, (a, b) => (isGap(a) || isGap(b) ? 1 : sign) * compare(a[0], b[0]));
    const show = (list) => {
      if (turn === this.turn) this.shown = list.map((pair) => pair[1]);
    };
    if (Array.isArray(found)) show(found);
    else found.then(show);
  }

  firstUpdated() {
    this.scroller = this.querySelector('.scroll');
    const observer = new ResizeObserver(() => (this.height = this.scroller.clientHeight));
    observer.observe(this.scroller);
    this.until(() => observer.disconnect());
  }

  #isSorted = (column) => column.name === this.sort?.name;

  #head(column) {
    const down = this.#isSorted(column) ? this.sort.down : null;
    this.sort = down === null ? { name: column.name, down: isNumber(column.type) || column.type === 'time' }
      : { name: column.name, down: !down };
  }

  #move(to) {
    if (!this.shown.length) return;
    this.at = Math.max(0, Math.min(this.shown.length - 1, to));
    const y = this.at * ROW;
    if (y < this.scroller.scrollTop) this.scroller.scrollTop = y;
    else this.scroller.scrollTop = Math.max(this.scroller.scrollTop, y + 2 * ROW - this.scroller.clientHeight);
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.height / ROW) - 2);
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.target !== this.scroller || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.#move(this.at + steps[event.key]);
    else if (event.key === 'ArrowRight' && this.at >= 0) this.#walk(1);
    else if (event.key === 'ArrowLeft' && this.column >= 0) this.#walk(-1);
    else if (event.key === 'Enter' && this.at >= 0) this.#enter();
    else if (event.key === '>') this.#head(this.columns[(this.columns.findIndex(this.#isSorted) + 1) % this.columns.length]);
    else if (event.key === '<' && this.sort) this.sort = { ...this.sort, down: !this.sort.down };
    else return;
    event.preventDefault();
  }

  #walk(by) {
    this.column = Math.min(this.columns.length - 1, this.column + by);
    this.walked = true;
  }

  #enter() {
    const first = (inside) => inside?.querySelector('a, button');
    const own = first(this.#cell);
    if (own) own.click();
    else if (this.pickable) this.#pick(this.shown[this.at]);
    else first(this.#shownRow)?.click();
  }

  #pick(row) {
    this.dispatchEvent(new CustomEvent('pick', { detail: row, bubbles: true }));
  }

  #click(event, row, i) {
    Object.assign(this, { at: i, column: -1 });
    if (event.target.closest('a, button')) return;
    if (this.pickable && !String(getSelection())) this.#pick(row);
  }

  // What does not fit into its cell is told to who points at it.
  #point(event) {
    const one = event.target.closest('[role=gridcell]');
    if (one) one.title = one.scrollWidth > one.clientWidth ? one.textContent.trim() : '';
  }

  get #template() {
    return this.columns.map((column) => {
      const width = column.width ?? WIDTHS[column.type] ?? 150;
      const grow = column.grow ?? (isNumber(column.type) || column.type === 'time' || column.type === 'boolean' ? 0 : 1);
      return grow ? `minmax(${width}px, ${grow}fr)` : `${width}px`;
    }).join(' ');
  }

  get #least() {
    return this.columns.reduce((sum, column) => sum + (column.width ?? WIDTHS[column.type] ?? 150), 0);
  }

  #row(row, i) {
    const id = `${this.key}-${i}`;
    return html`<div role="row" id=${id} class="row ${i % 2 ? 'odd' : ''} ${i === this.at ? 'at' : ''} ${this.rowClass?.(row) ?? ''}"
      aria-rowindex=${i + 2} aria-selected=${i === this.at ? 'true' : 'false'} ${vars({ top: `${i * ROW}px` })}
      @click=${(event) => this.#click(event, row, i)}>
      ${this.columns.map((column, c) => {
        const value = this.value(row, column, c);
        const here = i === this.at && c === this.column;
        return html`<div role="gridcell" id=${`${id}-${c}`} class="${isNumber(column.type) ? 'num' : ''} ${here ? 'here' : ''}">${
          column.render ? column.render(value, row) : cell(value, column.type, column.name)}</div>`;
      })}</div>`;
  }

  render() {
    const first = Math.max(0, Math.floor(this.top / ROW) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((this.top + this.height) / ROW) + SPARE);
    const rows = [];
    for (let i = first; i < last; i++) rows.push(this.#row(this.shown[i], i));
    const active = this.at >= first && this.at < last ? `${this.key}-${this.at}${this.column < 0 ? '' : `-${this.column}`}` : nothing;
    return html`<div class="scroll ${this.pickable ? 'pickable' : ''}" role="grid" tabindex="0" aria-label=${this.label ?? 'table'}
      aria-rowcount=${this.shown.length + 1} aria-activedescendant=${active} @keydown=${this.#key}
      @scroll=${(event) => (this.top = event.target.scrollTop)}
      ${vars({ '--columns': this.#template, '--least': `${this.#least}px`, '--rows': this.shown.length })}>
      <div role="rowgroup" class="head"><div role="row" aria-rowindex="1" class="row">${this.columns.map((column) => {
        const own = this.#isSorted(column);
        const order = own ? (this.sort.down ? 'descending' : 'ascending') : 'none';
        return html`<div role="columnheader" aria-sort=${order} class=${isNumber(column.type) ? 'num' : ''}>
          <button type="button" tabindex="-1" title=${column.title ?? column.name} @click=${() => this.#head(column)}>${column.title
            ?? column.name}${
            own ? (this.sort.down ? ' ↓' : ' ↑') : ''}</button></div>`;
      })}</div></div>
      <div role="rowgroup" class="rows" @pointerover=${this.#point}>${rows}</div></div>`;
  }
}
customElements.define('egdb-table', Table);
