// Healer: how often it succeeds, with how many; a candidate's chain; the URL keeps what is looked at.
export default async function healer({ open, settled, eventually, sound, picture, data }) {
  const page = await open('healer');
  const has = (name, value) => page.waitForURL((url) => url.searchParams.get(name) === value);
  const rows = page.getByRole('grid', { name: 'Candidates' }).locator('.rows [role=row]');
  await settled(page);
  await eventually(async () => (await page.getByRole('list', { name: 'Share applied' }).locator('li').textContent()).replace(/\s+/g, ' ').trim(), 'code_patch 50 % of n = 2');
  await eventually(() => rows.count(), 3);
  await eventually(() => rows.first().textContent(), /test_rewrite\s*∅[\s\S]*∅ sandbox[\s\S]*∅ CI/, 'what nobody said is a gap');

  // The chain, by keyboard; reload and back.
  await page.getByRole('grid', { name: 'Candidates' }).focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await has('id', data.heals[0]);
  const steps = () => page.locator('.chain > li').evaluateAll((list) => list.map((li) => li.firstElementChild.textContent));
  await eventually(steps, ['proposed', 'verified', 'applied']);
  await eventually(() => page.locator('.chain').textContent(), /a parameter was added[\s\S]*✓ sandbox[\s\S]*∅ canary[\s\S]*0\.71[\s\S]*pull\/42/);
  await sound(page, 'healer with a candidate');
  await picture(page, 'healer-chain');
  await page.reload();
  await page.locator('.chain > li').nth(2).waitFor();
  await rows.nth(1).click();
  await page.getByText('tests still fail').last().waitFor();
  await eventually(steps, ['proposed', 'verified', 'rejected']);
  await page.goBack();
  await has('id', data.heals[0]);
  await page.keyboard.press('Escape');
  await has('id', null);

  await page.getByRole('link', { name: 'code_patch' }).click();
  await has('kind', 'code_patch');
  await page.waitForFunction(() => document.querySelectorAll('[aria-label=Candidates] .rows [role=row]').length === 2);
  await page.goto(page.url().replace(/\?.*/, '?id=nobody'));
  await page.getByText('No such candidate is stored.').waitFor();

  for (const [theme, width] of data.looks ? [['light', 390], ['dark', 1280]] : []) {
    const other = await open(`healer?id=${data.heals[0]}`, { theme, width });
    await settled(other);
    await sound(other, `healer, ${theme}, ${width} px`);
    await picture(other, `healer-${theme}-${width}`);
    await other.close();
  }
}
