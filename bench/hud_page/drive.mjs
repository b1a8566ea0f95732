// node drive.mjs elements|views URL ROUNDS: opens the page of bench/hud, or the HUD's own Delta Inspector and console, in Chromium, and prints a
// line of JSON: for each case the median of the first paint with all of it and of the longest task while it is used (of the views also while
// they are loaded), in ms. Playwright is that of tests/hud.
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../tests/hud/x.js', import.meta.url))('playwright-core');
const [, , what, url, rounds] = process.argv;
const browser = await chromium.launch({ executablePath: process.env.EGDB_CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 850 } });
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function sweep(selector) {
  const box = await page.locator(selector).boundingBox();
  for (let i = 0; i < 60; i++) await page.mouse.move(box.x + (box.width * i) / 60, box.y + (box.height * (i % 7)) / 7);
}

const USES = {
  chart: () => sweep('.u-over'),
  mosaic: () => sweep('canvas'),
  heat: () => sweep('canvas'),
  graph: async () => {
    await page.locator('svg.graph').focus();
    for (const key of ['Home', 'ArrowRight', ...Array(30).fill('ArrowDown'), 'ArrowRight', ...Array(30).fill('ArrowUp')]) await page.keyboard.press(key);
    await page.locator('.graph-scroll').hover();
    for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i % 3 ? 900 : -400);
  },
  table: async () => {
    await page.locator('.scroll').hover();
    for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i % 3 ? 900 : -400);
    await page.evaluate(() => (document.querySelector('.scroll').scrollTop = 2e6));
    await page.locator('.scroll').focus();
    for (const key of ['End', 'PageUp', 'Home', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    for (const column of ['n', 'sha', 'sha']) {
      const known = await page.evaluateHandle(() => document.querySelector('egdb-table').shown);
      await page.locator('.head button', { hasText: new RegExp(`^${column}\\b`) }).click();
      await page.waitForFunction((old) => document.querySelector('egdb-table').shown !== old, known);
    }
  },
};

async function elements(found) {
  await page.goto(url);
  await page.waitForFunction(() => globalThis.ready);
  for (const [name, use] of Object.entries(USES)) {
    const [paints, tasks] = [[], []];
    for (let i = 0; i < Number(rounds); i++) {
      paints.push(await page.evaluate((one) => globalThis.begin(one), name));
      await page.evaluate(() => globalThis.longestTask());
      await use();
      tasks.push(await page.evaluate(() => globalThis.longestTask()));
    }
    found[name] = { paint_ms: median(paints), task_ms: median(tasks) };
  }
}

// In the page: when all of the Inspector, or as many rows as the console was asked for, was painted; and the longest task since it began.
function watch() {
  globalThis.longest = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.longest = Math.max(globalThis.longest, entry.duration))))
    .observe({ type: 'longtask', buffered: true });
  const isConsole = () => document.querySelector('.console egdb-table .rows [role=row]');
  const isInspector = () => document.querySelectorAll('.bars li').length > 5 && document.querySelectorAll('egdb-table .rows [role=row]').length > 20 &&
    document.querySelector('egdb-mosaic')?.values && !document.querySelector('main [aria-busy=true]');
  const isWhole = () => isConsole() || isInspector();
  const look = () => (isWhole() ? requestAnimationFrame(() => (globalThis.whole = performance.now())) : requestAnimationFrame(look));
  requestAnimationFrame(look);
}

async function inspector(found) {
  const [paints, tasks] = [[], []];
  for (let i = 0; i < Number(rounds); i++) {
    await page.goto('about:blank');
    await page.goto(`${url}deltas?last=7d&repo=big`);
    await page.waitForFunction(() => globalThis.whole);
    paints.push(await page.evaluate(() => globalThis.whole));
    const box = await page.locator('egdb-mosaic canvas').boundingBox();
    await page.mouse.move(box.x + 20, box.y + 20);
    await page.mouse.down();
    for (let step = 1; step <= 40; step++) await page.mouse.move(box.x + 20 + 8 * step, box.y + 20 + 6 * step);
    await page.mouse.up();
    await page.waitForURL(/mark=/);
    tasks.push(await page.evaluate(longest));
  }
  found.inspector = { paint_ms: median(paints), task_ms: median(tasks) };
}

const longest = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(globalThis.longest))));

// 100,000 rows as the server answers them. The time of the page is told apart from that of the answer, which is the server's: from the
// answer's last byte until its rows are painted.
async function console_(found) {
  const [paints, shows, tasks] = [[], [], []];
  const query = 'SELECT tokens (created_utc, token, file, line, weight, symbol, module, sha) FROM all WHERE repo = wide LIMIT 100000';
  for (let i = 0; i < Number(rounds); i++) {
    await page.goto('about:blank');
    await page.goto(`${url}console?limit=100000&q=${encodeURIComponent(query)}`);
    await page.waitForFunction(() => globalThis.whole, null, { timeout: 120e3 });
    const [whole, came, rows] = await page.evaluate(() => [globalThis.whole,
      performance.getEntriesByType('resource').findLast((one) => one.name.endsWith('/v1/query')).responseEnd, document.querySelector('.console egdb-table').rows.length]);
    if (rows !== 100000) throw new Error(`${rows} rows`);
    paints.push(whole);
    shows.push(whole - came);
    const grid = page.getByRole('grid', { name: 'Rows' });
    await grid.hover();
    for (let step = 0; step < 60; step++) await page.mouse.wheel(0, step % 3 ? 900 : -400);
    const known = await page.evaluateHandle(() => document.querySelector('.console egdb-table').shown);
    await page.locator('.console .head button', { hasText: /^weight/ }).click();
    await page.waitForFunction((old) => document.querySelector('.console egdb-table').shown !== old, known);
    tasks.push(await page.evaluate(longest));
  }
  found.console = { all_ms: median(paints), paint_ms: median(shows), task_ms: median(tasks) };
}

async function views(found) {
  await page.addInitScript(watch);
  await inspector(found);
  await console_(found);
}

const found = {};
await { elements, views }[what](found);
await browser.close();
console.log(JSON.stringify(found));
