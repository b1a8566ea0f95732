// The shell: views are URLs, the time range goes along and freezes, the keyboard reaches everything, a declared panel appears by itself.
// What is answered while the view opens takes the height that it needs; what is answered later, the one that was kept: so nothing moves.
async function heights({ browser, open, settled, still, eventually }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 850 } });
  await context.addInitScript(() => {
    const real = globalThis.setTimeout;
    globalThis.setTimeout = (run, ms, ...rest) => real(run, ms === 350 ? 60e3 : ms, ...rest);
  });
  const close = (page) => page.locator('main .panel[aria-busy]').evaluateAll((list) => list.map((one) => one.classList.contains('close')));
  const quick = await open('', { context });
  await settled(quick);
  await eventually(() => quick.locator('main.opening').count(), 0);
  await eventually(async () => (await close(quick)).filter((one) => !one).length, 0);
  await still(quick, 'what is answered at once');
  await quick.route('**/v1/query', () => {}); // never answers: what stands there stays as it is
  await quick.getByLabel('Time range').selectOption('7d');
  await quick.locator('.panel.close[data-state=asking]').first().waitFor();
  await context.close();

  const other = await browser.newContext({ viewport: { width: 1280, height: 850 } });
  let answer;
  await other.route('**/v1/query', async (route) => {
    if (!route.request().postData().includes('violations')) return route.continue();
    await new Promise((done) => (answer = done));
    return route.continue();
  });
  const late = await open('', { context: other });
  const gates = late.locator('section[aria-label="Gates that did not pass"]');
  await gates.locator('.skeleton').waitFor();
  await eventually(() => late.locator('main.opening').count(), 0);
  answer();
  await gates.locator('[role=row]').nth(1).waitFor();
  await settled(late);
  await eventually(() => gates.evaluate((one) => [one.classList.contains('close'), one.querySelector('.body').clientHeight >= 200]), [false, true]);
  await still(late, 'what is answered late');
  await other.close();
}

// What the URL says is what is shown, or what is wrong with it: no other range, no other commits.
async function ranges({ open, settled, eventually, sound, url, assert }) {
  const page = await open('runs?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z', { width: 390 });
  await page.getByText('No run began in this range.').waitFor();
  const edge = (name) => page.getByLabel(`${name}, UTC`);
  const asked = () => [...new URL(page.url()).searchParams].map(([name, value]) => `${name}=${value}`).join('&');

  // Narrow: title and fields stand apart, each field whole.
  const bar = await page.locator('header.bar').boundingBox();
  const title = await page.locator('h1').boundingBox();
  assert.ok(title.y >= bar.y + bar.height, `the title, at ${title.y}, lies under the bar`);
  for (const name of ['from', 'to']) await eventually(() => edge(name).evaluate((field) => field.scrollWidth <= field.clientWidth && field.clientWidth > 200), true);
  await sound(page, 'an absolute range, narrow');

  // Moved on, the first edge first: the range stays until both fit.
  await edge('from').fill('2001-01-05T00:00:00');
  await page.locator('.range [role=alert]').getByText('The range ends before it begins').waitFor();
  assert.match(await edge('from').inputValue(), /^2001-01-05T00:00/);
  assert.equal(asked(), 'from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z');
  await sound(page, 'a range that ends before it begins, narrow');
  await edge('to').fill('2001-01-06T00:00:00');
  await eventually(asked, 'from=2001-01-05T00:00:00Z&to=2001-01-06T00:00:00Z');
  await eventually(() => page.locator('.range [role=alert]').count(), 0);

  // Written so into the URL: nothing is shown but what is wrong, and a way out of it.
  const queries = [];
  page.on('request', (request) => /v1\/(query|panels\/runs)/.test(request.url()) && queries.push(request.url()));
  await page.goto(`${url}/hud/runs?from=2001-01-05T00:00:00Z&to=2001-01-01T00:00:00Z`);
  await page.locator('main').getByText('The range ends before it begins').waitFor();
  assert.match(await edge('from').inputValue(), /^2001-01-05T00:00/);
  await page.goto(`${url}/hud/runs?last=abc`);
  await page.locator('main').getByText('“last” is no duration: abc').waitFor();
  await page.goto(`${url}/hud/deltas?sha=HEAD&from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z`);
  await page.locator('main').getByText('“sha” is no commit\'s sha: HEAD').waitFor();
  await edge('from').fill('2001-01-05T00:00:00'); // what is wrong with the range is told beside it
  await page.locator('.range [role=alert]').getByText('The range ends before it begins').waitFor();
  await page.goto(`${url}/hud/deltas?sha=HEAD`);
  await page.locator('main').getByText('“sha” is no commit\'s sha: HEAD').waitFor();
  assert.deepEqual(queries, []);
  await page.getByRole('button', { name: 'Show the commits of the time range' }).click();
  await page.getByText('All commits of the time range').waitFor();
  await eventually(asked, '');
  await settled(page);
  await page.close();
}

