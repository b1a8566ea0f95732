// The mosaic on a canvas: a grid of cells, of any number of files. grid: {rows, cols}; values: a Float64Array, row by row, NaN where
// nothing is; `signed`: values of both signs, one colour each; ground: a Uint8Array, 0 where no file lies, 1 and 2 by turns where files
// do. tell(cell): what is said of a cell. Arrows move, Enter picks, with Shift they mark; dragging marks, Escape takes the mark away.
// Events: `pick` (detail: the cell's index), `brush` (detail: {mark: [row0, col0, row1, col1] or null, done}).
import { Element, html } from '../lib/element.js';
import { color, heatColor, theme } from '../lib/theme.js';

const HEIGHT_MOST = 520;
const SHADES = 255;
const HINT = 'Point at a cell, or walk with the arrows: here stands what lies there. Drag, or Shift and arrows, marks cells.';
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const SIGNED = { dark: [[240, 150, 60], [90, 170, 255]], light: [[176, 84, 0], [0, 90, 180]] };

const rgb = (name) => {
  const hex = color(name);
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
};

class Mosaic extends Element {
  static properties = {
    grid: { attribute: false }, values: { attribute: false }, ground: { attribute: false }, mark: { attribute: false },
      chosen: { attribute: false },
    tell: { attribute: false }, signed: { type: Boolean }, label: {}, said: { state: true },
  };

  constructor() {
    super();
    Object.assign(this, { grid: { rows: 1, cols: 1 }, at: null, from: null, mark: null, tell: () => '' });
    this.picture = document.createElement('canvas');
  }

