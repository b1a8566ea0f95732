// A server with auth: the page asks for a token, keeps it in the tab only, says what is wrong with one, and asks again.
export default async function token({ open, settled, eventually, assert, allow, data }) {
  allow(/401|403/); // what the browser itself says of the refusals
  const page = await open('overview');
  const dialog = page.getByRole('dialog', { name: 'Token' });
  await dialog.waitFor();
  await dialog.getByLabel(/A token/).fill(data.expired);
  await page.keyboard.press('Enter');
  await dialog.getByText('is not taken').waitFor();
  await dialog.getByLabel(/A token/).fill(`Bearer ${data.token}`);
  await page.keyboard.press('Enter');
  await settled(page);
  await eventually(() => page.locator('[data-state=error]').count(), 0);
  assert.equal(await page.evaluate(() => sessionStorage.getItem('egdb-token')), data.token);
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)).then((text) => text.includes(data.token)), false);
  assert.equal(page.url().includes(data.token), false);

  // The command to copy names the token and does not have it.
  await page.evaluate(() => (navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }));
  await page.getByRole('button', { name: 'copy as curl' }).first().click();
  await eventually(() => page.evaluate(() => globalThis.copied ?? ''), /^curl -s -H "Authorization: Bearer \$EGDB_TOKEN" 'http/);

  // Another tab has none.
  const other = await open('overview');
  await other.getByRole('dialog', { name: 'Token' }).waitFor();
}
