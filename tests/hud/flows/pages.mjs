// Every view in both themes, wide and narrow: it shows itself, says nothing in the console, has no serious fault for those who cannot see
// well, fits, and does not move while it loads. What it copies as commands is answered.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const VIEWS = ['overview', 'deltas', 'spec', 'security', 'healer', 'runs', 'graph', 'events', 'console', 'letters', 'panels'];
const run = promisify(execFile);

// Each command of each panel and tile, as a shell runs it: the server answers what it is asked, and not that it is wrong.
async function commands(page, view, assert) {
  const texts = await page.locator('main egdb-copy').evaluateAll((list) => Promise.all(list.map((one) => one.text())));
  for (const command of texts.join('\n').split('\n').filter(Boolean)) {
    const { stdout } = await run('sh', ['-c', `${command} --fail-with-body`]).catch((error) => assert.fail(`${view}: ${command}: ${error.stdout}`));
    assert.ok(stdout.length, `${view}: ${command}`);
  }
  return texts.length;
}

export default async function pages({ browser, open, settled, eventually, sound, still, picture, assert, data }) {
  let n = 0;
  for (const [theme, width] of data.looks) {
    const context = await browser.newContext({ viewport: { width, height: 850 }, colorScheme: theme });
    for (const view of VIEWS) {
      const page = await open(`${view}?last=30d`, { context });
      await settled(page);
      await still(page, `${view}, ${width} px`);
      await eventually(() => page.locator('nav [aria-current=page]').count(), 1, view);
      // A chart shows its points at their time, also when there is only one.
      await eventually(() => page.evaluate(() => [...document.querySelectorAll('egdb-chart')].filter((chart) => chart.time && chart.data?.x.length)
        .every(({ plot }) => plot && plot.scales.x.max * 1e3 < Date.now() + 864e5)), true, view);
      await sound(page, `${view}, ${theme}, ${width} px`);
      await picture(page, `${view}-${theme}-${width}`);
      if (theme === 'dark' && width === 1280) n += await commands(page, view, assert);
      await page.close();
    }
    await context.close();
  }
  if (data.looks.some(([theme, width]) => theme === 'dark' && width === 1280)) assert.ok(n > 30, `${n} commands`);
}
