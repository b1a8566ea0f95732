// What is said of a list that was cut: how many of how many it shows, and where the others are.
import { html } from 'lit';
import { number } from '../lib/format.js';
import { router } from '../lib/router.js';

export const said = ({ n, least }) => `${least ? 'at least ' : ''}${number(n)}`;

const CONSOLE_MOST = 100000; // rows

// A text that looks like something else, or like none, stands in quotes there.
const quoted = (value) => (/^(|true|false|null|-?\d.*|".*")$/s.test(value) ? JSON.stringify(String(value)) : value);

// The query in the console, with the console's bound instead of the one that it has here.
export const whole = (query, params = {}) => router.href('console', { limit: CONSOLE_MOST, q: query.replace(/ LIMIT \d+$/, ''),
  ...Object.fromEntries(Object.entries(params).map(([name, value]) => [`p.${name}`, quoted(value)])) });

// all: {n, least}; href: where the others are; what: 'newest', 'riskiest'; of: of which; more: what else is to be done.
export const cutAt = (shown, all, { href, what = 'newest', of = '', more = '' } = {}) => html`<p class="note cut">The ${what} ${number(shown)} of ${
  said(all)}${of}${more ? `: ${more}` : ''}.${href ? html` <a href=${href}>${all.least || all.n > CONSOLE_MOST ? `Up to ${number(CONSOLE_MOST)}` : 'All'} of them</a> in the console.` : ''}</p>`;
