// Small helpers of the DOM: CSS variables without style attributes (which the content policy forbids in markup), and the clipboard.
import { nothing } from 'lit';
import { Directive, PartType, directive } from 'lit/directive.js';

class Vars extends Directive {
  constructor(part) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error('vars() stands alone in a tag');
  }

  render() {
    return nothing;
  }

  update(part, [values]) {
    for (const [name, value] of Object.entries(values)) {
      if (value === null || value === undefined) part.element.style.removeProperty(name);
      else part.element.style.setProperty(name, String(value));
    }
    return nothing;
  }
}

// <div ${vars({ '--part': 0.3, width: '10px' })}>: sets style properties through the object model.
export const vars = directive(Vars);

// Answers whether the text is in the clipboard now. Where the browser has none (plain HTTP on another host), a selection does it.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'off-screen';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

// Hands over a file that the page made.
export function save(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Whether a key event goes into a field, where single letters are text.
export function isTyping(event) {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function debounce(ms, run) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), ms);
  };
}
