// Every view in both themes, wide and narrow: it shows itself, says nothing in the console, has no serious fault for those who cannot see
// well, and fits.
const VIEWS = ['overview', 'deltas', 'spec', 'security', 'healer', 'runs', 'graph', 'events', 'console', 'letters', 'panels'];

export default async function pages({ browser, open, settled, eventually, sound, picture, data }) {
  for (const [theme, width] of data.looks) {
    const context = await browser.newContext({ viewport: { width, height: 850 }, colorScheme: theme });
    for (const view of VIEWS) {
      const page = await open(`${view}?last=30d`, { context });
      await settled(page);
      await eventually(() => page.locator('nav [aria-current=page]').count(), 1, view);
      // A chart shows its points at their time, also when there is only one.
      await eventually(() => page.evaluate(() => [...document.querySelectorAll('egdb-chart')].filter((chart) => chart.time && chart.data?.x.length)
        .every(({ plot }) => plot && plot.scales.x.max * 1e3 < Date.now() + 864e5)), true, view);
      await sound(page, `${view}, ${theme}, ${width} px`);
      await picture(page, `${view}-${theme}-${width}`);
      await page.close();
    }
    await context.close();
  }
}
