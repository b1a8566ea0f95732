// Delta Inspector: from commits to a commit, a kind, a cell, a file, and to the lines; by clicking and by keyboard; the URL keeps it all.
const rows = (page, name) => page.getByRole('grid', { name, exact: true }).locator('.rows [role=row]');

// Forty days ago there was more than is listed: each view counts all of it, says what it shows, and leads to the rest.
async function many(page, { settled, eventually, url, data }) {
  const day = (ago) => new Date(Date.now() - ago * 86400e3).toISOString();
  const long = (list) => page.evaluate((label) => document.querySelector(`egdb-table[label="${label}"]`)?.rows.length, list);
  const says = (panel, expected) => eventually(async () => (await page.getByRole('region', { name: panel, exact: true }).locator('.note').allInnerTexts()).join('|'), expected);
  const look = (view, more = '') => page.goto(`${url}/hud/${view}?from=${day(41)}&to=${day(39)}${more}`);
  const n = (number) => number.toLocaleString('en-GB');
  const results = data.passed + data.blocked;

  await look('deltas');
  await eventually(() => page.locator('.deltas-head').innerText(), new RegExp(`All commits of the time range: ${n(data.commits)}`));
  await says('Commits', new RegExp(`The newest 1,000 of ${n(data.commits)}: a shorter range has the others\\.`));
  await says('Gates', new RegExp(`The newest 50 of ${data.blocked}\\.[^]*${n(data.passed)} results passed`));
  await look('spec');
  await says('I1 of the repository', new RegExp(`The newest 2,000 of ${n(results)}: `));
  await eventually(() => long('Violations'), data.blocked);
  await look('spec', '&module=core.a');
  await page.getByText('Of core.a no threshold is set, and none of the newest 2,000 results is').waitFor();
  await look('overview');
  await says('Gates that did not pass', new RegExp(`The newest 200 of ${data.blocked}\\.`));
  await page.getByRole('region', { name: 'Gates that did not pass' }).getByRole('link', { name: 'All of them' }).click();
  await page.getByRole('heading', { name: `${data.blocked} rows` }).waitFor();
  await settled(page);
}

// The middle of a cell of the mosaic of 4 × 4.
async function cell(page, row, col) {
  const box = await page.locator('egdb-mosaic canvas').boundingBox();
  return [box.x + ((col + 0.5) * box.width) / 4, box.y + ((row + 0.5) * box.height) / 4];
}

function bars(page, panel) {
  return page.getByRole('region', { name: panel, exact: true }).locator('.bars li').evaluateAll((list) => list.map((li) => li.textContent.replace(/\s+/g, ' ').trim()));
}

