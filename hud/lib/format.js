// Values as people read them. Null is a gap and looks like one, never like 0.
import { html } from 'lit';
import { duration, when } from './time.js';

const whole = new Intl.NumberFormat('en-GB');
const fine = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 });
const short = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumSignificantDigits: 3 });

export function number(value) {
  if (value === null || value === undefined || value === '') return '';
  return Number.isInteger(value) || Math.abs(value) >= 1e4 ? whole.format(value) : fine.format(value);
}

// A number of a column whose name says its unit: _ms is a duration.
export const figure = (value, name) => (name?.endsWith('_ms') ? duration(value) : number(value));

export const compact = (value) => (value === null || value === undefined ? '' : short.format(value));

export const NULL = html`<span class="null" title="no value">∅</span>`;

export function text(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export const isSha = (value) => typeof value === 'string' && /^[0-9a-f]{40}$/.test(value);

// One value of a column of this type, for a cell.
export function cell(value, type, name) {
  if (value === null || value === undefined) return NULL;
  if (type === 'time') return when(value);
  if (type === 'integer' || type === 'number') return figure(value, name);
  if (isSha(value)) return html`<code title=${value}>${value.slice(0, 10)}</code>`;
  return text(value);
}

export function csv(columns, rows) {
  const field = (value) => {
    const plain = text(value);
    return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  return [columns.map((column) => field(column.name)), ...rows.map((row) => row.map(field))].map((row) => row.join(',')).join('\r\n')
    + '\r\n';
}
