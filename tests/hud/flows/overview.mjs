// Overview: what is on fire in figures that can be worked out by hand, each leading to its view; gates that did not pass; the time range
// counts; the server's absence is told and old figures stay; the rate is that of this server.
const tile = (page, title) => page.locator('.tile', { has: page.locator('.title', { hasText: title }) });
const figure = async (page, title) => (await tile(page, title).locator('.figure').innerText()).replace(/[^\w]+/g, '');

export default async function overview({ open, settled, eventually, sound, picture, url, assert, data, allow }) {
  const page = await open('');
  const shows = (title, expected) => eventually(() => figure(page, title), expected);
  const state = (title, expected) => eventually(() => tile(page, title).getAttribute('data-state'), expected);
  await settled(page);
  await shows('Server', 'ready');
  await shows('Gates', '2');
  await eventually(() => tile(page, 'Gates').locator('.text').innerText(), 'blocked; 2 warned, 1 passed');
  await shows('Security backlog', '2');
  await eventually(() => tile(page, 'Security backlog').locator('.text').innerText(), 'critical or high, of 4 open');
  await shows('Drift', '1');
  await shows('Dead letters', '2');
  await state('Gates', 'bad');

  // Every event of the range is in a bucket.
  await page.locator('egdb-chart[label="Events over time"] canvas').waitFor();
  const asked = await (await fetch(`${url}/v1/query?q=${encodeURIComponent('SELECT events (count() AS n) FROM all LAST 24h')}`)).json();
  await eventually(() => page.evaluate(() => document.querySelector('egdb-chart[label="Events over time"]').data.series.flatMap((one) => one.values.slice(0, -1))
    .reduce((sum, n) => sum + n, 0)), asked.rows[0][0]);

  // The block of a hundred days ago comes with the range.
  const gates = page.locator('egdb-table[label="Gates that did not pass"] .rows [role=row]');
  await eventually(() => gates.count(), 4);
  await page.getByLabel('Time range').selectOption('52w');
  await page.waitForURL(/last=52w/);
  await page.waitForFunction(() => document.querySelector('egdb-table[label="Gates that did not pass"]')?.rows.length === 5);
  await shows('Gates', '3');
  await sound(page, 'the overview');
  await picture(page, 'overview');

  // Tiles lead on, and the range goes along; the view says the same of the same.
  await tile(page, 'Security backlog').locator('a').click();
  await page.locator('h1', { hasText: 'Security' }).waitFor();
  await eventually(() => page.url(), /last=52w/);
  const severities = page.getByRole('list', { name: 'Severity' }).locator('li');
  await eventually(async () => (await severities.allTextContents()).map((one) => one.replace(/\s+/g, ' ').trim()), ['CRITICAL 1', 'HIGH 1', 'MEDIUM 0', 'LOW 2']);
  await page.goBack();
  await gates.first().waitFor();

  // A declared panel leads on too: a topic to its events, a commit to the Inspector.
  const leads = (look) => look.first().evaluate((link) => (link.href.baseVal ?? link.href).replace(/^.*\/hud/, '/hud'));
  await eventually(() => leads(page.getByRole('list', { name: 'What happened lately' }).getByRole('link', { name: 'run.started@v1' })), /^\/hud\/events\?.*topic=run\.started%40v1/);
  await eventually(() => leads(page.locator('svg.timeline[aria-label="Commits"] a')), /^\/hud\/deltas\?.*sha=[ab]{40}/);

  // A row by the keyboard leads to its commit.
  await page.locator('egdb-table[label="Gates that did not pass"] [role=grid]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/hud\/deltas\?.*sha=b{40}/);
  await page.goBack();
  await gates.first().waitFor();

  // Without its server the page keeps what it had, and says so; then it goes on by itself.
  allow(/ERR_|503/);
  await settled(page);
  await fetch(data.control, { method: 'POST', body: 'stop' });
  await page.getByLabel('Time range').selectOption('7d');
  await page.locator('section[aria-label="Gates that did not pass"][data-state=stale]').waitFor();
  await eventually(() => gates.count(), 5);
  await state('Gates', 'stale');
  await shows('Gates', '3');
  await picture(page, 'overview-without-server');
  await fetch(data.control, { method: 'POST', body: 'start' });
  await page.locator('section[aria-label="Gates that did not pass"][data-state=ready]').waitFor();
  await page.waitForFunction(() => document.querySelector('egdb-table[label="Gates that did not pass"]')?.rows.length === 4);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
}
