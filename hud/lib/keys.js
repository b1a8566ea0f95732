// The keyboard: one table of keys, which the help (?) lists, and the commands of the palette (Ctrl-K).
import { isTyping } from './dom.js';

const keys = []; // [{key: 'y' or 'g e', title, run, group}]
const commands = []; // [{title, hint, run}]
let begun = '';
let begunTimer = 0;

// Each answers a function that takes it away.
export function addKey(key, title, run, group = 'Everywhere') {
  const entry = { key, title, run, group };
  keys.push(entry);
  return () => keys.splice(keys.indexOf(entry), 1);
}

export function addCommand(title, run, hint = '') {
  const entry = { title, run, hint };
  commands.push(entry);
  return () => commands.splice(commands.indexOf(entry), 1);
}

export const allKeys = () => [...keys];
export const allCommands = () => [...commands];

// Who closed by a key what had the focus goes on in the list beside it, or at the beginning of the view.
function keepFocus(before) {
  if (before.isConnected || document.activeElement !== document.body) return;
  (document.querySelector('main [role=grid]') ?? document.querySelector('main'))?.focus({ preventScroll: true });
}

function onKey(event) {
  if (event.defaultPrevented || event.altKey) return;
  const ctrl = event.ctrlKey || event.metaKey;
  const pressed = (ctrl ? 'Ctrl-' : '') + (event.key.length === 1 ? (ctrl ? event.key.toUpperCase() : event.key) : event.key);
  if (!ctrl && (isTyping(event) || document.querySelector('dialog[open]'))) return;
  const whole = begun ? `${begun} ${pressed}` : pressed;
  const found = keys.findLast((entry) => entry.key === whole); // a view's own key goes before the page's
  clearTimeout(begunTimer);
  begun = '';
  if (found) {
    const { activeElement } = document;
    if (found.run(event) !== false) event.preventDefault();
    requestAnimationFrame(() => requestAnimationFrame(() => keepFocus(activeElement)));
  } else if (keys.some((entry) => entry.key.startsWith(`${whole} `))) {
    begun = whole;
    begunTimer = setTimeout(() => (begun = ''), 1500);
  }
}

document.addEventListener('keydown', onKey);
