// SPDX-License-Identifier: Apache-2.0
// What a viewer does to calls and components: asked first, told afterwards, with a keyboard alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { afternoon, id_of } from './story.mjs';
import { focused, press_until, shows, until, visit } from './visit.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const row = (number) => `[data-call="${id_of(number)}"]`;
const told = (page, text) => until(page, (wanted) => document.getElementById('told-text').textContent.includes(wanted), text);

test('kill asks first and sends nothing on cancel', () => visit(browser, async ({ page, server }) => {
  const kill = page.locator(row(0xa1)).getByRole('button', { name: /^Kill/ });
  for (const cancel of [() => page.locator('#ask-no').click(), () => page.keyboard.press('Escape')]) {
    await kill.click();
    await page.locator('#ask').waitFor();
    assert.match(await page.locator('#ask').innerText(), /executed, possibly in part/);
    assert.equal(await focused(page), 'ask-no', 'Enter does no harm');
    await cancel();
    await page.locator('#ask').waitFor({ state: 'hidden' });
    assert.match(await focused(page), /^Kill greet of hello/, 'the focus is where it was');
  }
  // A request that had been sent before would be there before this one's.
  await page.evaluate(() => fetch('v1/last', { method: 'POST' }));
  assert.deepEqual(server.acts.map(({ path }) => path), ['/v1/last']);
}));

test('kill is sent as the wire wants it, and its answer is told', () => visit(browser, async ({ page, server }) => {
  server.answer = () => ({ status: 200, body: { id: id_of(0xa1), state: 'stopping' } });
  await page.locator(row(0xa1)).getByRole('button', { name: /^Kill/ }).click();
  await page.locator('#ask-yes').click();
  await told(page, 'the guest is being stopped');
  assert.equal(server.acts.length, 1);
  const [act] = server.acts;
  assert.equal(`${act.method} ${act.path}`, `POST /v1/calls/${id_of(0xa1)}/kill`);
  assert.equal(act.headers['content-type'], 'application/json');
  assert.equal(act.body, '{}');
}));

test('keyboard alone can kill a call', () => visit(browser, async ({ page, server }) => {
  await press_until(page, 'Tab', /^Kill greet of hello/);
  await page.keyboard.press('Enter');
  await press_until(page, 'Tab', /^ask-yes$/, 4);
  await page.keyboard.press('Enter');
  await told(page, 'Kill greet of hello');
  assert.equal(server.acts[0].path, `/v1/calls/${id_of(0xa1)}/kill`);
}));

test('keyboard alone can kill the call of a cell', () => visit(browser, async ({ page, server }) => {
  await press_until(page, 'Tab', /^grid$/);
  await page.keyboard.press('ArrowRight');
  await press_until(page, 'Tab', /^chosen-kill$/, 3);
  await page.keyboard.press('Enter');
  await press_until(page, 'Tab', /^ask-yes$/, 4);
  await page.keyboard.press('Enter');
  await told(page, 'Kill greet of hello');
  assert.equal(server.acts[0].path, `/v1/calls/${id_of(0xa1)}/kill`);
}));

test('queued call is revoked, not killed', () => visit(browser, async ({ page, server }) => {
  server.answer = () => ({ status: 200, body: { state: 'revoked' } });
  const queued = page.locator(row(0xa3));
  assert.equal(await queued.getByRole('button', { name: /^Kill/ }).count(), 0);
  await queued.getByRole('button', { name: /^Revoke/ }).click();
  assert.match(await page.locator('#ask').innerText(), /the guest is never entered for it/);
  await page.locator('#ask-yes').click();
  await told(page, 'the guest is never entered for it');
  assert.equal(`${server.acts[0].method} ${server.acts[0].path}`, `DELETE /v1/calls/${id_of(0xa3)}`);
}));

test('component is drained after a question', () => visit(browser, async ({ page, server }) => {
  server.answer = () => ({ status: 202, body: { state: 'draining' } });
  await page.getByRole('button', { name: 'Drain a/b c' }).click();
  assert.match(await page.locator('#ask').innerText(), /Every call gets its outcome/);
  await page.locator('#ask-yes').click();
  await told(page, 'nothing more is admitted');
  assert.equal(server.acts[0].path, '/v1/components/a%2Fb%20c/drain');
}, {
  story: (at) => afternoon(at, { components: [{ name: 'a/b c', kind: 'pool', state: 'serving', cells: 1, queued: 0 }] }),
}));

test('problem is told with its outcome and effect', () => visit(browser, async ({ page, server }) => {
  server.answer = () => ({
    status: 410, problem: 'no longer kept',
    body: { detail: 'The id is known and its result is gone.', outcome: 'completed', effect: 'executed' },
  });
  await page.locator(row(0xa1)).getByRole('button', { name: /^Kill/ }).click();
  await page.locator('#ask-yes').click();
  await told(page, 'failed: no longer kept; The id is known and its result is gone.; outcome completed; effect executed');
  assert.equal(await page.locator('#told-text').getAttribute('role'), 'status');
}));

test('acts are offered only to whoever may do them', () => visit(browser, async ({ page }) => {
  await page.locator(row(0xa1)).waitFor();
  assert.equal(await page.getByRole('button', { name: /^Kill/ }).count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Drain/ }).count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Revoke/ }).count(), 1, 'a call is its own principal\'s');
}, {
  story: (at) => {
    const story = afternoon(at);
    story.server.rights = { kill: false, drain: false };
    return story;
  },
}));

test('call that ends under the focus gives it to the table', () => visit(browser, async ({ page, server, at }) => {
  await page.locator(row(0xa1)).getByRole('button', { name: /^Kill/ }).focus();
  server.tell('change', { revision: 813, at, calls_gone: [{ id: id_of(0xa1), outcome: 'completed' }] });
  await page.locator(row(0xa1)).waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'calls-region');
}));

test('other rows come and go without moving the focus', () => visit(browser, async ({ page, server, at }) => {
  await page.locator(row(0xa2)).getByRole('button', { name: /^Kill/ }).focus();
  const older = { ...afternoon(at).calls[0], id: id_of(0xa0), since: at - 100 };
  server.tell('change', { revision: 813, at, calls: [older], calls_gone: [{ id: id_of(0xa1), outcome: 'completed' }] });
  await page.locator(row(0xa0)).waitFor();
  assert.match(await focused(page), /^Kill holdfast:demo\/orders.place of orders\/customer-2/);
  await shows(page, '#calls-rows tr:first-child th', id_of(0xa0).slice(0, 8));
}));
