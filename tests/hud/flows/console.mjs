// The EGQL console, by the keyboard: the server completes and diagnoses, rows become a table and a chart, the URL has the query, a run can be
// cancelled, what was run is remembered.
export default async function console_({ open, settled, eventually, sound, assert, allow, url }) {
  allow(/400|aborted/); // what the browser itself says of a query that is refused
  const page = await open('console');
  const editor = page.getByRole('textbox', { name: 'Query' });
  await editor.waitFor();
  await page.waitForFunction(() => document.activeElement?.localName === 'egdb-editor' && document.activeElement.shadowRoot.activeElement);

  // Completion is the server's: sources behind SELECT, columns of that source behind WHERE.
  await page.keyboard.type('SELECT ru');
  await page.getByRole('option', { name: /^runs/ }).click(); // keys do not take what has only just opened
  await page.keyboard.type(' (id, status) FROM all WHERE st');
  await page.getByRole('option', { name: /^status/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.type('atus=$state ORDER BY id');

  // A parameter has a field; its value is bound, and in the URL.
  await page.getByLabel('$state').fill('error');
  await page.keyboard.press('Enter');
  const grid = page.getByRole('grid', { name: 'Rows' });
  await grid.getByText('nightly-005').waitFor();
  await eventually(() => grid.getByRole('row').count(), 2);
  const asked = (name) => () => new URL(page.url()).searchParams.get(name);
  await eventually(asked('q'), 'SELECT runs (id, status) FROM all WHERE status=$state ORDER BY id');
  await eventually(asked('p.state'), 'error');

  // Reload keeps query, parameter and rows.
  await page.reload();
  await grid.getByText('nightly-005').waitFor();
  await eventually(() => page.getByLabel('$state').inputValue(), 'error');

  // A mistake is marked at its place while it is written, and the run is refused with the hint; one click corrects and runs it.
  const write = async (query) => {
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type(query);
    await page.keyboard.press('Escape');
  };
  await write('SELECT steps FROM all GROUP BY nmae ');
  await page.locator('egdb-editor .cm-lintRange-error', { hasText: 'nmae' }).waitFor();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('alert').getByText('steps has no column nmae').waitFor();
  await page.locator('.console-hint').getByRole('button', { name: 'name' }).click();
  await grid.getByText('parse').waitFor();
  await eventually(asked('q'), 'SELECT steps FROM all GROUP BY name');

  // The rows as a chart: a bar for each name; the choice is in the URL.
  await page.getByRole('button', { name: 'chart' }).click();
  const bars = page.getByRole('list', { name: 'Rows as bars' });
  await bars.getByText('parse').waitFor();
  await eventually(async () => (await bars.getByRole('listitem').filter({ hasText: 'parse' }).innerText()).replace(/\s+/g, ' ').trim(), 'parse 40');
  await eventually(asked('as'), 'chart');
  await page.goBack();
  await grid.getByText('parse').waitFor();

  // The plan names SQL and index; it has a URL too.
  await write('SELECT runs FROM all LIMIT 5');
  await page.keyboard.press('Control+Shift+Enter');
  await page.getByText('ix_runs_newest', { exact: true }).waitFor();
  await eventually(asked('as'), 'plan');
  await page.reload();
  await page.getByText('ix_runs_newest', { exact: true }).waitFor();

  // What was run comes back from the history; back and forward ask again.
  await page.locator('aside').getByRole('button', { name: /GROUP BY name/ }).click();
  await page.keyboard.press('Control+Enter');
  await grid.getByText('parse').waitFor();
  await page.goBack();
  await page.getByText('ix_runs_newest', { exact: true }).waitFor();
  await eventually(() => editor.innerText(), /SELECT runs FROM all LIMIT 5/);

  // Downloads come from the server, the command asks the same.
  await page.goForward();
  await grid.getByText('parse').waitFor();
  for (const [button, first] of [['CSV', /^name,count\r\n/], ['NDJSON', /^\{"name":"check","count":\d+\}\n/]]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button, exact: true }).click()]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    assert.match(Buffer.concat(chunks).toString(), first);
  }
  await page.evaluate(() => (navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }));
  await page.getByRole('button', { name: 'copy as curl' }).click();
  await eventually(() => page.evaluate(() => globalThis.copied), `curl -s -H 'Content-Type: application/json' -d '{"query":"SELECT steps FROM all GROUP BY name"}' '${url}/v1/query'`);

  await page.getByRole('button', { name: 'copy CSV' }).click();
  await eventually(() => page.evaluate(() => globalThis.copied), /^name,count\r\ncheck,\d+\r\n/);

  // A parameter has the name that the grammar lets it have.
  await write('SELECT runs (id) FROM all WHERE id = $run-id2');
  await page.getByLabel('$run-id2').fill('nightly-005');
  await page.keyboard.press('Enter');
  await grid.getByText('nightly-005').waitFor();
  await eventually(() => grid.getByRole('row').count(), 2);

  // A run that takes long is cancelled by Escape; the text stays.
  await page.route('**/v1/query', () => {}); // never answers
  await write('SELECT events FROM all');
  await page.keyboard.press('Control+Enter');
  await page.getByText('running', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('The query was stopped before it answered.').waitFor();
  await page.unroute('**/v1/query');
  await page.getByRole('button', { name: 'Try again' }).click();
  await grid.getByText('code.graph.indexed@v1').first().waitFor();

  // A row whole, with links; nothing serious for axe, narrow and wide.
  await grid.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Row' }).getByRole('link').first().waitFor();
  await settled(page);
  await sound(page, 'the console with rows');
  await page.getByRole('button', { name: 'Sources', exact: true }).click();
  await page.getByText('Runs of the pipeline').waitFor();
  await page.setViewportSize({ width: 390, height: 850 });
  await sound(page, 'the console with sources, narrow');
}
