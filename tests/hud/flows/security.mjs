// Security: the backlog's facets, a finding with its story, a dismissal that holds over a rescan; the URL keeps what is looked at.
const rows = (page) => page.getByRole('grid', { name: 'Findings', exact: true }).locator('.rows [role=row]');

export default async function security({ open, settled, eventually, sound, picture, assert, data }) {
  const page = await open('security');
  const has = (name, value) => page.waitForURL((url) => url.searchParams.get(name) === value);
  const facet = (name) => page.getByRole('list', { name, exact: true }).locator('li').evaluateAll((list) => list.map((li) => li.textContent.replace(/\s+/g, ' ').trim()));
  const shows = (name, expected) => eventually(() => facet(name), expected);
  const counts = (n) => eventually(() => rows(page).count(), n);
  await settled(page);
  await shows('Severity', ['CRITICAL 1', 'HIGH 2', 'MEDIUM 0', 'LOW 1']);
  await shows('Queue', ['block 1', 'review 2', 'fixable 0', 'triage 1']);
  await shows('Module', ['core.a 3', 'core.b 1']);
  await counts(4);

  // Facets narrow the list and each other, not themselves.
  await page.getByRole('link', { name: 'core.a', exact: true }).click();
  await has('file', 'core/a.py');
  await page.getByRole('link', { name: 'HIGH', exact: true }).click();
  await has('severity', 'HIGH');
  await settled(page);
  await counts(2);
  await shows('Severity', ['CRITICAL 1', 'HIGH 2', 'MEDIUM 0', 'LOW 0']);
  await shows('Rule', ['R0 1', 'R1 1']);
  await page.goBack();
  await has('severity', null);
  await page.getByRole('button', { name: /core\.a/ }).click();
  await has('file', null);

  // The riskiest, by keyboard: place, fixes, what happened.
  await settled(page);
  await page.getByRole('grid', { name: 'Findings', exact: true }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await has('nf', data.nf);
  const one = page.getByRole('region', { name: data.nf });
  await one.getByText('test_env fails').waitFor();
  await eventually(() => one.locator('.chain > li').evaluateAll((list) => list.map((li) => li.firstElementChild.textContent)),
    ['found', 'last seen', 'fix asked for', 'fix proposed', 'fix verified']);
  await eventually(() => one.locator('.security-fixes').textContent(), /proposed\s+shell-to-list\s+pass a list/);
  await eventually(() => one.getByRole('link', { name: 'core/a.py:10' }).getAttribute('href'), /deltas\?.*sha=a1a1.*line=10/);
  await sound(page, 'security with a finding');
  await picture(page, 'security-finding');

  // A dismissal needs a reason, is an event, and takes the finding out of the backlog.
  await one.getByRole('button', { name: 'Dismiss' }).click();
  await eventually(() => page.locator('.security-facets').count(), 1);
  await one.getByLabel('why').fill('the input is a constant');
  await one.getByLabel('for', { exact: true }).selectOption('7');
  await one.getByRole('button', { name: 'Dismiss' }).press('Enter');
  await one.getByText(/Dismissed: the input is a constant, until/).waitFor();
  await counts(3);
  const until = await one.locator('.stale time').getAttribute('datetime');
  assert.ok(Math.abs(Date.parse(until) - Date.now() - 7 * 86400e3) < 600e3, until);

  // It holds over a rescan, and until somebody takes the finding up again.
  assert.equal((await fetch(data.rescan, { method: 'POST' })).status, 204);
  await page.goto(page.url());
  await one.getByText(/Dismissed: the input is a constant, until/).waitFor();
  await eventually(() => one.locator('.chain').textContent(), /last seen[\s\S]*b2b2b2b2b2/);
  await counts(3);
  await page.getByLabel('findings that are').selectOption('dismissed');
  await has('state', 'dismissed');
  await counts(1);
  await one.getByLabel('why').fill('it is none any more');
  await page.keyboard.press('Enter');
  await one.getByText('taken up again').waitFor();
  await page.getByLabel('findings that are').selectOption('open');
  await counts(4);
  await page.keyboard.press('Escape');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Escape');
  await has('nf', null);

  for (const [theme, width] of data.looks ? [['light', 390], ['light', 1280]] : []) {
    const other = await open(`security?nf=${data.nf}`, { theme, width });
    await settled(other);
    await sound(other, `security, ${theme}, ${width} px`);
    await picture(other, `security-${theme}-${width}`);
    await other.close();
  }
}
