// Spec Monitor: thresholds and scores, a violation explained by its tokens, a freeze and its end with reasons; the URL keeps what is looked at.
const rows = (page, name) => page.getByRole('grid', { name, exact: true }).locator('.rows [role=row]');

export default async function spec({ open, settled, eventually, sound, picture, assert, data }) {
  const page = await open('spec?last=7d');
  const has = (name, value) => page.waitForURL((url) => url.searchParams.get(name) === value);
  await settled(page);

  // What the chart draws: both thresholds as steps, gaps before the first, each score at its place.
  await page.locator('.u-over').waitFor();
  await settled(page);
  const drawn = await page.evaluate(() => document.querySelector('egdb-chart').data.series.map(({ name, kind, values }) => [name, kind, values]));
  const value = (name) => drawn.find(([one]) => one === name)[2];
  assert.deepEqual(drawn.map(([name, kind]) => `${name} ${kind}`), ['α steps', 'β steps', 'ζ steps', 'pass points', 'review points', 'block points']);
  assert.equal(value('α')[0], null);
  assert.deepEqual([...new Set(value('ζ').filter((one) => one !== null))].map((one) => one.toFixed(1)), ['0.7', '0.8']);
  assert.deepEqual(value('pass').filter((one) => one !== null), [0.2, 0.35]);
  const marked = () => page.evaluate(() => { const { bands, marks } = document.querySelector('egdb-chart'); return [bands.length, marks.length]; });
  await eventually(marked, [1, 1]);
  await page.getByText(/In force since/).waitFor();

  // A violation, by keyboard: its evidence, which leads to the lines; reload and back.
  await rows(page, 'Violations').nth(1).waitFor();
  await page.getByRole('grid', { name: 'Violations' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const explain = page.getByRole('region', { name: 'Explain' });
  await explain.getByText('Together 0.9000 of 0.9000.').waitFor();
  await eventually(() => explain.locator('.bars li').evaluateAll((list) => list.map((li) => li.textContent.replace(/\s+/g, ' ').trim())),
    ['DEL_FN Reader.gone 0.6300, 70.0 %', 'MODIFY_SIG Reader.run 0.2700, 30.0 %']);
  await sound(page, 'spec with evidence');
  await picture(page, 'spec-explain');
  await page.reload();
  await explain.getByText('Together').waitFor();
  await explain.getByRole('link', { name: 'MODIFY_SIG Reader.run' }).click();
  await page.waitForURL(/deltas.*line=10/);
  await page.locator('.lines .here').waitFor();
  await page.goBack();
  await explain.getByText('Together').waitFor();
  await page.keyboard.press('Escape');
  await has('violation', null);

  // The chart by keyboard: it reads itself, and a score that passed is explained too.
  await page.locator('egdb-chart .plot').focus();
  for (const key of ['End', 'ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
  await page.locator('egdb-chart [role=status]', { hasText: /α 0.4, β 0.6, ζ 0.8, pass 0.35$/ }).waitFor({ state: 'attached' });
  await page.keyboard.press('Enter');
  await explain.getByText('I1 0.35 against 0.3').waitFor();
  await page.keyboard.press('Escape');
  await has('violation', null);
  await page.locator('egdb-chart .plot').focus();
  for (const key of ['Home', 'Shift+End', 'Enter']) await page.keyboard.press(key);
  await page.waitForURL(/from=.*to=/); // what was marked is looked at
  await page.goBack();

  // A result without tokens of its own is explained by those of its commit.
  await page.getByLabel('gate').selectOption('I3');
  await has('gate', 'I3');
  await eventually(marked, [0, 0]); // of the metric that is drawn, not of another
  await eventually(() => page.getByLabel('metric', { exact: true }).last().inputValue(), 'mosaic_e');
  await settled(page);
  await rows(page, 'Violations').first().click();
  await explain.getByText('Together 100.0 % of the weight.').waitFor();
  await page.getByLabel('gate').selectOption('I1');
  await page.keyboard.press('Escape');

  // One module only: what a result says of it.
  await page.getByLabel('module', { exact: true }).first().selectOption('core.a');
  await has('module', 'core.a');
  await settled(page);
  await eventually(() => rows(page, 'Violations').count(), 3);

  // Freeze and unfreeze: events with a reason.
  const panel = page.getByRole('region', { name: 'Freezes and drift' });
  const freeze = panel.locator('egdb-decide').last();
  await freeze.getByLabel('why').fill('a release is cut');
  await freeze.getByRole('button', { name: 'Freeze' }).click();
  await panel.getByText('a release is cut').waitFor();
  await eventually(() => panel.getByText('frozen', { exact: true }).count(), 1);
  const open_ = panel.locator('li').filter({ hasText: 'a release is cut' });
  await open_.getByRole('button', { name: 'Unfreeze' }).click();
  assert.equal(await panel.getByText('frozen', { exact: true }).count(), 1, 'not without a reason');
  await open_.getByLabel('why').fill('it is out');
  await page.keyboard.press('Enter');
  await panel.getByText('a release is cut · it is out').waitFor();
  const events = await page.evaluate(async () => (await (await fetch('../v1/events?topic=spec.drift.*&limit=1000')).json()).events);
  const own = events.filter((event) => event.source === 'hud').sort((a, b) => a.position - b.position);
  assert.deepEqual(own.map((event) => [event.topic, event.payload.module, event.payload.metric, event.payload.repo]),
    [['spec.drift.frozen@v1', 'core.a', 'delta_z', 'glitch/lab'], ['spec.drift.unfrozen@v1', 'core.a', 'delta_z', 'glitch/lab']]);
  assert.deepEqual([own[0].payload.commits, own[0].payload.detector, own[0].repo_sha], [20, 'manual', data.child]);
  assert.equal(own[0].payload.details, undefined, 'the commits of a freeze count from now, not from the newest that was judged');

  for (const [theme, width] of data.looks ? [['light', 390], ['light', 1280]] : []) {
    const other = await open(`spec?last=7d&gate=I3`, { theme, width });
    await settled(other);
    await sound(other, `spec, ${theme}, ${width} px`);
    await picture(other, `spec-${theme}-${width}`);
    await other.close();
  }
}