  firstUpdated() {
    this.canvas = this.querySelector('canvas');
    const observer = new ResizeObserver(() => this.#draw());
    observer.observe(this);
    const again = () => { this.#paint(); this.#draw(); };
    theme.addEventListener('theme', again);
    this.until(() => observer.disconnect());
    this.until(() => theme.removeEventListener('theme', again));
  }

  updated(changed) {
    if (['values', 'ground', 'grid', 'signed'].some((name) => changed.has(name))) this.#paint();
    if (!changed.has('said') || changed.size > 1) this.#draw();
  }

  // The cells, one pixel each; drawn large without smoothing.
  #paint() {
    const { rows, cols } = this.grid;
    const { picture, values, ground } = this;
    Object.assign(picture, { width: cols, height: rows });
    this.inks = { mark: color('accent'), at: color('ink'), edge: color('ground') };
    const ctx = picture.getContext('2d');
    const image = ctx.createImageData(cols, rows);
    const grounds = [rgb('plane'), rgb('gap'), rgb('raised')];
    const [more, less] = SIGNED[theme.now] ?? SIGNED.dark;
    let top = 0;
    for (const value of values ?? []) if (Math.abs(value) > top) top = Math.abs(value);
    const inks = Array.from({ length: SHADES + 1 }, (_, i) => heatColor(i / SHADES)); // there are many cells, and few inks
    for (let i = 0; i < rows * cols; i++) {
      const value = values?.[i] ?? NaN;
      const under = grounds[ground?.[i] ?? 0];
      let ink = under;
      if (!Number.isNaN(value)) {
        const part = top ? Math.sqrt(Math.abs(value) / top) : 0; // a few cells have most: the root shows the others too
        const full = value < 0 ? less : more;
        ink = this.signed ? under.map((low, c) => low + (0.15 + 0.85 * part) * (full[c] - low)) : inks[Math.round(part * SHADES)];
      }
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = ink[c];
      image.data[4 * i + 3] = 255;
    }
    ctx.putImageData(image, 0, 0);
  }

  #draw() {
    const { rows, cols } = this.grid;
    const width = Math.min(this.clientWidth, (HEIGHT_MOST * cols) / rows);
    if (!this.canvas || !this.inks || width < 10) return;
    const scale = devicePixelRatio || 1;
    const height = (width * rows) / cols;
    const { canvas } = this;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const ctx = canvas.getContext('2d');
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.picture, 0, 0, w, h);
    this.side = width / cols;
    const box = (row0, col0, row1, col1, style) => {
      const side = this.side * scale;
      for (const [wide, ink] of [[4, this.inks.edge], [2, style]]) {
        Object.assign(ctx, { strokeStyle: ink, lineWidth: wide });
        ctx.strokeRect(col0 * side, row0 * side, (col1 - col0 + 1) * side, (row1 - row0 + 1) * side);
      }
    };
    if (this.mark) box(...this.mark, this.inks.mark);
    for (const [cell, style] of [[this.chosen, this.inks.mark], [this.at, this.inks.at]]) {
      if (cell !== null && cell !== undefined) box(Math.floor(cell / cols), cell % cols, Math.floor(cell / cols), cell % cols, style);
    }
  }

  #find(event) {
    const bounds = this.canvas.getBoundingClientRect();
    const clamp = (value, most) => Math.max(0, Math.min(most - 1, Math.floor(value / this.side)));
    return clamp(event.clientY - bounds.top, this.grid.rows) * this.grid.cols + clamp(event.clientX - bounds.left, this.grid.cols);
  }

  #stand(cell) {
    if (cell === this.at) return;
    this.at = cell;
    if (cell !== null) this.said = this.tell(cell); // it stays when the pointer leaves
    this.#draw();
  }

  #stretch(done) {
    const { cols } = this.grid;
    const [rows, columns] = [[this.from, this.at].map((cell) => Math.floor(cell / cols)), [this.from, this.at].map((cell) => cell % cols)];
    this.mark = [Math.min(...rows), Math.min(...columns), Math.max(...rows), Math.max(...columns)];
    this.#brush(this.mark, done);
  }

  #brush(mark, done = true) {
    this.dispatchEvent(new CustomEvent('brush', { detail: { mark, done }, bubbles: true }));
  }

  #pick(cell) {
    this.dispatchEvent(new CustomEvent('pick', { detail: cell, bubbles: true }));
  }

  #move(event) {
    const cell = this.#find(event);
    if (cell === this.at) return;
    this.#stand(cell);
    if (this.from !== null && event.buttons === 1) this.#stretch(false);
  }

  #down(event) {
    if (event.button !== 0) return;
    this.#stand(this.#find(event));
    this.from = this.at;
    this.canvas.setPointerCapture(event.pointerId);
  }

  #up(event) {
    if (this.from === null) return;
    this.#stand(this.#find(event));
    if (this.from === this.at) this.#pick(this.at);
    else this.#stretch(true);
    this.from = null;
  }

  #key(event) {
    const step = STEPS[event.key];
    const { rows, cols } = this.grid;
    if (step) {
      const before = this.at ?? this.chosen ?? 0;
      if (event.shiftKey) this.from ??= before;
      else this.from = null;
      const [row, col] = [Math.floor(before / cols) + step[0], (before % cols) + step[1]];
      this.#stand(Math.max(0, Math.min(rows - 1, row)) * cols + Math.max(0, Math.min(cols - 1, col)));
      if (event.shiftKey) this.#stretch(true);
    } else if (event.key === 'Enter' && this.at !== null) this.#pick(this.at);
    else if (event.key === 'Escape' && this.mark) this.#brush(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #leave() {
    if (this.from === null) this.#stand(null);
  }

  render() {
    return html`<canvas tabindex="0" role="img"
      aria-label=${`${this.label ?? 'mosaic'}. Arrows move, Enter picks, Shift and arrows mark, Escape takes the mark away.`}
        @pointermove=${this.#move} @pointerdown=${this.#down} @pointerup=${this.#up} @pointercancel=${() => (this.from = null)}
        @pointerleave=${this.#leave} @keydown=${this.#key}></canvas>
      <p class="said" role="status">${this.said || HINT}</p>`;
  }
}
customElements.define('egdb-mosaic', Mosaic);
