// Lanes over time: rows [{lane, from, to, title, href, mark}], times in ms; `to` null is a moment. SVG with a viewBox of its own width.
// Events: `pick` (detail: the row).
import { Element, html, nothing, svg } from '../lib/element.js';
import { duration, utc } from '../lib/time.js';

const LANE = 24;
const FOOT = 22;
const LANES_MOST = 40;

class Timeline extends Element {
  static properties = { rows: { attribute: false }, label: {}, width: { state: true }, relative: { type: Boolean } };

  constructor() {
    super();
    this.rows = [];
    this.width = 800;
  }

  firstUpdated() {
    const observer = new ResizeObserver(() => (this.width = Math.max(240, this.clientWidth)));
    observer.observe(this);
    this.until(() => observer.disconnect());
  }

  #mark(row, x, y) {
    const shape = row.to === null || row.to === undefined
      ? svg`<circle cx=${x(row.from)} cy=${y + LANE / 2} r="5"></circle>`
      : svg`<rect x=${x(row.from)} y=${y + 4} width=${Math.max(2, x(row.to) - x(row.from))} height=${LANE - 8} rx="2"></rect>`;
    const title = row.title ?? `${row.lane}, ${utc(new Date(row.from))}`;
    const shown = svg`<g class=${row.mark ?? ''}><title>${title}</title>${shape}</g>`;
    return row.href
      ? svg`<a href=${row.href} aria-label=${title}>${shown}</a>`
      : svg`<g @click=${() => this.dispatchEvent(new CustomEvent('pick', { detail: row, bubbles: true }))}>${shown}</g>`;
  }

  render() {
    const lanes = [...new Set(this.rows.map((row) => row.lane))].slice(0, LANES_MOST);
    const from = Math.min(...this.rows.map((row) => row.from));
    const to = Math.max(...this.rows.map((row) => row.to ?? row.from));
    if (!lanes.length) return nothing;
    const left = Math.min(200, this.width / 4, 12 + 7.5 * Math.max(...lanes.map((lane) => String(lane).length)));
    const x = (ms) => left + 8 + ((ms - from) / Math.max(1, to - from)) * (this.width - left - 20);
    const height = lanes.length * LANE + FOOT;
    const parts = to === from ? [0] : this.width - left < (this.relative ? 240 : 520) ? [0, 1] : [0, 0.5, 1];
    const ticks = parts.map((part) => from + part * (to - from));
    return html`<svg class="timeline" role="group" aria-label=${this.label ?? 'timeline'} width="100%" height=${height}
      viewBox=${`0 0 ${this.width} ${height}`}>
      ${lanes.map((lane, i) => svg`<line class="lane" x1="0" x2=${this.width} y1=${(i + 1) * LANE} y2=${(i + 1) * LANE}></line>
        <svg x="0" y=${i * LANE} width=${left} height=${LANE}><text x="0" y=${LANE / 2 + 4}>${lane}<title>${lane}</title></text></svg>`)}
      ${this.rows.map((row) => (lanes.includes(row.lane) ? this.#mark(row, x, lanes.indexOf(row.lane) * LANE) : nothing))}
      ${ticks.map((tick, i) => svg`<text class="tick" x=${x(tick)} y=${height - 6}
        text-anchor=${{ 0: 'start', 0.5: 'middle', 1: 'end' }[parts[i]]}>${
        this.relative ? duration(tick - from) : utc(new Date(tick))}</text>`)}</svg>`;
  }
}
customElements.define('egdb-timeline', Timeline);
