// A chart over time or over a number, drawn by uPlot, which is loaded when the first one appears. data: {x: [ms or number], series:
// [{name, values, kind}]}: kind is line, steps, points or bars; a null is a gap. `time`: x is a time in ms. bands: [{from, to, title}]
// (ms) are shaded; marks: [{at, title}] are lines; span: {from, to}: what x shows at least. Arrows, Home and End read the values, Enter picks;
// with Shift they mark, and Enter looks closer, as dragging does. Events: `pick` (detail: index into x), `zoom` (detail: {from, to}).
import { Element, html, nothing } from '../lib/element.js';
import { vars } from '../lib/dom.js';
import { number } from '../lib/format.js';
import { color, seriesColor, seriesDash, theme } from '../lib/theme.js';
import { thin } from '../lib/thin.js';
import { utc } from '../lib/time.js';

let library = null;
const uplot = () => (library ??= import('uplot').then((module) => module.default));

const HEIGHT = 240;
const LEGEND = 36; // below it
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

// UTC, as everywhere: the time of day, and the date where it begins; only dates when ticks are days apart.
const times = (_, ticks, axis, space, step) => ticks.map((tick, i) => {
  const [date, time] = utc(new Date(tick * 1e3)).split(' ');
  if (step >= 86400) return date;
  const before = i && utc(new Date(ticks[i - 1] * 1e3)).slice(0, 10);
  return (step < 60 ? time : time.slice(0, 5)) + (before === date ? '' : `\n${date}`);
});

class Chart extends Element {
  static properties = {
    data: { attribute: false }, time: { type: Boolean }, label: {}, unit: {}, bands: { attribute: false }, marks: { attribute: false },
    height: { type: Number }, span: { attribute: false }, failed: { state: true },
      said: { state: true },
  };

  constructor() {
    super();
    Object.assign(this, { time: true, height: HEIGHT, bands: [], marks: [], unit: '' });
  }

  connectedCallback() {
    super.connectedCallback();
    const again = () => this.#draw();
    theme.addEventListener('theme', again);
    this.until(() => theme.removeEventListener('theme', again));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.plot?.destroy();
    this.plot = null;
  }

  firstUpdated() {
    this.holder = this.querySelector('.plot');
    const observer = new ResizeObserver(() => {
      const width = Math.floor(this.holder.clientWidth);
      if (!this.plot || !width || width === this.plot.width) return;
      if (this.index && width > 1.3 * this.drawn) this.#draw();
      else this.plot.setSize({ width, height: this.height });
    });
    observer.observe(this.holder);
    this.until(() => observer.disconnect());
  }

  updated(changed) {
    if (['data', 'bands', 'marks', 'height', 'span'].some((name) => changed.has(name))) this.#draw();
  }

  async #draw() {
    if (!this.data || !this.holder) return;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    let Plot;
    try {
      Plot = await uplot();
    } catch {
      this.failed = true;
      return;
    }
    if (turn !== this.turn || !this.isConnected) return;
    this.plot?.destroy();
    Object.assign(this, { at: null, from: null });
    this.drawn = Math.floor(this.holder.clientWidth) || 600;
    const { series } = this.data;
    const lists = series.map((one) => one.values);
    const few = series.some((one) => one.kind === 'bars') ? null : thin(this.data.x, lists, this.drawn);
    this.index = few?.index;
    const x = few?.x ?? this.data.x;
    this.plot = new Plot(this.#options(Plot), [this.time ? x.map((ms) => ms / 1000) : x, ...(few?.lists ?? lists)], this.holder);
  }

  #options(Plot) {
    const ink = color('ink-2');
    const axis = { stroke: ink, grid: { stroke: color('line'), width: 1 }, ticks: { stroke: color('line'), width: 1 },
      font: '12px system-ui' };
    return {
      width: this.drawn,
      height: this.height,
      tzDate: (ts) => Plot.tzDate(new Date(ts * 1e3), 'Etc/UTC'),
      legend: { live: true },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      scales: { x: { time: this.time, range: () => this.#range() }, y: {} },
      axes: [
        this.time ? { ...axis, values: times, space: 84 } : axis,
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : number(tick) + this.unit)) },
      ],
      series: [
        { label: this.time ? 'UTC' : 'x', value: (_, value) => (value === null ? '–' : this.time ? utc(new Date(value * 1e3))
          : number(value)) },
        ...this.data.series.map((series, i) => this.#series(Plot, series, i)),
      ],
      hooks: { init: [(u) => this.#legend(u)], drawClear: [(u) => this.#shade(u)], draw: [(u) => this.#marks(u)], setSelect: [(u) => this.#zoom(u)],
        ready: [(u) => this.#listen(u)] },
    };
  }

  // Never of no width: a single point stands in the middle of something (to uPlot's own mind, at the beginning of years).
  #range() {
    const { x } = this.data;
    const scale = this.time ? 1000 : 1;
    const left = Math.min(x[0] ?? Infinity, this.span?.from ?? Infinity) / scale;
    const right = Math.max(x.at(-1) ?? -Infinity, this.span?.to ?? -Infinity) / scale;
    const pad = this.time ? 60 : 1;
    if (!Number.isFinite(left) || !Number.isFinite(right)) return [0, 1];
    return left < right ? [left, right] : [left - pad, right + pad];
  }

  #series(Plot, series, i) {
    const stroke = series.color ?? seriesColor(i);
    const paths = { steps: Plot.paths.stepped({ align: 1 }), bars: Plot.paths.bars({ size: [0.8, 60] }), points: () => null }[series.kind];
    return {
      label: series.name, stroke, width: 2, dash: series.dash ?? seriesDash(i), spanGaps: false,
      ...(paths && { paths }),
      ...(series.kind === 'bars' && { fill: stroke }),
      points: { show: series.kind === 'points' || (!['bars', 'steps'].includes(series.kind) && this.data.x.length < 60),
        size: series.kind === 'points' ? 7 : 5, fill: stroke },
      value: (_, value) => (value === null || value === undefined ? '–' : number(value) + this.unit),
    };
  }

