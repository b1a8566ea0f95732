// The parts of CodeMirror that the editor is made of: loaded with the first editor. Words are coloured as an eye would, by their looks
// alone (texts, numbers, words in capitals); what is right and what fits is told by who uses the editor.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap,
  startCompletion } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { HighlightStyle, StreamLanguage, bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { EditorView, drawSelection, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const looks = StreamLanguage.define({
  token(stream) {
    if (stream.match(/^"(?:[^"\\]|\\.)*"(?=\s*:)/)) return 'propertyName';
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^']|'')*'?/)) return 'string';
    if (stream.match(/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b/) || stream.match(/^(?:true|false|null)\b/)) return 'number';
    if (stream.match(/^\$\w+/)) return 'variableName';
    if (stream.match(/^[A-Z]{2,}\b/)) return 'keyword';
    if (!stream.match(/^[\w.]+/)) stream.next();
    return null;
  },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' }, { tag: tags.string, color: 'var(--good)' },
    { tag: tags.number, color: 'var(--warn)' },
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' }, { tag: tags.variableName, color: 'var(--series-5)' },
]);

const frame = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--ground)', border: '1px solid var(--edge)',
    borderRadius: 'var(--radius)', fontSize: '13.5px' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--plane)', color: 'var(--ink-2)', border: 'none' },
  '.cm-placeholder': { color: 'var(--ink-2)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--at)' },
  '.cm-tooltip': { backgroundColor: 'var(--plane)', color: 'var(--ink)', border: '1px solid var(--edge)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--at)', color: 'var(--ink)' },
  '.cm-completionDetail': { color: 'var(--ink-2)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn)' },
});

// What is typed over a selection is taken here: the browser itself would keep the old text's looks by a style attribute, which the content
// policy forbids.
function typedOver(event, view) {
  const { from, to } = view.state.selection.main;
  if (event.inputType !== 'insertText' || from === to || event.isComposing || event.data === null || view.state.readOnly) return false;
  event.preventDefault();
  const plain = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: 'input.type' });
  if (!view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, event.data, plain))) view.dispatch(plain());
  return true;
}

// parent: where it goes; root: the shadow root, which gets its styles. complete(text, caret, signal), when given, answers {from, options}.
export function makeEditor({ parent, root, value, label, hint, readonly, complete, onChange, onSubmit }) {
  const editable = new Compartment();
  const source = async (context) => {
    const abort = new AbortController();
    context.addEventListener('abort', () => abort.abort());
    try {
      return await complete(context.state.doc.toString(), context.pos, abort.signal);
    } catch {
      return null; // the diagnostics say what is wrong
    }
  };
  const view = new EditorView({
    root,
    parent,
    state: EditorState.create({
      doc: value,
      extensions: [
        lineNumbers(), lintGutter(), EditorView.domEventHandlers({ beforeinput: typedOver }), history(), drawSelection(),
          bracketMatching(), closeBrackets(), EditorView.lineWrapping, frame, looks,
        syntaxHighlighting(colours),
        complete ? autocompletion({ override: [source], activateOnTyping: true }) : [],
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run: () => (onSubmit(), true) }, { key: 'Tab', run: acceptCompletion }])),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        hint ? placeholder(hint) : [],
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
        editable.of(EditorState.readOnly.of(readonly)),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    get caret() { return view.state.selection.main.head; },
    set(text) {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    select(from, to = from) {
      view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
    },
    insert(text) {
      view.dispatch(view.state.replaceSelection(text));
    },
    diagnose(list) {
      const end = view.state.doc.length;
      const inside = list.map((one) => ({ severity: 'error', ...one, from: Math.min(one.from, end),
        to: Math.min(Math.max(one.to, one.from), end) }));
      view.dispatch(setDiagnostics(view.state, inside));
    },
    setReadonly: (is) => view.dispatch({ effects: editable.reconfigure(EditorState.readOnly.of(is)) }),
    complete: () => startCompletion(view),
    destroy: () => view.destroy(),
  };
}
