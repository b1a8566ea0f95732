// Events: filtered, live without gap or repetition while the reader is elsewhere, over two tabs and a restart of the server; an event with
// its causes, effects, rows and JSON; by keys; reload and back keep the state.
const post = async (url, events) => {
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(events) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
};
const label = (sha, reason) => ({ topic: 'commit.labelled@v1', source: 'flow', repo_sha: sha, payload: { sha, label: 'good', reason } });
const rows = (page) => page.locator('.log egdb-table .rows [role=row]');
const shown = (page) => page.evaluate(() => document.querySelector('.log egdb-table').rows.map((event) => event.payload.reason));

export default async function events({ browser, open, settled, eventually, sound, picture, url, assert, data, allow }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 850 } });
  const page = await open('events', { context });
  await settled(page);
  await page.locator('.live[data-state=live]').waitFor();
  const total = await page.evaluate(() => document.querySelector('.log egdb-table').rows.length);
  assert.ok(total > 30, `${total} events`);

  // Filters are the URL; the input leads.
  await page.keyboard.press('/');
  await page.keyboard.type('commit.labelled@*');
  await page.waitForURL(/topic=commit.labelled/);
  await page.getByText('No event fits.').waitFor();
  await post(url, label('1'.repeat(40), 'first'));
  await page.getByText('"reason":"first"').waitFor();
  await eventually(() => shown(page), ['first']);

  // A second tab has the same stream: one connection for both.
  const second = await open('events?topic=commit.labelled@*', { context });
  await second.getByText('"reason":"first"').waitFor();
  await second.locator('.live[data-state=live]').waitFor();
  await post(url, label('1'.repeat(40), 'second'));
  await second.getByText('"reason":"second"').waitFor();
  await page.getByText('"reason":"second"').waitFor();
  const streams = async () => Number(/^egdb_streams\S* (\d+)/m.exec(await (await fetch(`${url}/metrics`)).text())[1]);
  await eventually(streams, 1);

  // Paused: what comes is counted and comes in whole.
  await page.locator('h1').click();
  await page.keyboard.press('p');
  await page.getByText('Paused, 0 new').waitFor();
  await post(url, Array.from({ length: 214 }, (_, i) => label('2'.repeat(40), `held ${i}`)));
  await page.getByText('Paused, 214 new').waitFor();
  await picture(page, 'events-paused');
  assert.deepEqual(await shown(page), ['second', 'first']);
  await page.keyboard.press('p');
  await page.getByText('"reason":"held 213"').waitFor();
  await eventually(async () => (await shown(page)).length, 216);
  assert.equal(new Set(await shown(page)).size, 216);

  // The tab that leads goes: the other one takes over and misses nothing.
  await page.close();
  await post(url, label('3'.repeat(40), 'between'));
  await second.getByText('"reason":"between"').waitFor();
  await eventually(async () => (await shown(second)).slice(0, 2), ['between', 'held 213']);

  // The server goes and comes again: old data stay and say so; then the log goes on without a gap.
  allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|503/);
  await fetch(data.control, { method: 'POST', body: 'stop' });
  await second.locator('.log [data-state=stale]').waitFor();
  await eventually(async () => (await shown(second)).length, 217);
  await fetch(data.control, { method: 'POST', body: 'start' });
  await post(url, label('4'.repeat(40), 'after'));
  await second.getByText('"reason":"after"').waitFor();
  await second.locator('.log [data-state=ready]').waitFor();
  await eventually(async () => {
    const after = await shown(second);
    return [after.length, after[0], after[1]];
  }, [218, 'after', 'between']);

  // The cursor goes with its event.
  await second.locator('.log [role=grid]').focus();
  await second.keyboard.press('ArrowDown');
  const active = () => second.locator('.log [role=grid]').evaluate((grid) => document.getElementById(grid.getAttribute('aria-activedescendant'))?.textContent ?? '');
  await eventually(active, /"after"/);
  await post(url, label('5'.repeat(40), 'later'));
  await second.getByText('"reason":"later"').waitFor();
  await eventually(active, /"after"/);

  // An event by the keyboard: cause, effects, rows, JSON; and back.
  await second.goto(`${url}/hud/events?correlation_id=flow-1`);
  await settled(second);
  await second.locator('.log [role=grid]').focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await second.keyboard.press(key);
  await second.waitForURL(/[?&]id=/);
  await second.getByText('caused by').waitFor();
  await eventually(() => second.locator('egdb-event .json .name', { hasText: '"dt_ms"' }).count(), 1);
  await second.getByRole('tab', { name: 'Causes and effects' }).click();
  const kin = (which) => () => second.locator('.kin').nth(which).locator('a').allTextContents();
  await eventually(kin(0), ['run.started@v1', 'core.step.finished@v1']);
  await eventually(kin(1), ['core.step.finished@v1']);
  await second.getByRole('tab', { name: 'Rows' }).click();
  await second.getByRole('heading', { name: 'Steps of runs' }).waitFor();
  await sound(second, 'an event');
  await picture(second, 'events-one');
  await second.waitForURL(/[?&]tab=rows/);
  const here = second.url();
  await second.reload();
  await second.getByRole('heading', { name: 'Steps of runs' }).waitFor();
  await eventually(() => second.url(), here);
  await second.getByText('Paused, 0 new').waitFor(); // who looks at an event is not disturbed
  await second.locator('h1').click();
  await second.keyboard.press('Escape');
  await second.waitForURL((to) => !to.searchParams.has('id'));
  await second.goBack();
  await second.getByText('caused by').waitFor();

  const narrow = await open('events?sha=33333333', { width: 390 });
  await eventually(() => shown(narrow), ['between']); // a commit by its first digits
  await narrow.goto(`${url}/hud/events`);
  await settled(narrow);
  await narrow.locator('.log a').first().click();
  await narrow.locator('egdb-event [role=tablist]').waitFor();
  await sound(narrow, 'an event, narrow');
}
