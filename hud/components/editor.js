// A text editor, CodeMirror in a shadow root. value: the text, also later; diagnostics: [{from, to, message, severity}]; complete(text,
// caret, signal): see codemirror.js; label, hint, readonly. Events: `change` (detail: the text), `submit` (Ctrl-Enter). `editor` is what
// codemirror.js answers, when it is there: `await el.ready`.
import { LitElement, css, html } from 'lit';

let code = null;
const load = () => (code ??= import('./codemirror.js'));

class Editor extends LitElement {
  static properties = { value: {}, diagnostics: { attribute: false }, complete: { attribute: false }, label: {}, hint: {},
    readonly: { type: Boolean } };

  static styles = css`
    :host { display: block; min-height: 6.2em; }
    .cm-editor { min-height: 6.2em; max-height: var(--editor-most, 60vh); }
    p { color: var(--ink-2); margin: 0.4rem 0; }
  `;

  constructor() {
    super();
    Object.assign(this, { value: '', diagnostics: [], label: 'editor', hint: '', readonly: false });
    this.ready = new Promise((done) => (this.done = done));
  }

  async firstUpdated() {
    const { makeEditor } = await load();
    if (!this.isConnected || this.editor) return;
    this.renderRoot.querySelector('p').remove();
    this.editor = makeEditor({
      parent: this.renderRoot, root: this.renderRoot, value: this.value, label: this.label, hint: this.hint, readonly: this.readonly,
      complete: this.complete,
      onChange: (text) => {
        this.value = text;
        this.dispatchEvent(new CustomEvent('change', { detail: text, bubbles: true }));
      },
      onSubmit: () => this.dispatchEvent(new CustomEvent('submit', { bubbles: true })),
    });
    this.editor.diagnose(this.diagnostics);
    this.done();
  }

  updated(changed) {
    if (!this.editor) return;
    if (changed.has('value')) this.editor.set(this.value);
    if (changed.has('readonly')) this.editor.setReadonly(this.readonly);
    if (changed.has('diagnostics')) this.editor.diagnose(this.diagnostics);
  }

  focus() {
    this.ready.then(() => this.editor.focus());
  }

  // Drawn once: CodeMirror owns what is inside.
  render() {
    return html`<p>Loading the editor</p>`;
  }
}
customElements.define('egdb-editor', Editor);