export default async function shell({ browser, open, settled, eventually, sound, still, url, assert }) {
  await ranges({ open, settled, eventually, sound, url, assert });
  await heights({ browser, open, settled, still, eventually });
  const page = await open('');
  await settled(page);
  await eventually(() => page.title(), /Overview/);
  assert.equal(await page.getByLabel('Repository').count(), 0, 'there is one only');

  // By the keyboard: a view, the range frozen, reload, back.
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await page.locator('h1', { hasText: 'Runs' }).waitFor();
  await eventually(() => new URL(page.url()).pathname, '/hud/runs');
  await page.keyboard.press('y');
  await page.waitForURL(/from=.*to=/);
  const frozen = new URL(page.url()).search;

  // A time is UTC; who points at it is told the local one.
  await settled(page);
  const time = page.locator('main time').first();
  const moment = await time.getAttribute('datetime');
  await time.hover();
  const local = new Date(moment).toLocaleTimeString('en-GB', { timeZone: 'Europe/Warsaw' });
  await eventually(() => time.getAttribute('title'), new RegExp(`^\\d+ \\w+ \\d{4}.* ${local} .*\\(local\\), .* ago$`));
  assert.equal(await time.innerText(), moment.slice(0, 19).replace('T', ' '));
  await page.reload();
  await settled(page);
  await eventually(() => new URL(page.url()).search, frozen);
  await page.getByRole('link', { name: 'Security', exact: true }).click();
  await page.locator('h1', { hasText: 'Security' }).waitFor();
  await eventually(() => new URL(page.url()).search, frozen, 'the range goes along');
  await page.goBack();
  await page.locator('h1', { hasText: 'Runs' }).waitFor();

  // The palette finds a declared panel.
  await page.keyboard.press('Control-K'.replace('-', '+'));
  await page.getByRole('combobox', { name: 'What to do' }).fill('qqqq');
  await page.getByText('Nothing here is called “qqqq”').waitFor();
  await page.getByRole('combobox', { name: 'What to do' }).fill('violations by gate');
  await page.getByRole('option', { name: /Violations by gate/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'Violations by gate and day' }).waitFor();
  await settled(page);
  await eventually(() => new URL(page.url()).searchParams.get('name'), 'gate-heatmap');
  await eventually(() => page.locator('egdb-heat canvas').count(), 1);

  // A range that is absolute is asked of a declared panel as such: the URL shows the same later.
  const asked = page.waitForRequest((request) => request.url().includes('/v1/panels/gate-heatmap?'));
  await page.goto(`${url}/hud/panel?name=gate-heatmap&from=2001-01-01T00:00:00Z&to=2001-02-01T00:00:00Z`);
  const given = Object.fromEntries(new URL((await asked).url()).searchParams);
  assert.deepEqual(given, { last: '2001-01-01T00:00:00Z', until: '2001-02-01T00:00:00Z' });
  await page.getByText('No rows in this range.').waitFor();
  await page.goto(`${url}/hud/panel?name=gate-heatmap&from=2001-01-01T00:00:00Z`);
  await page.locator('egdb-heat canvas').waitFor();

  // A parameter is part of the URL; what is wrong is told as the server tells it.
  await page.goto(`${url}/hud/panel?name=gate-heatmap&gate-heatmap.branch=nobody`);
  await page.getByText('No rows in this range.').waitFor();

  // The theme is kept.
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await page.keyboard.press('t');
  await page.reload();
  await eventually(async () => (await theme()) === before, false);

  // Help lists the keys; unknown views say so.
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).getByText('Freeze the time range').waitFor();
  await page.goto(`${url}/hud/nonsense`);
  await page.locator('h1', { hasText: 'There is no view nonsense' }).waitFor();
}