  // What is drawn as points has a dot in the legend, what is drawn as a line a line.
  #legend(u) {
    const kinds = ['', ...this.data.series.map((series) => series.kind ?? 'line')];
    u.root.querySelectorAll('.u-series').forEach((one, i) => one.querySelector('.u-marker')?.classList.add(`of-${kinds[i]}`));
  }

  #shade(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.fillStyle = color('band');
    for (const band of this.bands) {
      const from = Math.max(bbox.left, u.valToPos(band.from / 1000, 'x', true));
      const to = Math.min(bbox.left + bbox.width, band.to ? u.valToPos(band.to / 1000, 'x', true) : Infinity);
      if (to > from) ctx.fillRect(from, bbox.top, to - from, bbox.height);
    }
    ctx.restore();
  }

  #marks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = color('bad');
    ctx.setLineDash([4, 4]);
    for (const mark of this.marks) {
      const at = Math.round(u.valToPos(mark.at / 1000, 'x', true)) + 0.5;
      if (at < bbox.left || at > bbox.left + bbox.width + 1) continue;
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  #zoom(u) {
    if (u.select.width < 3) return;
    const from = u.posToVal(u.select.left, 'x');
    const to = u.posToVal(u.select.left + u.select.width, 'x');
    const scale = this.time ? 1000 : 1;
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.dispatchEvent(new CustomEvent('zoom', { detail: { from: from * scale, to: to * scale }, bubbles: true }));
  }

  #listen(u) {
    u.over.addEventListener('click', () => {
      const { idx } = u.cursor;
      if (idx !== null && idx !== undefined) this.#pick(idx);
    });
  }

  #pick(idx) {
    this.dispatchEvent(new CustomEvent('pick', { detail: this.index?.[idx] ?? idx, bubbles: true }));
  }

  // To the next x that has a place of its own: a thinned line has several points at one.
  #move(step) {
    const [x] = this.plot.data;
    let at = this.at ?? (step > 0 ? -1 : x.length);
    do at += Math.sign(step); while (x[at] !== undefined && x[at] === x[this.at]);
    this.at = Math.abs(step) === 1 && x[at] !== undefined ? at : step > 0 ? x.length - 1 : 0;
    this.plot.setCursor({ left: this.plot.valToPos(x[this.at], 'x'), top: 1 });
    const value = (i) => this.plot.data[i + 1][this.at] ?? null;
    this.said = [this.time ? utc(new Date(x[this.at] * 1e3)) : number(x[this.at]), ...this.data.series.map((series, i) =>
      (value(i) === null ? '' : `${series.name} ${number(value(i))}${this.unit}`))].filter(Boolean).join(', ');
  }

  #select() {
    const [from, to] = [this.from ?? this.at, this.at].map((i) => this.plot.valToPos(this.plot.data[0][i], 'x')).sort((a, b) => a - b);
    this.plot.setSelect({ left: from, width: to - from, top: 0, height: this.from === null ? 0 : this.plot.over.clientHeight }, false);
  }

  #key(event) {
    const step = STEPS[event.key];
    if (!this.plot?.data[0].length || event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) {
      this.from = event.shiftKey ? this.from ?? this.at : null;
      this.#move(step);
      this.#select();
    } else if (event.key === 'Enter' && this.at !== null) {
      if (this.from === null) this.#pick(this.at);
      else this.#zoom(this.plot);
    } else if (event.key === 'Escape' && this.from !== null) {
      this.from = null;
      this.#select();
    } else return;
    event.preventDefault();
  }

  render() {
    return html`<div class="plot" role="img" tabindex="0" @keydown=${this.#key}
      aria-label=${`${this.label ?? 'chart'}. Arrows read it, Enter picks; with Shift they mark, Enter looks closer.`}
      ${vars({ 'min-height': `${this.height + LEGEND}px` })}></div><p class="off-screen" role="status">${this.said ?? ''}</p>
      ${this.failed ? html`<p class="empty">The chart's code could not be loaded. Reload the page.</p>` : nothing}`;
  }
}
customElements.define('egdb-chart', Chart);
