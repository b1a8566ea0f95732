// JSON texts with their places: where the value of each JSON Pointer stands, and the patch that makes one value of another.
const SPACE = /[ \t\r\n]*/y;
const SCALAR = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

const escaped = (name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

function skip(pattern, text, at) {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found ? found[0].length : 0;
}

// Map from pointer to {from, to} in text. Stops quietly where the text is not JSON any more.
export function places(text) {
  const found = new Map();
  const value = (start, pointer) => {
    let at = start + skip(SPACE, text, start);
    const from = at;
    const open = text[at];
    if (open === '{' || open === '[') {
      const close = open === '{' ? '}' : ']';
      at += 1 + skip(SPACE, text, at + 1);
      for (let i = 0; text[at] !== close; i++) {
        let name = i;
        if (open === '{') {
          const long = skip(SCALAR, text, at);
          if (!long) return -1;
          name = JSON.parse(text.slice(at, at + long));
          at += long + skip(SPACE, text, at + long);
          if (text[at] !== ':') return -1;
          at += 1;
        }
        at = value(at, `${pointer}/${escaped(name)}`);
        if (at < 0) return -1;
        at += skip(SPACE, text, at);
        if (text[at] === ',') at += 1 + skip(SPACE, text, at + 1);
        else if (text[at] !== close) return -1;
      }
      at += 1;
    } else {
      const long = skip(SCALAR, text, at);
      if (!long) return -1;
      at += long;
    }
    found.set(pointer, { from, to: at });
    return at;
  };
  try {
    value(0, '');
  } catch {
    // a name that is no text: what was found until here counts
  }
  return found;
}

// The place of a pointer, or of the nearest value around it; the whole text when there is none.
export function placeOf(found, pointer, text) {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const place = found.get(at);
    if (place) return place;
    if (!at.includes('/')) return { from: 0, to: Math.max(0, text.length) };
  }
}

// Line and column, from 1, of an offset; and the other way round.
export function offsetOf(text, line, column) {
  let at = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf('\n', at);
    if (next < 0) break;
    at = next + 1;
  }
  return Math.min(text.length, at + column - 1);
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// A JSON Patch (RFC 6902) that makes b of a. Arrays of different lengths are replaced whole.
export function patchOf(a, b, path = '') {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) return a.flatMap((one, i) => patchOf(one, b[i], `${path}/${i}`));
  if (!isObject(a) || !isObject(b)) return [{ op: 'replace', path, value: b }];
  const ops = [];
  for (const name of Object.keys(a)) if (!(name in b)) ops.push({ op: 'remove', path: `${path}/${escaped(name)}` });
  for (const [name, value] of Object.entries(b)) {
    const at = `${path}/${escaped(name)}`;
    if (!(name in a)) ops.push({ op: 'add', path: at, value });
    else ops.push(...patchOf(a[name], value, at));
  }
  return ops;
}
