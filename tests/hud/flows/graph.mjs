// The code graph: a symbol is searched, its callers and callees stand in columns with depths of their own, a stub opens, the keyboard walks,
// the chosen node tells its tokens; a thousand nodes are drawn and walked. The URL has all of it.
const HUB = 'AST::core/hub.py#Hub.run';

export default async function graph({ open, settled, eventually, sound, assert }) {
  const page = await open('graph');
  const drawing = page.getByRole('listbox', { name: 'Callers and callees' });
  const chosen = () => drawing.locator('[aria-selected=true]').getAttribute('aria-label');
  const column = async (label) => Number(/translate\(([\d.]+)/.exec(await drawing.getByRole('option', { name: label, exact: true }).getAttribute('transform'))[1]);
  const query = () => new URL(page.url()).searchParams;

  // By keyboard from the search to the symbol. Small letters find capitals, words may stand apart.
  await page.getByRole('grid', { name: 'Symbols' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('hub hub.r');
  const found = page.getByRole('grid', { name: 'Symbols' });
  await page.waitForURL((to) => to.searchParams.get('q') === 'hub hub.r'); // all of it is asked for
  await settled(page);
  await found.getByText('Hub.run').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('egdb-table [role=row]').length === 2);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await drawing.waitFor();
  await eventually(() => query().get('node'), HUB);

  // Columns are depths: one of callers, two of callees by default.
  const [serve, hub, work, leaf] = await Promise.all(['serve cli.py, app/cli.py', 'Hub.run hub.py, core/hub.py', 'work_00 w00.py, core/w00.py', 'leaf_00_00 w00.py, core/w00.py'].map(column));
  assert.ok(serve < hub && hub < work && work < leaf);
  await eventually(() => drawing.getByRole('option', { name: 'start main.py, app/main.py' }).count(), 0);
  await page.getByLabel('callers, depth').selectOption('2');
  await drawing.getByRole('option', { name: 'start main.py, app/main.py' }).waitFor();
  await page.getByLabel('callees, depth').selectOption('1');
  await page.waitForFunction(() => ![...document.querySelectorAll('svg.graph text')].some((one) => one.textContent === 'leaf_00_00'));
  await eventually(() => [query().get('in'), query().get('out')], ['2', '1']);
  await page.goBack();
  await drawing.getByRole('option', { name: 'leaf_00_00 w00.py, core/w00.py' }).waitFor();
  await page.goForward();
  await page.waitForFunction(() => ![...document.querySelectorAll('svg.graph text')].some((one) => one.textContent === 'leaf_00_00'));

  // The stub says how many it stands for, and opens; reload keeps it open.
  const stub = drawing.getByRole('option', { name: '+37 more: callees of Hub.run' });
  await eventually(() => stub.textContent(), /\+37 more/);
  await stub.click();
  const outside = drawing.getByRole('option', { name: 'json.dumps, outside' });
  await outside.waitFor();
  await eventually(() => stub.count(), 0);
  await page.reload();
  await outside.waitFor();

  // The keyboard walks: from the root to the right, down, back to the root by the edge, and to the callers.
  await drawing.focus();
  await page.keyboard.press('Home');
  await eventually(chosen, 'Hub.run hub.py, core/hub.py');
  await page.keyboard.press('ArrowLeft');
  await eventually(chosen, 'serve cli.py, app/cli.py');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await eventually(chosen, /^work_\d\d w/);
  const callee = await chosen();
  await page.keyboard.press('ArrowDown');
  await eventually(async () => (await chosen()) === callee, false);
  await eventually(chosen, /^work_\d\d w/);
  await page.waitForURL(/sel=AST%3A%3Acore%2Fw\d\d/);
  await page.getByText('No commit that is known changed it.').waitFor();

  // The root's tokens, newest first; those of its neighbour in the file are not among them.
  await page.keyboard.press('Home');
  const tokens = page.getByRole('grid', { name: 'Tokens of the node' });
  await tokens.getByText('MODIFY_SIG').waitFor();
  await eventually(async () => (await tokens.getByRole('gridcell').allInnerTexts()).map((one) => one.trim()).filter((one) => /^[A-Z]+_[A-Z]+$|^[ab]{10}$/.test(one)),
    ['aaaaaaaaaa', 'MODIFY_SIG', 'bbbbbbbbbb', 'ADD_FN']);
  await settled(page);
  await sound(page, 'the graph');

  // Enter begins anew at a node; back returns.
  await page.keyboard.press('Escape');
  await drawing.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'serve' }).first().waitFor();
  await eventually(() => query().get('node'), 'AST::app/cli.py#serve');

  // Its history goes on under the names that it had before: a function's own, and its file's.
  await tokens.getByText('RENAME_FN').waitFor();
  await eventually(async () => (await tokens.getByRole('gridcell').allInnerTexts()).map((one) => one.trim()).filter((one) => /^[A-Z]+_[A-Z]+$|^listen/.test(one)),
    ['RENAME_FN', 'MOVE_FILE', 'listen', 'MODIFY_SIG', 'listen']);
  await page.goBack();
  await page.getByRole('heading', { name: 'Hub.run' }).first().waitFor();

  // A thousand nodes: all stubs open, two deep. A key moves the mark without a new drawing.
  await page.getByLabel('callees, depth').selectOption('2');
  await page.getByRole('button', { name: /all stubs open/ }).click();
  await page.getByText(`${2 + 1 + 45 + 44 * 21} nodes`).waitFor();
  await page.locator('.graph-scroll').evaluate((one) => one.scrollTo(0, one.scrollHeight));
  await drawing.getByRole('option', { name: 'leaf_43_20 w43.py, core/w43.py' }).waitFor();
  await page.locator('.graph-scroll').evaluate((one) => one.scrollTo(0, 0));
  await drawing.locator('.root').waitFor();
  await page.evaluate(() => (globalThis.box = document.querySelector('svg.graph .root')));
  await drawing.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await eventually(chosen, /^work_/);
  assert.equal(await page.evaluate(() => globalThis.box === document.querySelector('svg.graph .root')), true);
  await page.setViewportSize({ width: 390, height: 850 });
  await settled(page);
  await sound(page, 'a thousand nodes, narrow');

  // A name that nobody has.
  await page.getByRole('searchbox', { name: 'symbol' }).fill('nobody.is.called[so');
  await page.getByText('No symbol is called so.').waitFor();
}
