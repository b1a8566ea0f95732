// Two repositories that hold the same path, in one database: nothing of one stands among the other's. All are shown together where that means
// something; elsewhere the one that was active last. The choice is in the URL, and goes along.
const CALLER = 'AST::core/a.py#caller';

export default async function repos({ open, settled, eventually, sound, picture, assert, data }) {
  const [one, two] = [data.one, data.two];
  const page = await open('?last=7d');
  const choice = page.getByLabel('Repository', { exact: true });
  const chosen = (expected) => eventually(() => choice.inputValue(), expected);
  const has = (value) => page.waitForURL((url) => url.searchParams.get('repo') === value);
  const choose = async (value) => {
    await choice.selectOption(value);
    await has(value || null);
    await settled(page);
  };
  const visit = async (path) => {
    await page.goto(new URL(path, page.url()).href);
    await settled(page);
  };
  const tile = (title) => page.locator('.tile', { has: page.locator('.title', { hasText: title }) }).locator('.text').innerText();
  const tiles = (expected) => eventually(async () => Object.fromEntries(await Promise.all(Object.keys(expected).map(async (title) => [title, await tile(title)]))), expected);
  const rows = (name) => page.getByRole('grid', { name, exact: true }).locator('.rows [role=row]');
  const counts = (name, n) => eventually(() => rows(name).count(), n);
  const bars = (name) => page.getByRole('list', { name, exact: true }).locator('li').evaluateAll((list) => list.map((li) => li.textContent.replace(/\s+/g, ' ').trim()));

  // Together, and one of them; what a declared panel asks too.
  await settled(page);
  await chosen('');
  await tiles({ Gates: 'blocked; 1 warned, 0 passed', 'Security backlog': 'critical or high, of 3 open', Runs: 'not ok, of 2' });
  await counts('Gates that did not pass', 3); // its critical finding is one
  await sound(page, 'two repositories');
  const asked = page.waitForRequest((request) => request.url().includes('/v1/panels/commits?'));
  await choose(two);
  assert.equal(new URL((await asked).url()).searchParams.get('repo'), two);
  await tiles({ Gates: 'blocked; 0 warned, 0 passed', 'Security backlog': 'critical or high, of 2 open', Runs: 'not ok, of 1' });
  await counts('Gates that did not pass', 1);
  await eventually(() => page.locator('.tile', { hasText: 'metrics frozen' }).locator('.figure').innerText(), /0/);

  // It goes along; by the keyboard too.
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await page.locator('h1', { hasText: 'Runs' }).waitFor();
  await has(two);
  await settled(page);
  await counts('Runs', 1);
  await counts('Steps over time', 1);
  await eventually(() => rows('Steps over time').first().innerText(), /80 ms/);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'What to do' }).fill(one);
  await page.getByRole('option', { name: `${one} repository` }).waitFor();
  await page.keyboard.press('Enter');
  await has(one);
  await chosen(one);
  await eventually(() => rows('Steps over time').first().innerText(), /40 ms/);
  await page.goBack();
  await chosen(two);
  await choose('');
  await counts('Runs', 2);

  await visit('security');
  await counts('Findings', 3);
  await choose(one);
  await eventually(() => bars('Severity'), ['CRITICAL 1', 'HIGH 0', 'MEDIUM 0', 'LOW 0']);
  await counts('Findings', 1);
  await visit('healer');
  await counts('Candidates', 2);
  await choose(two);
  await counts('Candidates', 1);
  await eventually(() => bars('Share applied'), ['test_rewrite 100 % of n = 1']);

  // Thresholds: of the one that was active last; those of the other are another line.
  const drawn = () => page.evaluate(() => Object.fromEntries(document.querySelector('egdb-chart').data.series
    .map(({ name, values }) => [name, [...new Set(values.filter((value) => value !== null))]])));
  await visit('spec?last=7d');
  await chosen(two);
  await eventually(drawn, { α: [0.1], β: [0.2], ζ: [0.9], block: [0.8] });
  await page.getByText('Nothing is frozen').waitFor();
  await page.keyboard.press('y');
  await has(two); // what is shown stays, whichever is active later
  await choose(one);
  await eventually(drawn, { α: [0.3], β: [0.5], ζ: [0.7], review: [0.4] });
  await eventually(() => page.evaluate(() => document.querySelector('egdb-chart').bands.length), 1);
  const form = page.getByRole('region', { name: 'Freezes and drift' }).locator('egdb-decide').last();
  await form.getByLabel('why').fill('a release is cut');
  await form.getByRole('button', { name: 'Freeze' }).click();
  await page.getByText('a release is cut').waitFor();
  const frozen = await page.evaluate(async () => (await (await fetch('../v1/events?topic=spec.drift.frozen@v1&limit=1000')).json()).events.at(-1));
  assert.deepEqual([frozen.source, frozen.payload.repo], ['hud', one]);

  // The code: a path that both have.
  const drawing = page.getByRole('listbox', { name: 'Callers and callees' });
  const nodes = () => drawing.getByRole('option').evaluateAll((list) => list.map((option) => option.getAttribute('aria-label').replace(/ .*/, '')).sort());
  await visit(`graph?node=${encodeURIComponent(CALLER)}`);
  await chosen(two);
  await eventually(nodes, ['caller', 'other']);
  await counts('Tokens of the node', 2);
  await choose(one);
  await eventually(() => rows('Symbols').allInnerTexts().then((list) => list.map((text) => text.trim().split(/\s/)[0])), ['helper']);
  await visit(`graph?node=${encodeURIComponent(CALLER)}&repo=${encodeURIComponent(one)}`);
  await eventually(nodes, ['caller', 'helper']);
  await counts('Tokens of the node', 1);

  // What changed: cells and tokens are not summed over both, and a file's lines are those of its own commits.
  const cells = () => page.evaluate(() => [...(document.querySelector('egdb-mosaic')?.values ?? [])].map((value, i) => [i, value]).filter(([, value]) => value > 0));
  await visit('deltas?last=7d');
  await chosen(two);
  await eventually(() => bars('Tokens'), ['ADD_FN 2']);
  await eventually(cells, [[0, 0.5], [15, 0.5]]);
  await counts('Commits', 1);
  await rows('Files').first().click();
  await eventually(() => page.locator('egdb-diff').allInnerTexts().then((list) => list.map((text) => /it is of \S+/.exec(text)?.[0])), [`it is of ${two}`]);
  await choose(one);
  await eventually(() => bars('Tokens'), ['MODIFY_SIG 1']);
  await eventually(cells, [[0, 1]]);
  await page.locator('.deltas-gates li', { hasText: 'I1' }).getByRole('link', { name: 'explain' }).click();
  await has(one);
  await page.getByRole('region', { name: 'Explain' }).getByText(`of ${one}`).waitFor();

  // An event names no repository: the log says whose it is, and where those are that tell of the chosen one.
  await visit(`events?repo=${encodeURIComponent(two)}`);
  await chosen('');
  assert.ok(await choice.isDisabled());
  await page.getByText('of all repositories, as events name none').waitFor();
  await page.getByRole('link', { name: `those that tell of ${two}` }).click();
  await page.locator('h1', { hasText: 'EGQL console' }).waitFor();
  const told = await page.evaluate(async (repo) => (await (await fetch('../v1/events?limit=1000')).json()).events.filter((event) => event.payload.repo === repo).length, two);
  await page.getByRole('heading', { name: `${told} rows`, exact: true }).waitFor();

  const narrow = await open(`spec?last=7d&repo=${encodeURIComponent(one)}`, { width: 390, theme: 'light' });
  await settled(narrow);
  await sound(narrow, 'two repositories, narrow');
  await picture(narrow, 'repos-narrow');
  await picture(page, 'repos');
}
