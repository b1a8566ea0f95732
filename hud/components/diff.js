// The lines of a file that a commit changed, as they were stored; `line` stands out and is brought into sight. `change`: a row of
// commit_files; without a stored diff it says what is known, and how to see the rest.
import { Element, html, nothing } from '../lib/element.js';
import { hunks } from '../lib/delta.js';
import { number } from '../lib/format.js';
import './frame.js';

const LINES_MOST = 2000;
const NAMES = { A: 'added', M: 'changed', D: 'deleted', R: 'renamed' };

const quoted = (text) => (/^[\w./@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

class Diff extends Element {
  static properties = { change: { attribute: false }, line: { type: Number } };

  updated(changed) {
    const here = (changed.has('line') || changed.has('change')) && this.querySelector('.here');
    if (!here) return;
    const box = this.querySelector('.lines'); // in its middle, so that what stands around is seen
    box.scrollTop += here.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
    here.scrollIntoView({ block: 'nearest' });
  }

  // The line itself, or the last one before it that is shown.
  #here(list) {
    let found = null;
    for (const one of list) {
      for (const line of one.lines) {
        const at = line.after ?? line.before;
        if (this.line && at <= this.line && (!found || at > (found.after ?? found.before))) found = line;
      }
    }
    return found;
  }

  #lines() {
    const list = hunks(this.change.diff_text);
    const here = this.#here(list);
    let left = LINES_MOST;
    const rows = [];
    for (const one of list) {
      if (left <= 0) break;
      rows.push(html`<tr class="cut"><td colspan="4">⋯ ${one.title}</td></tr>`);
      for (const line of one.lines.slice(0, left)) {
        rows.push(html`<tr class=${`${line.kind === '+' ? 'added' : line.kind === '-' ? 'removed' : ''}${line === here ? ' here' : ''}`}
          aria-current=${line === here ? 'true' : nothing}><td>${line.before ?? ''}</td><td>${line.after
            ?? ''}</td><td>${line.kind}</td><td><code>${line.text}</code></td></tr>`);
      }
      left -= one.lines.length;
    }
    return html`<div class="lines" tabindex="0" role="region" aria-label="Diff"><table><tbody>${rows}</tbody></table></div>
      ${left < 0 ? html`<p class="note">The first ${number(LINES_MOST)} lines.</p>` : nothing}`;
  }

  render() {
    const { change } = this;
    if (!change) return nothing;
    const { status, old_path, lines_added, lines_removed, file_path, commit_sha } = change;
    const show = `git show ${quoted(commit_sha)} -- ${quoted(file_path)}`;
    const [, cut] = /\n\\ cut: (\d+) more bytes\s*$/.exec(change.diff_text ?? '') ?? [];
    const command = html`<code>${show}</code> <egdb-copy label="copy" .text=${() => show}></egdb-copy>`;
    return html`<p class="note">${NAMES[status] ?? status ?? 'changed'}${old_path ? html` from <code>${old_path}</code>` : nothing} in
        <code title=${commit_sha}>${commit_sha.slice(0, 10)}</code>: <span class="good">+${number(lines_added ?? 0)}</span> <span
          class="bad">−${number(lines_removed ?? 0)}</span> lines</p>
      ${change.diff_text
        ? html`${this.#lines()}${cut ? html`<p class="note">Cut here: ${number(Number(cut))} bytes more. In a checkout: ${command}</p>`
          : nothing}`
        : html`<p class="empty">The diff was not sent with this commit, so its lines are not stored. In a checkout: ${command}</p>`}`;
  }
}
customElements.define('egdb-diff', Diff);
