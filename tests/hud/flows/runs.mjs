// Runs, by clicks and keys: which run is slow and at which step, what is usual, two runs side by side, since when a step is slower. The URL
// has all of it; what is missing is a gap, not 0.
export default async function runs({ open, settled, eventually, sound, assert, allow }) {
  const page = await open('runs?last=7d');
  const list = page.getByRole('grid', { name: 'Runs', exact: true });
  const cells = async (grid, text) => (await grid.getByRole('row').filter({ hasText: text }).getByRole('gridcell').allInnerTexts()).map((one) => one.trim());
  const shows = (grid, text, expected, from = 0) => eventually(async () => (await cells(grid, text)).slice(from, from + expected.length), expected);
  const asked = (name, expected) => eventually(() => new URL(page.url()).searchParams.get(name), expected);
  await list.getByText('nightly-039').waitFor();
  await page.getByText('Choose a run').waitFor();

  // A run that failed: the list is narrowed to it. A run without an end has no duration.
  await page.getByLabel('status').selectOption('error');
  await list.getByText('nightly-005').waitFor();
  await eventually(() => list.getByRole('row').count(), 2);
  await page.getByLabel('status').selectOption('');
  await list.getByText('nightly-039').waitFor(); // all are there again
  await settled(page);

  // A commit by the digits that are shown of it; what cannot be one is told.
  const sha = page.getByLabel('commit', { exact: true });
  await sha.fill((await list.getByRole('row').nth(2).getByRole('gridcell').last().innerText()).slice(0, 8));
  await sha.press('Enter');
  await page.waitForURL(/sha=/);
  await list.getByText('nightly-039').waitFor();
  await sha.fill('main');
  await sha.press('Enter');
  await page.getByText('A commit is found by its sha, or by its first 4 digits or more: main is neither').waitFor();
  allow(/422/);
  await sha.fill('deadbeef');
  await sha.press('Enter');
  await page.getByText(/no commit is known that begins with deadbeef|No run of commit deadbeef began/i).waitFor();
  await sha.fill('');
  await sha.press('Enter');
  await list.getByText('nightly-039').waitFor();
  await settled(page);

  // The list is one stop of the Tab key, its last column is seen; → leads to the commit, Enter follows it.
  assert.ok(await list.evaluate((grid) => grid.scrollWidth <= grid.clientWidth), 'a column is cut');
  await list.focus();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('egdb-table')?.label ?? ''), '', 'one stop');
  await list.focus();
  await page.keyboard.press('ArrowDown');
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
  await eventually(() => list.evaluate((grid) => document.getElementById(grid.getAttribute('aria-activedescendant'))?.matches('.here:last-child')), true);
  await page.keyboard.press('Enter');
  await page.waitForURL(/deltas\?.*sha=/);
  await page.goBack();
  await list.getByText('nightly-039').waitFor();
  await settled(page);
  await list.focus();
  for (let i = 0; i < 2; i++) await page.keyboard.press('End');
  await list.getByText('nightly-003').waitFor();
  await shows(list, 'nightly-003', ['… no end yet'], 1);
  await shows(list, 'nightly-003', ['∅'], 3);

  // By keyboard to the newest of the nightly ones: its steps, with the slow one marked.
  await page.keyboard.press('Home');
  for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const steps = page.getByRole('grid', { name: 'Steps', exact: true });
  await steps.getByText('report').waitFor();
  await asked('run', 'nightly-039');
  await shows(steps, 'parse', ['1', 'parse', '260 ms', '102 ms', '260 ms', '× 2.55', '▲ slower']);
  await shows(steps, 'report', ['19 ms', '∅', '∅', '∅', ''], 2);
  await eventually(() => page.locator('svg.timeline[aria-label="Steps of the run"] g.bad rect').count(), 1);
  await eventually(() => page.locator('svg.timeline[aria-label="Steps of the run"] rect').count(), 5);

  // c compares with the run before it: what it lacks is a gap.
  await page.keyboard.press('c');
  const two = page.getByRole('grid', { name: 'Two runs' });
  await two.getByText('report').waitFor();
  await eventually(() => cells(two, 'store'), ['store', '34 ms', '∅', '∅', '∅']);
  await eventually(() => cells(two, 'check'), ['check', '64 ms', '63 ms', '+1 ms', '× 1.02']);
  await asked('with', 'nightly-038');

  // Another run to compare with, by a click; reload and back keep what is shown.
  await page.getByRole('link', { name: 'compare with nightly-035' }).click();
  await two.getByRole('columnheader', { name: 'nightly-035' }).waitFor();
  await eventually(() => cells(two, 'parse'), ['parse', '260 ms', '100 ms', '+160 ms', '× 2.6']);
  await page.reload();
  await two.getByRole('columnheader', { name: 'nightly-035' }).waitFor();
  await page.goBack();
  await two.getByRole('columnheader', { name: 'nightly-038' }).waitFor();

  // Over time: the step that became slower is marked; it is the one that is drawn first; another is one click away.
  const trend = page.getByRole('grid', { name: 'Steps over time' });
  await shows(trend, 'parse', ['260 ms'], 1);
  const parse = await cells(trend, 'parse');
  assert.match(parse[4], /^▲ \d{4}-/);
  await shows(trend, 'load', [''], 4);
  await trend.getByRole('link', { name: 'load' }).click();
  await page.getByRole('heading', { name: 'load', exact: true }).waitFor();
  await asked('step', 'load');
  await page.locator('egdb-chart canvas').first().waitFor();
  await settled(page);

  // A run far down in the list is brought into sight.
  await page.goto(page.url().replace(/\?.*/, '?last=7d&run=nightly-006'));
  await list.getByText('nightly-006').waitFor();
  await page.goBack();
  await list.getByText('nightly-039').waitFor();
  await settled(page);

  // What the server refuses is told as it tells it; when it passes, the rows come by themselves.
  allow(/503/);
  await page.route('**/v1/panels/runs?*', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"busy","detail":"Too much at once."}' }));
  await page.getByLabel('Time range').selectOption('30d');
  await page.getByRole('region', { name: 'Runs', exact: true }).getByText('Too much at once.').waitFor(); // and what was asked before stays
  await page.unroute('**/v1/panels/runs?*');
  await page.locator('section[aria-label=Runs][data-state=ready]').waitFor();

  // So does an answer that breaks off.
  await page.route('**/v1/panels/runs?*', (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"columns":[],"rows":[' }));
  await page.getByLabel('Time range').selectOption('7d');
  await page.getByRole('region', { name: 'Runs', exact: true }).getByText('The server’s answer broke off.').waitFor();
  await page.unroute('**/v1/panels/runs?*');
  await page.locator('section[aria-label=Runs][data-state=ready]').waitFor();
  await list.getByText('nightly-039').waitFor();

  // An empty range says so.
  await sound(page, 'runs, a pair');
  await page.setViewportSize({ width: 390, height: 850 });
  await sound(page, 'runs, a pair, narrow');
  await page.goto(page.url().replace(/\?.*/, '?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z'));
  await page.getByText('No run began in this range.').waitFor();
}
