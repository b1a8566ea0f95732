// Dead letters: the errors at their place, an edit, a dry run that still fails and one that does not, the redrive and the event that it
// became; a text that is no JSON; a deletion; all shown at once. By the keyboard where hands would use it.
const letters = (page) => page.locator('.letters egdb-table .rows [role=row]');
const text = (page) => page.evaluate(() => document.querySelector('egdb-letter egdb-editor').value);

async function write(page, value) {
  await page.locator('egdb-letter .cm-content').click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(value);
}

export default async function deadLetters({ open, settled, eventually, sound, picture, url, assert }) {
  const page = await open('letters');
  await settled(page);
  await eventually(() => letters(page).count(), 4);

  // The filter is in the URL.
  await page.keyboard.press('/');
  await page.keyboard.type('schema_invalid');
  await page.keyboard.press('Enter');
  await page.waitForURL(/code=schema_invalid/);
  await page.getByRole('link', { name: 'json_invalid' }).waitFor({ state: 'detached' });
  await eventually(() => letters(page).count(), 2);
  await settled(page);
  await page.locator('.letters [role=grid]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/[?&]id=/);

  // Both errors stand in the list and in the text.
  const marked = () => page.locator('egdb-letter .cm-lintRange-error').allTextContents();
  await eventually(marked, ['-1', '"soon"']);
  await eventually(() => page.locator('.letter-errors code').allTextContents(), ['/payload/idx', '/payload/dt_ms']);
  await sound(page, 'a dead letter');
  await picture(page, 'letters-one');

  // Half mended: the dry run says what is left, at its place. Ctrl-Enter in the text.
  const whole = JSON.parse(await text(page));
  whole.payload.idx = 3;
  await write(page, JSON.stringify(whole, null, 2));
  await page.keyboard.press('Control+Enter');
  await page.getByText('It is refused again').waitFor();
  await eventually(marked, ['"soon"']);

  // Broken text is not sent.
  await write(page, '{"id": ');
  await page.getByRole('button', { name: 'Dry run', exact: true }).click();
  await page.getByText('What is written is not JSON').waitFor();

  // Mended: nothing is stored by the dry run; then it is, once, and leads to its event.
  whole.payload.dt_ms = 77;
  await write(page, JSON.stringify(whole, null, 2));
  await page.getByRole('button', { name: 'Dry run', exact: true }).click();
  await page.getByText('It would be stored').waitFor();
  assert.equal((await fetch(`${url}/v1/events/${whole.id}`)).status, 404);
  await page.getByRole('button', { name: 'Redrive as edited' }).click();
  await page.getByText('It is stored').waitFor();
  const stored = await (await fetch(`${url}/v1/events/${whole.id}`)).json();
  assert.deepEqual([stored.payload.idx, stored.payload.dt_ms], [3, 77]);
  const told = (await (await fetch(`${url}/v1/events?topic=bus.dlq.redriven@v1`)).json()).events.at(-1);
  assert.deepEqual(told.payload.edit, { patch: [{ op: 'replace', path: '/payload/idx', value: 3 }, { op: 'replace', path: '/payload/dt_ms', value: 77 }] });
  await page.waitForFunction(() => document.querySelector('.letters egdb-table').rows.length === 1);
  await page.getByRole('link', { name: /^event / }).click();
  await page.getByText('redriven from').waitFor();
  await page.goBack();
  await page.locator('egdb-letter').getByText('sent again').waitFor();

  // No JSON at all: the place of the fault, and a whole event in its place.
  await page.goto(`${url}/hud/letters?code=json_invalid`);
  await page.getByRole('link', { name: 'json_invalid' }).click();
  await page.locator('.letter-errors').getByText('Line 1, column 26').waitFor();
  await write(page, JSON.stringify({ ...whole, id: 'mended-1', payload: { ...whole.payload, idx: 4 } }));
  await page.getByRole('button', { name: 'Redrive as edited' }).click();
  await page.getByText('It is stored').waitFor();
  assert.equal((await fetch(`${url}/v1/events/mended-1`)).status, 200);

  // A deletion asks first.
  await page.goto(`${url}/hud/letters?code=topic_unknown`);
  await page.getByRole('link', { name: 'topic_unknown' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await page.getByText('No dead letter fits the filter: error code topic_unknown. Others may').waitFor();
  await page.getByRole('button', { name: 'look at all' }).click();
  await eventually(() => letters(page).count(), 1);

  // All that are left, tried at once.
  await page.goto(`${url}/hud/letters`);
  await page.getByRole('button', { name: 'dry run of all shown' }).click();
  await page.getByText('0 would be stored, 0 were sent again before, 1 refused again').waitFor();

  // Also when they are more than one order takes.
  const many = Array.from({ length: 1100 }, (_, n) => JSON.stringify({ ...whole, id: `many-${n}`, topic: 'no.such@v1', payload: { n } }));
  const refused = await fetch(`${url}/v1/events`, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: many.join('\n') });
  assert.equal((await refused.json()).rejected, 1100);
  await page.reload();
  await page.waitForFunction(() => document.querySelector('.letters egdb-table')?.rows.length === 1101);
  await page.getByRole('button', { name: 'dry run of all shown' }).click();
  await page.getByText('0 would be stored, 0 were sent again before, 1,101 refused again').waitFor();

  // After a dry run those are sent that it found valid, and no others, whatever the list has by then.
  const sent = [];
  await page.route('**/v1/dlq/redrive', async (route) => {
    const { ids, dry_run: dry } = route.request().postDataJSON();
    sent.push([dry, ids]);
    const answer = await route.fetch();
    const items = (await answer.json()).items.map((item) => (item.dlq_id === sent[0][1][1] ? { dlq_id: item.dlq_id, status: 'valid' } : item));
    await route.fulfill({ response: answer, json: { ...(await answer.json()), items } });
  });
  await page.getByRole('button', { name: 'dry run of all shown' }).click();
  await page.getByRole('button', { name: 'Redrive 1' }).click();
  await page.getByText('0 stored, 0 were sent again before, 1 refused again').waitFor();
  assert.deepEqual(sent.at(-1), [false, [sent[0][1][1]]]);
  await page.unroute('**/v1/dlq/redrive');

  const narrow = await open('letters?code=schema_invalid', { width: 390, theme: 'light' });
  await settled(narrow);
  await narrow.getByRole('link', { name: 'schema_invalid' }).click();
  await narrow.locator('egdb-letter .cm-content').waitFor();
  await sound(narrow, 'a dead letter, narrow and light');
}
