// Ctrl-K: views, declared panels, repositories and commands by a few letters. And the help of the keyboard (?).
import { panels } from '../lib/api.js';
import { Element, html } from '../lib/element.js';
import { addKey, allCommands, allKeys } from '../lib/keys.js';
import { repos } from '../lib/repos.js';
import { router } from '../lib/router.js';
import { isSha } from '../lib/shas.js';
import { views } from '../views/index.js';

const MOST = 12;

// How well the letters of `wanted` stand in `text`, in order; 0: they do not. Beginnings of words and neighbours count more.
export function fits(text, wanted) {
  const from = text.toLowerCase();
  let score = 1;
  let at = -1;
  for (const letter of wanted.toLowerCase()) {
    if (letter === ' ') continue;
    const next = from.indexOf(letter, at + 1);
    if (next < 0) return 0;
    score += (next === at + 1 ? 3 : 0) + (next === 0 || /[\s-]/.test(from[next - 1]) ? 4 : 0) - (next - at) / 50;
    at = next;
  }
  return Math.max(score, 0.01);
}

class Palette extends Element {
  static properties = { wanted: { state: true }, at: { state: true }, declared: { state: true } };

  constructor() {
    super();
    Object.assign(this, { wanted: '', at: 0, declared: [] });
  }

  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('Ctrl-K', 'Command palette', () => this.open()));
  }

  open() {
    Object.assign(this, { wanted: '', at: 0 });
    panels().then((list) => (this.declared = list), () => {});
    this.querySelector('dialog').showModal();
    const field = this.querySelector('input');
    field.value = '';
    field.focus();
  }

  get #choices() {
    const all = [
      ...views.filter((view) => !view.hidden).map((view) => ({ title: view.title, hint: `g ${view.key}`,
        run: () => router.go(view.name) })),
      ...allCommands(),
      ...(repos.several ? repos.named : []).map((name) => ({ title: name, hint: 'repository', run: () => repos.choose(name) })),
      ...this.declared.map((one) => ({ title: one.title, hint: one.group, run: () => router.go('panel', { name: one.name }) })),
    ];
    // A sha or an event's id that was pasted leads where it belongs.
    const sha = this.wanted.toLowerCase();
    if (isSha(sha)) all.unshift({ title: `Commit ${sha}`, hint: 'Delta Inspector',
      run: () => router.go('deltas', { sha }) });
    if (/^[0-9A-HJKMNP-TV-Z]{26}$/.test(this.wanted)) all.unshift({ title: `Event ${this.wanted}`, hint: 'Events',
      run: () => router.go('events', { id: this.wanted }) });
    const scored = all.map((choice) => ({ choice, score: fits(choice.title, this.wanted) })).filter(({ score }) => score > 0);
    if (this.wanted) scored.sort((a, b) => b.score - a.score);
    return scored.slice(0, MOST).map(({ choice }) => choice);
  }

  #key(event) {
    const choices = this.#choices;
    if (event.key === 'ArrowDown') this.at = Math.min(choices.length - 1, this.at + 1);
    else if (event.key === 'ArrowUp') this.at = Math.max(0, this.at - 1);
    else if (event.key === 'Enter' && choices[this.at]) this.#run(choices[this.at]);
    else return;
    event.preventDefault();
  }

  #run(choice) {
    this.querySelector('dialog').close();
    choice.run();
  }

  render() {
    const choices = this.#choices;
    return html`<dialog class="palette" aria-label="Command palette" @click=${(event) => event.target.localName === 'dialog'
      && event.target.close()}>
      <input role="combobox" aria-label="What to do" aria-expanded="true" aria-controls="palette-list" autocomplete="off" spellcheck="false"
        aria-activedescendant=${choices.length ? `palette-${this.at}` : ''} placeholder="A view, a panel, a sha, an event's id"
        @input=${(event) => Object.assign(this, { wanted: event.target.value.trim(), at: 0 })} @keydown=${this.#key}>
      <ul role="listbox" id="palette-list" aria-label="Choices">${choices.map((choice, i) => html`<li role="option" id=${`palette-${i}`}
        aria-selected=${i === this.at ? 'true' : 'false'} @click=${() => this.#run(choice)}>
        <span>${choice.title}</span><span class="hint">${choice.hint}</span></li>`)}</ul>
      <p class=${choices.length ? '' : 'empty'} role="status">${choices.length ? '' : html`Nothing here is called
        “${this.wanted}”. Views, panels and commands are found by their letters, a commit by 4 digits of its sha, an event by its id.`}</p></dialog>`;
  }
}
customElements.define('egdb-palette', Palette);

const INSIDE = [['↑ ↓ Home End', 'Table: another row; Enter picks it'], ['→ ←', 'Table: into the cells of a row, and back; Enter opens a link'],
  ['> <', 'Table: sort by the next column; the other way round'],
  ['← →', 'Chart: read its values; Enter picks'], ['Shift ← →', 'Chart: mark; Enter looks closer'],
  ['← ↑ → ↓', 'Mosaic, graph: walk; Enter picks; mosaic: Shift marks']];

class Help extends Element {
  connectedCallback() {
    super.connectedCallback();
    this.until(addKey('?', 'This help', () => this.open()));
  }

  open() {
    this.requestUpdate();
    this.querySelector('dialog').showModal();
  }

  render() {
    const keys = [...allKeys(), ...INSIDE.map(([key, title]) => ({ key, title, group: 'Where the focus is' }))];
    return html`<dialog class="help" aria-label="Keys"><h2>Keys</h2>
      ${[...new Set(keys.map((entry) => entry.group))].map((group) =>
        html`<h3>${group}</h3><dl>${keys.filter((entry) => entry.group === group)
        .map((entry) => html`<div><dt><kbd>${entry.key}</kbd></dt><dd>${entry.title}</dd></div>`)}</dl>`)}
      <form method="dialog"><button>Close</button></form></dialog>`;
  }
}
customElements.define('egdb-help', Help);
