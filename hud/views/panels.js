// All declared panels by group (/hud/panels), one group (?group=), or one panel alone (/hud/panel?name=).
import { panels } from '../lib/api.js';
import { Element, html } from '../lib/element.js';
import { Load } from '../lib/load.js';
import { Route, router } from '../lib/router.js';
import { problem } from '../components/frame.js';
import '../components/declared.js';

export default class Panels extends Element {
  constructor() {
    super();
    this.route = new Route(this);
    this.list = new Load(this, () => panels());
  }

  connectedCallback() {
    super.connectedCallback();
    this.list.go();
  }

  #one(name) {
    const declaration = this.list.data.find((one) => one.name === name);
    if (!declaration) return html`<p class="empty">No panel is called ${name}.</p>`;
    return html`<div class="grid one"><egdb-declared .declaration=${declaration} alone></egdb-declared></div>`;
  }

  #all(group) {
    const groups = [...new Set(this.list.data.map((one) => one.group))].filter((name) => !group || name === group);
    return groups.map((name) => html`<h2 class="group"><a href=${router.href('panels', { group: name })}>${name}</a></h2>
      <ul class="cards">${this.list.data.filter((one) => one.group === name).map((one) => html`<li>
        <a href=${router.href('panel', { name: one.name })}>${one.title}</a> <span class="tag">${one.draw.kind}</span>
        <p>${one.description}</p></li>`)}</ul>`);
  }

  render() {
    const { view, query } = router.current;
    const title = view === 'panel' ? this.list.data?.find((one) => one.name === query.name)?.title ?? 'Panel' : query.group ?? 'All panels';
    const body = this.list.state === 'error' ? problem(this.list.error, () => this.list.go())
      : !this.list.data ? html`<p role="status">Loading</p>`
      : view === 'panel' ? this.#one(query.name) : this.#all(query.group);
    return html`<h1>${title}</h1>${body}`;
  }
}
