// Dark or light: what the reader chose, or else what the system says. Colours are CSS variables; a canvas asks for them here.
const KEY = 'egdb-theme';
const system = matchMedia('(prefers-color-scheme: light)');

class Theme extends EventTarget {
  constructor() {
    super();
    system.addEventListener('change', () => this.#apply());
    this.#apply();
  }

  get chosen() {
    return localStorage.getItem(KEY) ?? 'system';
  }

  get now() {
    return document.documentElement.dataset.theme;
  }

  choose(name) {
    if (name === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
    this.#apply();
  }

  toggle() {
    this.choose(this.now === 'dark' ? 'light' : 'dark');
  }

  #apply() {
    document.documentElement.dataset.theme = this.chosen === 'system' ? (system.matches ? 'light' : 'dark') : this.chosen;
    this.dispatchEvent(new Event('theme'));
  }
}

export const theme = new Theme();

export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// The colours of series, in order; told apart by the colour-blind (Okabe and Ito), with a dash for each round.
export const SERIES = 7;
export const seriesColor = (i) => color(`series-${(i % SERIES) + 1}`);
export const seriesDash = (i) => [[], [8, 4], [2, 3], [8, 3, 2, 3]][Math.floor(i / SERIES) % 4];

// A scale from little to much, of even steps in lightness: part 0…1 to [r, g, b].
const STOPS = {
  dark: [[24, 38, 58], [30, 84, 116], [42, 138, 138], [142, 190, 98], [253, 231, 90]],
  light: [[236, 242, 247], [160, 200, 214], [74, 148, 170], [44, 92, 140], [44, 34, 92]],
};

export function heatColor(part) {
  const stops = STOPS[theme.now] ?? STOPS.dark;
  const at = Math.max(0, Math.min(1, part)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  return stops[i].map((low, c) => Math.round(low + (at - i) * (stops[i + 1][c] - low)));
}
