// A server whose pages look at ten events, or letters: what a filter leaves of many is found and goes on live, and the newest letters come first.
const event = (branch) => ({ topic: 'commit.labelled@v1', source: 'flow', repo_sha: '5'.repeat(40), repo_branch: branch,
  payload: { sha: '5'.repeat(40), label: 'good', reason: branch } });

export default async function few({ browser, open, settled, eventually, url, assert, allow }) {
  const post = async (...branches) => {
    const body = JSON.stringify(branches.map(event));
    const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    assert.equal(answer.status, 200);
  };
  const context = await browser.newContext({ viewport: { width: 1280, height: 850 } });
  allow(/ERR_FAILED/);
  await context.route('**/v1/events/stream', (route) => route.abort());
  const page = await open('events?branch=side', { context });
  await settled(page);
  const shown = () => page.evaluate(() => document.querySelector('.log egdb-table').rows.map((one) => one.repo_branch));
  await eventually(shown, ['side']);

  // What came before the stream is there is asked for: three pages, of which the last alone has an event.
  await post(...Array(25).fill('main'), 'side');
  await context.unroute('**/v1/events/stream');
  await page.locator('.live[data-state=live]').waitFor();
  await post('side');
  await eventually(shown, ['side', 'side', 'side']);

  // Where one look of some pages ends, the reader goes on.
  await page.goto(`${url}/hud/events?branch=none`);
  await page.getByRole('button', { name: 'Look further back' }).click();
  await page.getByText('No event fits.').waitFor();

  const letters = await open('letters');
  await settled(letters);
  const codes = () => letters.evaluate(() => document.querySelector('.letters egdb-table').rows.map((letter) => letter.code));
  await eventually(async () => [(await codes()).length, (await codes())[0], (await codes()).at(-1)], [62, 'schema_invalid', 'json_invalid']);
  await letters.goto(`${url}/hud/letters?code=json_invalid`);
  await settled(letters);
  await eventually(codes, ['json_invalid']);
}
