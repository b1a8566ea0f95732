// Panels that another system declares appear by themselves, each drawn as it says; with their parameters, as a table too; a gap is no 0.
const panelOf = (page, title) => page.locator('egdb-declared', { has: page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) }) });

export default async function declared({ open, settled, eventually, sound, picture, url, allow }) {
  const page = await open('panels');
  await settled(page);
  await page.getByRole('heading', { name: 'Weather' }).waitFor();
  for (const kind of ['table', 'bars', 'lines', 'heat', 'timeline']) {
    await page.goto(`${url}/hud/panel?name=weather-${kind}`);
    await page.getByRole('heading', { level: 1, name: `Weather as ${kind}` }).waitFor();
    await settled(page);
    await sound(page, kind);
    await picture(page, `declared-${kind}`);
  }

  const shown = (kind) => page.goto(`${url}/hud/panel?name=weather-${kind}`).then(() => settled(page));
  await shown('table');
  await eventually(() => page.locator('egdb-table .rows [role=row]').nth(1).locator('[role=gridcell]').allInnerTexts(), ['2026-01-02 00:00:00', '∅', 'north']);
  await eventually(() => page.locator('egdb-table [role=columnheader]').allInnerTexts(), ['day', 'degrees', 'place']);

  // Sorting: gaps stay last in both directions.
  await page.getByRole('button', { name: 'degrees' }).click();
  const degrees = () => page.locator('egdb-table .rows [role=row] [role=gridcell]:nth-child(2)').allInnerTexts();
  await eventually(degrees, ['9', '4', '2', '∅']);
  await page.getByRole('button', { name: /degrees/ }).click();
  await eventually(degrees, ['2', '4', '9', '∅']);

  await page.getByRole('grid').focus();
  await page.keyboard.press('<'); // the other way round
  await eventually(degrees, ['9', '4', '2', '∅']);
  await page.keyboard.press('>'); // by the next column
  await eventually(degrees, ['4', '∅', '9', '2']);

  await shown('bars');
  await eventually(() => page.locator('.bars .num').allInnerTexts(), ['4', '∅', '9', '2']);

  await shown('lines');
  await page.locator('egdb-chart canvas').waitFor();
  await eventually(() => page.evaluate(() => document.querySelector('egdb-chart').data.series), [{ name: 'north', values: [4, null, 9] }, { name: 'south', values: [2, null, null] }]);

  await shown('heat');
  await page.locator('egdb-heat canvas').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByText('north, 2026-01-02: no value').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.getByText('north, 2026-01-03: 9').waitFor();

  await shown('timeline');
  await eventually(() => page.locator('svg.timeline circle').count(), 4);

  // A parameter: what is required is asked for; what is given is in the URL; what is wrong is told as the server tells it.
  await page.goto(`${url}/hud/panel?name=weather-asked`);
  await page.getByText('It asks for which place.').waitFor();
  await page.getByLabel('place').fill('south');
  await page.keyboard.press('Enter');
  await page.waitForURL(/weather-asked\.place=south/);
  await settled(page);
  await eventually(() => page.locator('egdb-table .rows [role=row]').count(), 1);
  allow(/400/);
  await page.goto(`${url}/hud/panel?name=weather-asked&weather-asked.place=${'x'.repeat(600)}`);
  await page.locator('.problem', { hasText: 'param_invalid' }).waitFor();
}
