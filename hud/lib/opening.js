// When a panel may take the height that its answer needs, without moving what is looked at: while a view opens, which shows itself when its
// first answers are there, or after a moment; and right behind what the reader did. What is answered later keeps the height that stood.
const VEIL_MS = 350;
const ACT_MS = 400; // what moves within 500 ms of a key or a click is meant, as browsers count it
const LOOK_MS = 16; // what was answered may ask for more

let show = null; // of the view that opens
let asked = 0;
let acted = -Infinity;

for (const name of ['pointerdown', 'keydown', 'change']) {
  addEventListener(name, () => (acted = performance.now()), { capture: true, passive: true });
}

function end(of) {
  if (show !== of) return;
  show = null;
  of();
}

// A view begins; `seen` is called when it is to be seen. One that begins before another is seen is over.
export function open(seen) {
  show = seen;
  setTimeout(() => end(seen), VEIL_MS);
  look();
}

function look() {
  const of = show;
  if (of && !asked) setTimeout(() => asked || end(of), LOOK_MS);
}

// Something is asked; what it answers is to be called when it is answered, or given up.
export function ask() {
  let over = false;
  asked++;
  return () => {
    if (over) return;
    over = true;
    asked--;
    look();
  };
}

export const mayMove = () => show !== null || performance.now() - acted < ACT_MS;
