// node drive.mjs URL ROUNDS: opens the page of bench/hud in Chromium, and prints a line of JSON: for each case the median of the first paint and
// of the longest task while it is used, in ms. Playwright is that of tests/hud.
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../tests/hud/x.js', import.meta.url))('playwright-core');
const [, , url, rounds] = process.argv;
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
  },
};

await page.goto(url);
await page.waitForFunction(() => globalThis.ready);
const found = {};
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
await browser.close();
console.log(JSON.stringify(found));
