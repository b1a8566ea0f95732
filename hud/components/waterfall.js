// Parts that visibly sum to a whole: bars one after another, the last one the sum. rows: [{label, value, title, href}], the greatest first.
import { html } from 'lit';
import { vars } from '../lib/dom.js';

const PARTS_MOST = 14;
const percent = (part) => `${(100 * part).toFixed(1)} %`;

export function waterfall(rows, total, says) {
  const shown = rows.slice(0, PARTS_MOST);
  const rest = rows.slice(PARTS_MOST);
  if (rest.length) shown.push({ label: `${rest.length} more`, value: rest.reduce((sum, row) => sum + row.value, 0) });
  let at = 0;
  const scale = total || 1;
  return html`<ol class="bars deltas-sum" aria-label=${says}>${shown.map((row) => {
    const left = at;
    at += row.value;
    return html`<li><span class="label" title=${row.title ?? row.label}>${row.href
      ? html`<a href=${row.href}>${row.label}</a>` : row.label}</span>
      <span class="track"><i ${vars({ left: `${(100 * left) / scale}%`, width: `${(100 * row.value) / scale}%` })}></i></span>
      <span class="num">${row.value.toFixed(4)}</span><span class="num hint">${percent(row.value / scale)}</span></li>`;
  })}<li class="total"><span class="label">${says}</span><span class="track"><i
    ${vars({ left: '0', width: `${(100 * at) / scale}%` })}></i></span>
      <span class="num"><strong>${at.toFixed(4)}</strong></span><span class="num hint">100 %</span></li></ol>`;
}
