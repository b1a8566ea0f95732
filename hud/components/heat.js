// A heat map on a canvas: columns (texts), rows (texts), values (a Float64Array, row by row; NaN is a gap, in a colour of its own). The
// pointer and arrows read it.
import { Element, html } from '../lib/element.js';
import { number } from '../lib/format.js';
import { color, heatColor, theme } from '../lib/theme.js';

const LABELS_MOST_PX = 190;
const LEAST_CELL_PX = 3;
const SHADES = 100;
const FONT = '12px system-ui';

class Heat extends Element {
  static properties = {
    columns: { attribute: false }, rows: { attribute: false }, values: { attribute: false }, label: {},
    rowHeight: { type: Number }, said: { state: true },
  };

  constructor() {
    super();
    Object.assign(this, { columns: [], rows: [], values: new Float64Array(), rowHeight: 22 });
    this.at = { column: 0, row: 0, shown: false };
  }

  firstUpdated() {
    this.canvas = this.querySelector('canvas');
    const observer = new ResizeObserver(() => this.clientWidth !== this.painted && this.#paint());
    observer.observe(this);
    const again = () => this.#paint();
    theme.addEventListener('theme', again);
    this.until(() => observer.disconnect());
    this.until(() => theme.removeEventListener('theme', again));
  }

  updated(changed) {
    if (changed.has('values') || changed.has('rows') || changed.has('columns')) this.#paint();
  }

  #place() {
    const width = this.clientWidth;
    const rowHeight = Math.max(LEAST_CELL_PX, this.rowHeight);
    const named = rowHeight >= 12;
    const left = named ? Math.min(LABELS_MOST_PX, width / 3, this.#widest() + 10) : 0;
    const foot = this.columns.length ? 20 : 0;
    return { left, width: width - left - 1, cell: (width - left - 1) / Math.max(1, this.columns.length), rowHeight, foot, named,
      height: rowHeight * this.rows.length };
  }

  #widest() {
    const ctx = this.canvas.getContext('2d');
    ctx.font = FONT;
    return Math.max(0, ...this.rows.slice(0, 200).map((row) => ctx.measureText(String(row)).width));
  }

  // Cells and texts are painted once, and only marks are drawn anew when the pointer moves.
  #paint() {
    const { canvas } = this;
    if (!canvas) return;
    const place = (this.place = this.#place());
    if (place.width < 10) return;
    const scale = devicePixelRatio || 1;
    this.painted = this.clientWidth;
    canvas.width = Math.round(this.clientWidth * scale);
    canvas.height = Math.round((place.height + place.foot) * scale);
    canvas.style.height = `${place.height + place.foot}px`;
    this.picture = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
    const ctx = this.picture.getContext('2d');
    ctx.scale(scale, scale);
    const most = this.values.reduce((top, value) => (value > top ? value : top), 0) || 1;
    const gap = place.cell > 6 && place.rowHeight > 6 ? 1 : 0;
    const shades = Array.from({ length: SHADES + 1 }, (_, i) => `rgb(${heatColor(i / SHADES)})`);
    const empty = color('gap');
    for (let r = 0; r < this.rows.length; r++) {
      for (let c = 0; c < this.columns.length; c++) {
        const value = this.values[r * this.columns.length + c];
        ctx.fillStyle = Number.isNaN(value) ? empty : shades[Math.round(Math.max(0, Math.min(1, value / most)) * SHADES)];
        ctx.fillRect(place.left + c * place.cell, r * place.rowHeight, Math.max(1, place.cell - gap), place.rowHeight - gap);
      }
    }
    this.#texts(ctx, place);
    this.#draw();
  }

  #draw() {
    if (!this.picture) return;
    const ctx = this.canvas.getContext('2d');
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    ctx.drawImage(this.picture, 0, 0);
    const scale = devicePixelRatio || 1;
    ctx.scale(scale, scale);
    this.#marks(ctx, this.place);
  }

  #texts(ctx, place) {
    ctx.fillStyle = color('ink-2');
    ctx.font = FONT;
    ctx.textBaseline = 'middle';
    if (place.named) {
      this.rows.forEach((row, r) => {
        let text = String(row);
        while (text.length > 4 && ctx.measureText(text).width > place.left - 8) text = `…${text.slice(Math.max(2, text.length * 0.1))}`;
        ctx.fillText(text, 0, r * place.rowHeight + place.rowHeight / 2);
      });
    }
    const every = Math.max(1, Math.ceil(80 / place.cell));
    for (let c = 0; c < this.columns.length; c += every) {
      ctx.fillText(String(this.columns[c]), place.left + c * place.cell, place.height + place.foot / 2,
        Math.max(20, every * place.cell - 4));
    }
  }

  #marks(ctx, { left, cell, rowHeight }) {
    if (!this.at.shown) return;
    ctx.strokeStyle = color('ink');
    ctx.lineWidth = 2;
    ctx.strokeRect(left + this.at.column * cell - 1, this.at.row * rowHeight - 1, cell + 1, rowHeight + 1);
  }

  #find(event) {
    const bounds = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - bounds.left - this.place.left) / this.place.cell);
    const row = Math.floor((event.clientY - bounds.top) / this.place.rowHeight);
    const inside = column >= 0 && column < this.columns.length && row >= 0 && row < this.rows.length;
    return inside ? { column, row } : null;
  }

  #say() {
    const value = this.values[this.at.row * this.columns.length + this.at.column];
    this.said = `${this.rows[this.at.row]}, ${this.columns[this.at.column]}: ${Number.isNaN(value) ? 'no value' : number(value)}`;
    this.#draw();
  }

  #move(event) {
    const found = this.#find(event);
    if (!found) return;
    this.at = { ...found, shown: true };
    this.#say();
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step) return;
    this.at = {
      column: Math.max(0, Math.min(this.columns.length - 1, this.at.column + step[0])),
      row: Math.max(0, Math.min(this.rows.length - 1, this.at.row + step[1])), shown: true,
    };
    this.#say();
    event.preventDefault();
  }

  render() {
    return html`<canvas tabindex="0" role="img" aria-label=${`${this.label ?? 'heat map'}. Arrows read it.`}
        @pointermove=${this.#move} @pointerdown=${this.#move} @keydown=${this.#key}
        @pointerleave=${() => { this.at.shown = false; this.#draw(); }}></canvas>
      <p class="said" role="status">${this.said ?? '\u00a0'}</p>`;
  }
}
customElements.define('egdb-heat', Heat);