export default async function deltas({ open, settled, eventually, sound, picture, url, data, allow }) {
  const shows = (panel, expected) => eventually(() => bars(page, panel), expected);
  const counts = (name, n) => eventually(() => rows(page, name).count(), n);
  const sum = (which) => page.locator('.deltas-sum').locator(which);
  const here = () => page.locator('.lines .here').textContent();
  const page = await open('deltas?last=7d');
  const at = async (row, col) => {
    await settled(page); // then nothing moves it any more
    return cell(page, row, col);
  };
  const has = (name, value) => page.waitForURL((url) => url.searchParams.get(name) === value);
  await settled(page);

  // The range: both commits; the one without a fingerprint has a gap.
  await rows(page, 'Commits').nth(1).waitFor();
  await eventually(() => rows(page, 'Commits').nth(1).textContent(), /∅.*commit a1/s);
  await rows(page, 'Commits').filter({ hasText: 'commit b2' }).click();
  await page.waitForURL(/sha=b2b2/);
  await settled(page);

  // ΔZ is the sum of what it is made of.
  await eventually(() => sum('li').evaluateAll((list) => list.map((li) => Number(li.querySelector('.num').textContent))), [0.3442, 0.2065, 0.5507]);
  await page.getByLabel('The energy of').selectOption('core.b');
  await page.waitForURL(/module=core.b/);
  await eventually(() => sum('li .num:not(.hint)').allTextContents(), ['0.1810', '0.1810']);
  await page.goBack();

  // Gates with their reasons; neighbours.
  await eventually(() => page.getByRole('region', { name: 'Gates' }).textContent(), /pass\s*I3[\s\S]*close enough[\s\S]*block\s*I1[\s\S]*exceeds β in core.a/);
  await shows('Neighbours', ['MODIFY_SIG › ADD_FN 1']);

  // A kind: the tables show it alone, the URL keeps it, Escape takes it away.
  await shows('Tokens', ['ADD_FN 2', 'MODIFY_SIG 1']);
  await page.getByRole('link', { name: 'MODIFY_SIG', exact: true }).click();
  await page.waitForURL(/token=MODIFY_SIG/);
  await counts('Tokens', 1);
  await page.reload();
  await settled(page);
  await counts('Tokens', 1);
  await counts('Files', 1);
  await page.keyboard.press('Escape');
  await has('token', null);
  await counts('Tokens', 3);

  // A mark on the mosaic counts the tokens anew, while it is drawn and after.
  await page.mouse.move(...(await at(0, 0)));
  await page.mouse.down();
  await page.mouse.move(...(await at(0, 1)), { steps: 4 });
  await shows('Tokens in the marked cells', ['MODIFY_SIG 1', 'ADD_FN 1']);
  await page.mouse.up();
  await has('mark', '0.0.0.1');
  await page.goBack();
  await page.getByRole('region', { name: 'Tokens', exact: true }).waitFor();
  await shows('Tokens', ['ADD_FN 2', 'MODIFY_SIG 1']);

  // A cell leads to its lines.
  await page.mouse.click(...(await at(0, 0)));
  await page.waitForURL(/line=10/);
  await page.locator('.lines .here').waitFor();
  await eventually(here, '10+def run(self, more):');
  await eventually(() => page.locator('egdb-mosaic .said').textContent(), /r0 c0: changed lines 60.0 %, Φ 50.0 %; core\/a.py/);
  await sound(page, 'deltas with lines');
  await picture(page, 'deltas-lines');

  // The same by keyboard: another cell, another line; Shift marks.
  await page.locator('egdb-mosaic canvas').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForURL(/line=60/);
  await eventually(here, '60+def added():');
  await page.keyboard.press('Shift+ArrowDown');
  await page.waitForURL(/mark=0.1.1.1/);
  await shows('Tokens in the marked cells', ['ADD_FN 2']);
  await page.keyboard.press('Escape');
  await has('mark', null);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Escape');
  await has('file', null);

  // A token and a file, by keyboard; a file whose diff was not sent says so, and how to see it.
  await settled(page);
  await page.getByRole('grid', { name: 'Tokens', exact: true }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/file=core%2Fa.py/);
  await rows(page, 'Files').filter({ hasText: 'core/b.py' }).click();
  await page.getByText(/The diff was not sent with this commit/).waitFor();
  await eventually(() => page.locator('.deltas-lines').textContent(), new RegExp(`git show ${data.child} -- core/b.py`));

  // A range, and a commit of which only its record is known.
  await page.getByRole('link', { name: 'since this' }).click();
  await page.waitForURL(/base=a1a1/);
  await settled(page);
  await shows('Tokens', ['ADD_FN 2', 'MODIFY_SIG 1']);
  await eventually(() => sum('.total .num').first().textContent(), '1.0000');
  await page.keyboard.press('[');
  await page.waitForURL(/sha=a1a1/);
  await page.getByText('No tokens are stored for these commits.').first().waitFor();

  // What is on its way is not told as missing, and the headings say what they show.
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await page.route('**/v1/query', async (route) => {
    if (route.request().postData().includes('SELECT phi ')) await held;
    await route.continue();
  });
  await page.goto(`${url}/hud/deltas?last=7d&sha=${data.child.toUpperCase()}&cell=MOZ::4x4@r0c0`);
  await page.getByText('3 of 16 cells changed; the code graph, which says what lies where, is being loaded.').waitFor();
  await shows('Tokens', ['ADD_FN 2', 'MODIFY_SIG 1']);
  answer();
  await shows('Tokens in the marked cells', ['MODIFY_SIG 1']);
  await page.unroute('**/v1/query');

  // A commit that nobody knows is told of once, in words and not as a query; another one is chosen.
  allow(/422/);
  await page.goto(`${url}/hud/deltas?last=7d&sha=deadbeef`);
  await eventually(() => page.locator('main [role=alert]').allInnerTexts().then((all) => all.join('|').replace(/\s+/g, ' ')),
    /^No commit is known that begins with deadbeef\. Choose one below, [^|]*$/);
  await counts('Commits', 2);
  await settled(page);
  await sound(page, 'a commit that nobody knows');
  await rows(page, 'Commits').filter({ hasText: 'commit b2' }).click();
  await shows('Tokens', ['ADD_FN 2', 'MODIFY_SIG 1']);

  await many(page, { settled, eventually, url, data });

  for (const [theme, width] of data.looks ? [['light', 390], ['dark', 390], ['light', 1280]] : []) {
    const other = await open(`deltas?last=7d&sha=${data.child}&file=core/a.py&line=10&layer=diff`, { theme, width });
    await settled(other);
    await sound(other, `deltas, ${theme}, ${width} px`);
    await picture(other, `deltas-${theme}-${width}`);
    await other.close();
  }
}
