// The declared panels of some groups, one after another: what a view shows that has nothing of its own yet, or beside its own.
// groups: ['Runs', …]; except: names that the view draws itself.
import { panels } from '../lib/api.js';
import { Element, html, nothing } from '../lib/element.js';
import { Load } from '../lib/load.js';
import { problem } from './frame.js';
import './declared.js';

class Group extends Element {
  static properties = { groups: { attribute: false }, except: { attribute: false } };

  constructor() {
    super();
    this.groups = [];
    this.except = [];
    this.list = new Load(this, () => panels());
  }

  connectedCallback() {
    super.connectedCallback();
    this.list.go();
  }

  render() {
    if (this.list.state === 'error') return problem(this.list.error, () => this.list.go());
    if (!this.list.data) return nothing;
    const shown = this.list.data.filter((one) => this.groups.includes(one.group) && !this.except.includes(one.name));
    return html`<div class="grid">${shown.map((one) => html`<egdb-declared
      class=${one.draw.kind === 'timeline' ? 'wide' : ''} .declaration=${one}></egdb-declared>`)}</div>`;
  }
}
customElements.define('egdb-group', Group);
