// SPDX-License-Identifier: Apache-2.0
// The stream of events: cut, silent, in pieces, and behind a token.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { make_event_reader } from '../../src/serve/page/stream.js';
import { launch } from './browser.mjs';
import { afternoon, id_of } from './story.mjs';
import { focused, shows, until, visit } from './visit.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('events are read the same in whatever pieces they come', () => {
  const text = ': a comment\r\n\r\nevent: snapshot\nid: 1\ndata: {"a":\ndata: 1}\n\n\nid:2\ndata:x\n\nevent: lost\n\n' +
    'data: not ended';
  const wanted = [{ event: 'snapshot', id: '1', data: '{"a":\n1}' }, { event: 'message', id: '2', data: 'x' }];
  for (let size = 1; size <= text.length; ++size) {
    const heard = [];
    const reader = make_event_reader((event) => heard.push(event));
    for (let from = 0; from < text.length; from += size) reader.push(text.slice(from, from + size));
    assert.deepEqual(heard, wanted, `in pieces of ${size}`);
  }
});

test('page reconnects after a cut and starts over with the snapshot', () => visit(browser, async ({ page, server, at }) => {
  await page.locator(`[data-call="${id_of(0xa1)}"]`).waitFor();
  // What was known must go: the new server has fewer calls, lower totals and an older revision.
  server.snapshot = () => afternoon(at, { revision: 3, calls: [], totals: { completed: 1 }, faults: [], cells: [] });
  server.cut();
  await server.stream(2);
  await shows(page, '#connection', 'live');
  await shows(page, '[data-total="completed"]', '1');
  await shows(page, '[data-total="trapped"]', '–');
  assert.equal(await page.locator('#calls-rows tr').count(), 0);
  assert.equal(await page.locator('#timeline li').count(), 0);
  server.tell('change', { revision: 4, at, totals: { completed: 2 } });
  await shows(page, '[data-total="completed"]', '2');
}));

test('page says that it reconnects, and tries at once where it is told to', () => visit(browser, async ({ page, server }) => {
  server.away = true;
  server.cut();
  await shows(page, '#connection', 'reconnecting');
  await shows(page, '[data-total="completed"]', '10,388');
  // From here on no time passes in the page: once it waits, only the button can make it try.
  await page.clock.pauseAt(Date.now() + 1000);
  await until(page, () => /trying again in \d+ s/.test(document.getElementById('connection-note').textContent));
  server.away = false;
  await page.evaluate(() => document.getElementById('try-again').click());
  await server.stream(2);
  await shows(page, '#connection', 'live');
}, { before: ({ page }) => page.clock.install() }));

test('stream that falls silent is stale, and then begun anew', () => visit(browser, async ({ page, server }) => {
  await shows(page, '#connection', 'live');
  await page.clock.fastForward(17_000);
  await shows(page, '#connection', 'stale');
  server.comment();
  await shows(page, '#connection', 'live');
  await page.clock.fastForward(45_000);
  await server.stream(2);
  await shows(page, '#connection', 'live');
}, { before: ({ page }) => page.clock.install() }));

test('page asks for a token where one is needed', () => visit(browser, async ({ page, server }) => {
  await page.locator('#token').waitFor();
  assert.equal(await focused(page), 'token-text');
  assert.equal(await page.locator('#calls-region').isVisible(), false);
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await until(page, () => document.getElementById('token-error').textContent !== '');
  assert.equal(await page.locator('#token-text').getAttribute('aria-invalid'), 'true');
  await page.keyboard.type('bad token\u00e9');
  await page.keyboard.press('Enter');
  await until(page, () => /letters, digits/.test(document.getElementById('token-error').textContent));
  await page.locator('#token-text').fill('s3cret');
  await page.keyboard.press('Enter');
  await shows(page, '#connection', 'live');
  await shows(page, '[data-total="completed"]', '10,388');
  assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0, 'it is in memory only');

  // An act brings it too.
  await page.locator(`[data-call="${id_of(0xa1)}"]`).getByRole('button', { name: /^Kill/ }).click();
  await page.locator('#ask-yes').click();
  await until(page, () => document.getElementById('told-text').textContent !== '');
  assert.equal(server.acts[0].headers.authorization, 'Bearer s3cret');

  await page.reload();
  await page.locator('#token').waitFor();
}, { token: 's3cret' }));

test('token is kept for the tab only where that is ticked, until it is forgotten', () => visit(browser, async ({ page }) => {
  await page.locator('#token-text').fill('s3cret');
  await page.locator('#token-keep').check();
  await page.keyboard.press('Enter');
  await shows(page, '#connection', 'live');
  await page.reload();
  await shows(page, '[data-total="completed"]', '10,388');
  await page.locator('#forget-token').click();
  await page.locator('#token').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.equal(await page.locator('#calls-rows tr').count(), 0, 'nothing is left of what was shown');
}, { token: 's3cret' }));
