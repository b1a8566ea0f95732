// Runs one flow in a real browser against a running server: node driver.mjs flows/NAME.mjs URL [JSON]. A flow is a default export,
// async ({open, settled, eventually, url, data, browser, …}) => …; the exit code is 1 when it fails, or when a page broke its content policy or
// wrote an error to its console. What a page shows after something was done comes when it comes: a flow waits for it (eventually), and
// looks once only at what has settled.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
const SHOWN_MS = 60e3; // a right page on a slow machine
const LOOK_MS = 50;
const SHIFT_MOST = 0.05; // of what is seen, and how far, together: the browser's own measure, of which 0.1 counts as good

const [, , file, url, json = '{}'] = process.argv;
const profile = mkdtempSync(join(tmpdir(), 'egdb-hud-'));
const faults = [];
let allowed = [];

function watch(page) {
  page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url ?? ''}`;
    if (['error', 'warning'].includes(message.type()) && !allowed.some((one) => one.test(text))) faults.push(`${page.url()}: ${text}`);
  });
}

// Where a breach of the content policy came from, which the browser's own message does not say.
function tellViolations() {
  document.addEventListener('securitypolicyviolation', (event) => console.error('content policy:', event.violatedDirective, event.sourceFile,
    `${event.lineNumber}:${event.columnNumber}`, event.target?.outerHTML?.slice(0, 300)));
}

// How much of the page has moved by itself since it was opened, and what.
function tellShifts() {
  globalThis.shifts = [];
  new PerformanceObserver((list) => list.getEntries().filter((entry) => !entry.hadRecentInput).forEach((entry) => globalThis.shifts.push({
    value: entry.value, nodes: entry.sources.map(({ node, previousRect: from, currentRect: to }) => `${node?.parentElement?.localName} ${node?.localName ?? node?.nodeName} ` +
      `${node?.className ?? ''} ${node?.getAttribute?.('aria-label') ?? ''}: ${[from, to].map((at) => `${at.x},${at.y} ${at.width}×${at.height}`).join(' → ')}`),
  }))).observe({ type: 'layout-shift', buffered: true });
}

// A page of its own, without what other pages of the flow keep, unless `context` is given.
async function open(path, { theme = 'dark', width = 1280, height = 850, context, token } = {}) {
  const own = context ?? (await browser.newContext({ viewport: { width, height }, colorScheme: theme, timezoneId: 'Europe/Warsaw', locale: 'en-GB' }));
  own.setDefaultTimeout(SHOWN_MS);
  if (token) await own.addInitScript((value) => sessionStorage.setItem('egdb-token', value), token);
  const page = await own.newPage();
  await page.addInitScript(tellViolations);
  await page.addInitScript(tellShifts);
  watch(page);
  await page.goto(`${url}/hud/${path}`);
  return page;
}

// Until look() answers what is expected: a value, or an expression that a text matches. At the end of the patience the difference is the error.
async function eventually(look, expected, message) {
  const judge = expected instanceof RegExp ? assert.match : assert.deepEqual;
  for (const end = Date.now() + SHOWN_MS; ; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    try {
      return judge(await look(), expected, message);
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

// Until nothing on the page loads any more.
async function settled(page) {
  await page.locator('main h1').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"], main [data-state="loading"]') &&
    ![...document.querySelectorAll('main [role=status]')].some((one) => one.textContent === 'Loading'));
}

// No serious or critical finding, and nothing that sticks out of the window; every panel says the command that asks the same, every time is UTC.
async function sound(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { preload: false, resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }));
  const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  assert.deepEqual(serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 200)).slice(0, 3).join(' | ')}`), [], `axe on ${where}`);
  await eventually(() => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)), 0, `px by which ${where} sticks out of its window`);
  const without = (list) => list.filter((panel) => !panel.querySelector('egdb-copy')).map((panel) => panel.ariaLabel);
  assert.deepEqual(await page.locator('main .panel[aria-busy]').evaluateAll(without), [], `panels of ${where} without "copy as curl"`);
  const other = (list) => list.filter((time) => !time.dateTime.startsWith(time.textContent.trim().replace(' ', 'T'))).map((time) => time.outerHTML);
  assert.deepEqual(await page.locator('main time').evaluateAll(other), [], `times of ${where} that are not shown in UTC`);
}

// What was there first has not been pushed about by what came later.
async function still(page, where) {
  const shifts = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(globalThis.shifts)))));
  const sum = shifts.reduce((all, { value }) => all + value, 0);
  assert.ok(sum <= SHIFT_MOST, `${where} shifts by ${sum.toFixed(3)} while it loads: ${JSON.stringify(shifts, null, 1)}`);
  if (process.env.EGDB_HUD_SHIFTS && sum > 0) console.error(where, sum.toFixed(3), JSON.stringify(shifts, null, 1));
}

// Pictures for whoever looks: EGDB_HUD_PICTURES names a folder.
async function picture(page, name) {
  const folder = process.env.EGDB_HUD_PICTURES;
  if (!folder) return;
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

const browser = await chromium.launch({ executablePath: process.env.EGDB_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: ARGS, timeout: 2 * SHOWN_MS,
  env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile } });
let code = 0;
try {
  const flow = await import(pathToFileURL(file));
  await flow.default({ browser, open, settled, eventually, sound, still, picture, url, assert, data: JSON.parse(json), allow: (pattern) => (allowed = [...allowed, pattern]) });
  assert.deepEqual(faults, []);
} catch (error) {
  code = 1;
  console.error(error.stack ?? error);
  for (const fault of faults) console.error(`in the page: ${fault}`);
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(code);
