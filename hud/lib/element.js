// The base of every element of the page. It renders into itself, not into a shadow root: one style sheet and one set of ids for the whole
// page, which is what labels, keyboard focus and the strict content policy ask for. Only the editor has a shadow root.
import { LitElement } from 'lit';

export class Element extends LitElement {
  createRenderRoot() {
    return this;
  }

  // What ends when the element leaves the page: el.until(stop) keeps a function that undoes something.
  until(stop) {
    (this._stops ??= []).push(stop);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const stop of this._stops ?? []) stop();
    this._stops = [];
  }
}

export { html, nothing, svg } from 'lit';
