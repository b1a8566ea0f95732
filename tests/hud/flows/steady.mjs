// What holds for all views alike, each in a tab of its own: reload and back keep what is looked at; another question leaves the old answer
// there, dimmed, until the new one comes; a server that goes leaves everything there, as old; when it is back all is asked again by itself.
const bodies = (page) => page.locator('main .panel > .body').evaluateAll((list) => list.filter((body) => !body.querySelector('egdb-chart'))
  .map((body) => body.innerText.replace(/\s+/g, ' ').trim()));
const states = (page) => page.locator('main .panel[aria-busy]').evaluateAll((list) => list.map((panel) => panel.dataset.state));
const query = (page) => new URL(page.url()).search;

// A link inside the page, as the page itself makes them.
const follow = (page, href) => page.evaluate((to) => {
  const link = Object.assign(document.createElement('a'), { href: to });
  document.querySelector('main').append(link);
  link.click();
  link.remove();
}, href);

async function shows(page, { has }, settled) {
  await settled(page);
  await page.locator(`main :text(${JSON.stringify(has)}):visible`).first().waitFor();
}

export default async function steady({ browser, open, settled, eventually, url, assert, data, allow }) {
  const same = (page, before, where) => eventually(() => settled(page).then(() => bodies(page)), before, where);
  const context = await browser.newContext({ viewport: { width: 1280, height: 850 } });
  const tabs = [];
  for (const view of data.views) {
    const page = await open(view.path, { context });
    await shows(page, view, settled);
    tabs.push({ view, page, name: view.path.replace(/\?.*/, '') });
  }

  // Reload and back.
  for (const { view, page, name } of tabs) {
    const [before, at] = [await bodies(page), query(page)];
    assert.ok(before.some(Boolean), name);
    await page.reload();
    await shows(page, view, settled);
    await same(page, before, `${name}, after a reload`);
    await eventually(() => query(page), at, name);
    await page.getByRole('link', { name: 'All panels', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'All panels' }).waitFor();
    await page.goBack();
    await shows(page, view, settled);
    await same(page, before, `${name}, back`);
    await eventually(() => query(page), at, name);
  }

  // Another question: while it is asked the old answer stays, and is said to be of the one before; nobody can act on it.
  for (const { view, page, name } of tabs) {
    let release;
    const gate = new Promise((done) => (release = done));
    const before = await bodies(page);
    await page.route(/\/v1\/(query|panels|dlq|events)/, (route) => gate.then(() => route.continue()).catch(() => {})); // the page may have given up
    await follow(page, view.other);
    const asking = page.locator('main .panel[data-state=asking]').first();
    await asking.getByText(/^Loading\. Below is what was asked before: .+, answered \d{4}-/).waitFor();
    assert.ok(await asking.locator('> .body').evaluate((body) => body.inert), name);
    const old = await asking.locator('> .body').evaluate((body) => body.innerText.replace(/\s+/g, ' ').trim());
    assert.ok(before.includes(old) || await asking.locator('> .body egdb-chart').count(), `${name} keeps what it showed: ${old}`);
    release();
    await settled(page);
    await eventually(async () => (await states(page)).includes('asking'), false, name);
    await page.goBack();
    await shows(page, view, settled);
    await same(page, before, `${name}, the first question again`);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  }

  // The server goes: all that is shown stays, with its age and a reason. It comes back: all of it is asked again by itself.
  allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|503/);
  for (const tab of tabs) tab.before = await bodies(tab.page);
  await fetch(data.control, { method: 'POST', body: 'stop' });
  for (const { page, name, before } of tabs) {
    await page.locator('.live', { hasText: 'no connection' }).waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('main .panel[aria-busy]')].every((panel) => panel.dataset.state === 'stale'));
    assert.deepEqual(await bodies(page), before, `${name} keeps what it showed`);
    const said = await page.locator('main .panel > .stale').allInnerTexts();
    assert.ok(said.length && said.every((text) => /^Old: answered \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\. \S/.test(text)), `${name}: ${said}`);
  }
  await fetch(data.control, { method: 'POST', body: 'start' });
  for (const { page, name, before } of tabs) {
    await page.locator('.live:not([data-state=waiting])').waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('main .panel[aria-busy]')].every((panel) => panel.dataset.state === 'ready' || panel.dataset.state === 'empty'));
    await same(page, before, `${name}, when the server is back`);
  }
  await context.close();
}
