// Pictures of every view for docs/pictures (scripts/hud_pictures.py): on what the server has, with something chosen where a view chooses.
export default async function pictures({ open, settled, picture, url }) {
  const ask = async (query) => (await (await fetch(`${url}/v1/query`, { method: 'POST', body: query })).json()).rows[0] ?? [];
  const [sha] = await ask('SELECT tokens (sha, count() AS n, count(DISTINCT file) AS files) FROM all GROUP BY sha ORDER BY count() DESC LIMIT 1');
  const [file, line] = await ask(`SELECT tokens (file, line, weight) FROM sha(${sha}) WHERE token = ADD_FN ORDER BY weight DESC, file, line LIMIT 1`);
  const [node] = await ask('SELECT nodes (uid) FROM all WHERE name = eg_store_start LIMIT 1');
  const [id] = await ask('SELECT events (id) FROM all WHERE topic = core.step.finished@v1 source = tests ORDER BY position DESC LIMIT 1');
  const [run] = await ask('SELECT runs (id) FROM all WHERE status = ok ORDER BY started DESC LIMIT 1');
  const [heal] = await ask('SELECT heals (id) FROM all ORDER BY created_utc LIMIT 1');
  const letters = (await (await fetch(`${url}/v1/dlq?code=schema_invalid`)).json()).dead_letters;
  const question = 'SELECT commit_files (file_path, count() AS commits, sum(lines_added) AS added) FROM all\nGROUP BY file_path ORDER BY count() DESC LIMIT 12';
  const views = {
    overview: { last: '7d' }, deltas: { sha }, 'deltas-lines': { sha, file, line }, spec: { last: '7d', repo: 'glitch/lab' }, security: {}, healer: { id: heal }, runs: { run, last: '7d' },
    graph: { node }, events: { id, tab: 'kin' }, console: { q: question }, letters: { id: letters.at(-1)?.id },
  };
  for (const [name, query] of Object.entries(views)) {
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value));
    const page = await open(`${name.replace(/-.*/, '')}?${new URLSearchParams(given)}`, { width: 1280, height: 860, theme: name === 'runs' || name === 'security' ? 'light' : 'dark' });
    await settled(page);
    if (name === 'console') {
      await page.getByRole('textbox', { name: 'Query' }).click();
      await page.keyboard.press('Control+Enter');
    }
    await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"], main [data-state="loading"], main .skeleton'));
    if (name.includes('-')) await page.locator('.deltas-lines').evaluate((panel) => panel.scrollIntoView());
    await page.waitForTimeout(400); // canvases draw in the next frames
    await picture(page, name);
    await page.close();
  }
}
