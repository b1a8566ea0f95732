// Two lists of the Delta Inspector, asked and drawn: the commits of the time range, and what the gates said of those that are looked at.
// Both say of how many they are cut.
import { egql } from '../lib/api.js';
import { counted, counts, first } from '../lib/cut.js';
import { vars } from '../lib/dom.js';
import { html, nothing } from '../lib/element.js';
import { number } from '../lib/format.js';
import { DELTAS, MOST } from '../lib/queries.js';
import { given, repos } from '../lib/repos.js';
import { router } from '../lib/router.js';
import { cutAt, whole } from '../components/cut.js';

const ORDER = { I2: 0, I3: 1, I4: 2, I1: 3 };
const NOT_PASSED = 'action != pass';

export const short = (sha) => html`<code title=${sha}>${sha.slice(0, 8)}</code>`;

// {list, more, all}: those that were recorded and those that have a fingerprint, the newest first; all: {n, least}.
export async function commitsOf(of, signal) {
  const params = given(of.repo);
  const [known, prints] = await Promise.all(['commits', 'prints'].map(async (name) =>
    first(await egql(DELTAS[name](of), { params, signal }), MOST.commits)));
  const bySha = new Map(prints.rows.map((one) => [one.sha, { sha: one.sha, score: one.score_deltaz, time: one.created_utc,
    author: null, text: '' }]));
  const none = prints.more ? undefined : null; // what is not among the newest fingerprints may have an older one
  for (const one of known.rows) {
    bySha.set(one.commit_sha, { score: none, ...bySha.get(one.commit_sha), sha: one.commit_sha, time: one.authored_at,
      author: one.author, text: one.summary ?? one.message?.split('\n')[0] ?? '' });
  }
  const list = [...bySha.values()].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
  const [ofKnown, ofPrints] = await Promise.all([[known, 'commitCount'], [prints, 'printCount']].map(([part, name]) =>
    (part.more ? counted(DELTAS[name](of), { params, signal }, part.rows.length) : { n: part.rows.length, least: false })));
  // How many are in both is known as long as all of one is seen, and is in the other.
  const apart = list.length > Math.max(known.rows.length, prints.rows.length);
  const more = known.more || prints.more;
  return { list, more, all: { n: Math.max(ofKnown.n, ofPrints.n, list.length), least: more && (apart || (known.more && prints.more) || ofKnown.least || ofPrints.least) } };
}

// {rows, passed, all}: of one commit all results, of others those that did not pass, and how many did; null when counting took too long.
export async function judged(of, isOne, signal) {
  const params = given(of.repo);
  const [answer, by] = await Promise.all([egql(DELTAS.gates(of, !isOne && NOT_PASSED), { params, signal }),
    counts(DELTAS.gateCounts(of), { params, signal, name: 'action' })]);
  const { rows, more } = first(answer, MOST.gates);
  if (!by) return { rows, passed: isOne ? 0 : null, all: { n: rows.length + (more ? 1 : 0), least: more } };
  const { pass = 0, ...others } = by;
  const n = Object.values(others).reduce((sum, one) => sum + one, isOne ? pass : 0);
  return { rows, passed: isOne ? 0 : pass, all: { n: more ? n : rows.length, least: false } };
}

export function commitTable({ list, more, all }, { of, query: { sha, base }, none }) {
  const top = list.reduce((most, one) => Math.max(most, one.score ?? 0), 0) || 1;
  const columns = [
    { name: 'time', title: 'time, UTC', type: 'time', width: 172 },
    { name: 'sha', title: 'commit', type: 'text', width: 80, grow: 0, render: short },
    { name: 'score', title: 'ΔZ', type: 'number', width: 116, render: (value) => (value === null ? html`<span class="null">∅</span>`
      : value === undefined ? html`<span class="hint" title="not among the newest ${MOST.commits} fingerprints">not asked</span>` : html`<span class="deltas-bar"><i ${vars({ width: `${(100 * value) / top}%` })}></i></span> ${value.toFixed(3)}`) },
    { name: 'text', title: 'subject', type: 'text', width: 260, grow: 4 },
    { name: 'author', title: 'author', type: 'text', width: 110, render: (value) => (value ?? '').replace(/ <.*/, '') },
    ...(sha ? [{ name: 'since', title: 'range', type: 'text', width: 90, grow: 0, render: (_, row) => (row.sha.startsWith(sha) ? nothing
      : html`<a href=${router.href('deltas', { ...router.current.query, ...none, base: row.sha })}
        title="all commits since this one, up to the chosen one">since this</a>`) }] : []),
  ];
  return html`<egdb-table .columns=${columns} .rows=${list} label="Commits" pickable
    .selected=${list.find((row) => sha && row.sha.startsWith(sha))}
    .rowClass=${(row) => (sha && row.sha.startsWith(sha) ? 'chosen' : base && row.sha.startsWith(base) ? 'base' : '')}
    @pick=${(event) => router.set({ ...none, base: '', sha: event.detail.sha })}></egdb-table>
    ${more ? cutAt(list.length, all, { href: whole(DELTAS.commits(of), given(of.repo)), more: 'a shorter range has the others' }) : nothing}`;
}

export function gateList({ rows, passed, all }, { of, isOne }) {
  const own = isOne ? rows.toSorted((a, b) => ORDER[a.gate] - ORDER[b.gate]) : rows;
  const href = whole(DELTAS.gates(of, !isOne && NOT_PASSED), given(of.repo));
  return html`${all.n > own.length ? cutAt(own.length, all, { href }) : nothing}
    <ul class="deltas-gates">${own.map((row) => html`<li><span class="action ${row.action}">${row.action}</span> <strong>${row.gate}</strong>
      <span class="num">${number(row.score)}</span> <span class="hint">${row.action === 'pass' ? '≤'
        : 'against'} ${number(row.threshold)}${row.module ? ` in ${row.module}` : ''}</span>
      ${isOne ? nothing : html`<a href=${router.href('deltas', { sha: row.sha })}>${short(row.sha)}</a>`}
      <a href=${router.href('spec', { gate: row.gate, violation: row.event_id, repo: repos.several ? row.repo : '' })}>explain</a>
      ${row['details.why'] ? html`<p>${row['details.why']}</p>` : nothing}</li>`)}</ul>
    ${passed ? html`<p class="note">${number(passed)} results passed.</p>` : passed === null
      ? html`<p class="note">Counting those that passed takes too long: choose a shorter range.</p>` : nothing}`;
}

// Instead of all that would be said of the commit. The error has the query below its first line, which nobody here has written.
export function unknown({ code, message }, none) {
  const [what] = message.split('\n');
  return html`<div class="problem" role="alert"><strong>${what[0].toUpperCase()}${what.slice(1)}.</strong>
    <p class="hint">${code === 'sha_ambiguous' ? 'Write more of its digits above, or choose one below.'
      : html`Choose one below, or look at <a href=${router.href('deltas', { ...router.current.query, ...none, sha: '', base: '' })}>all of
        the time range</a>. A commit is known once it was recorded, by <code>egdb-index history</code> or by CI.`}</p></div>`;
}
