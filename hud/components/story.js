// What is known of one thing: facts([[name, value]]), those without a value left out; and chain([{at, title, tone, body, event}]), what
// happened to it one after another. tone: good, bad or warn; event: an id, which the title leads to.
import { html, nothing } from 'lit';
import { isSha } from '../lib/format.js';
import { router } from '../lib/router.js';
import { when } from '../lib/time.js';

const isThere = (value) => value !== null && value !== undefined && value !== '';

export const commit = (sha) => (sha ? html`<a href=${router.href('deltas', { sha: isSha(sha) ? sha.slice(0, 12) : sha })}
  title=${sha}><code>${sha.slice(0, 10)}</code></a>` : nothing);

export const facts = (list) =>
  html`<dl class="facts">${list.filter(([, value]) => isThere(value)).map(([name, value]) =>
    html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

export const chain = (steps) => html`<ol class="chain">${steps.map((step) => html`<li class=${step.tone ?? ''}>
  ${step.event ? html`<a href=${router.href('events', { id: step.event })}>${step.title}</a>`
    : html`<strong>${step.title}</strong>`} ${when(step.at)}
  ${isThere(step.body) ? html`<div>${step.body}</div>` : nothing}</li>`)}</ol>`;

// true, false and what nobody said.
export const verdict = (name, value) => html`<span class=${value === true ? 'good' : value === false ? 'bad' : 'null'}>${value === true
  ? '✓' : value === false ? '✗' : '∅'} ${name}</span>`;
