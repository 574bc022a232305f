// SPDX-License-Identifier: Apache-2.0
// What the dashboard shows of what the server says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { afternoon, fault, id_of, no_totals } from './story.mjs';
import { focused, press_until, shows, until, visit } from './visit.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const row = (number) => `[data-call="${id_of(number)}"]`;
const rows_of = (page, body) => page.locator(`#${body} tr`).count();

test('page shows what the snapshot says', () => visit(browser, async ({ page }) => {
  await shows(page, '#connection', 'live');
  await shows(page, '[data-total="completed"]', '10,388');
  await shows(page, '[data-total="lost_in_crash"]', '0');
  await shows(page, '[data-figure="server.wasmtime"]', '48.0.8');
  await shows(page, '[data-figure="overshoot.p99"]', '6 ms');
  await shows(page, '[data-figure="orphans.parked_bytes"]', '4 KiB');
  assert.equal(await rows_of(page, 'calls-rows'), 3);
  assert.equal(await rows_of(page, 'components-rows'), 3);
  assert.equal(await rows_of(page, 'ended-rows'), 24);
  assert.equal(await page.locator('#timeline li').count(), 6);
  const first = await page.locator('#calls-rows tr').first().innerText();
  assert.match(first, /hello greet/, 'the oldest is first');
  assert.match(first, /nobody waits/);
  assert.match(await page.locator('#calls-note').innerText(), /^3 in flight, 1 that nobody waits for/);
}));

test('every total of the contract has its place', () => visit(browser, async ({ page }) => {
  const places = await page.locator('[data-total]').evaluateAll((all) => all.map((place) => place.dataset.total));
  assert.deepEqual([...places].sort(), Object.keys(no_totals).sort());
}));

test('change updates a cell and leaves the others', () => visit(browser, async ({ page, server, at }) => {
  await shows(page, '#cell-states li:first-child b', '4');
  await page.locator('#grid').focus();
  await page.keyboard.press('Home');
  await shows(page, '[data-fact="cell"]', '0');
  await until(page, () => document.querySelector('[data-fact="state"]').textContent.startsWith('idle'));
  const cell = { cell: 0, component: 'hello', state: 'running', generation: 77, since: at };
  server.tell('change', { revision: 813, at: at + 1, cells: [cell] });
  await shows(page, '[data-fact="generation"]', '77');
  await shows(page, '#cell-states li:first-child b', '5');
  await shows(page, '[data-total="completed"]', '10,388');
}));

test('change ends a call and says how', () => visit(browser, async ({ page, server, at }) => {
  await page.locator(row(0xa1)).waitFor();
  server.tell('change', {
    revision: 813, at: at + 1, totals: { killed: 2 },
    calls_gone: [{ id: id_of(0xa1), component: 'hello', export: 'greet', outcome: 'killed', run: 42.5, queue: 0.001 }],
  });
  await page.locator(row(0xa1)).waitFor({ state: 'detached' });
  const ended = await page.locator('#ended-rows tr').first().innerText();
  assert.match(ended, /killed/);
  assert.match(ended, /42.5\ss/);
  await shows(page, '[data-total="killed"]', '2');
}));

test('change that is older than what is shown is nothing new', () => visit(browser, async ({ page, server, at }) => {
  server.tell('change', { revision: 812, at, totals: { completed: 1 } });
  server.tell('change', { revision: 813, at, totals: { trapped: 5 } });
  await shows(page, '[data-total="trapped"]', '5');
  await shows(page, '[data-total="completed"]', '10,388');
}));

test('cells that are gone leave the grid', () => visit(browser, async ({ page, server, at }) => {
  server.tell('change', { revision: 813, at, cells_gone: [1, 5, 9] });
  await shows(page, '#cell-states li:first-child b', '1');
}));

test('grid is walked with the arrow keys, across components', () => visit(browser, async ({ page }) => {
  await page.locator('#grid').focus();
  await page.keyboard.press('Home');
  for (const [key, cell] of [['ArrowRight', '1'], ['ArrowDown', '21'], ['ArrowUp', '1'], ['End', '31'], ['ArrowRight', '31'],
    ['Home', '0'], ['ArrowLeft', '0']]) {
    await page.keyboard.press(key);
    await shows(page, '[data-fact="cell"]', cell);
  }
  const active = await page.locator('#grid').getAttribute('aria-activedescendant');
  assert.match(await page.locator(`#${active}`).getAttribute('aria-label'), /^cell 0 of hello, idle, generation 1$/);
  await page.keyboard.press('Escape');
  await page.locator('#chosen-none').waitFor();
}));

test('grid chooses the cell that is clicked', () => visit(browser, async ({ page }) => {
  // The third square of the second component: 22 px of a name, a row of 32, 6 between, 22 of a name.
  await page.locator('#grid').click({ position: { x: 2 * 32 + 10, y: 22 + 32 + 6 + 22 + 10 } });
  await shows(page, '[data-fact="cell"]', '22');
  await shows(page, '[data-fact="actor"]', 'customer-2');
  assert.match(await page.locator('[data-fact="call"]').innerText(), /orders.place of orders\/customer-2/);
}));

test('state in the legend goes to the next cell that is in it', () => visit(browser, async ({ page }) => {
  await page.getByRole('button', { name: /broken/ }).click();
  await shows(page, '[data-fact="cell"]', '30');
  assert.match(await page.locator('[data-fact="fault"]').innerText(), /host_failed/);
}));

test('calls are shown of one component where one is asked for', () => visit(browser, async ({ page, server, at }) => {
  await page.locator('#calls-filter').selectOption({ label: 'orders' });
  assert.equal(await rows_of(page, 'calls-rows'), 1);
  assert.match(await page.locator('#calls-note').innerText(), /^1 of 3 in flight/);
  const call = afternoon(at).calls[0];
  server.tell('change', { revision: 813, at, calls: [{ ...call, id: id_of(0xa9) }], totals: { trapped: 9 } });
  await shows(page, '[data-total="trapped"]', '9');
  assert.equal(await rows_of(page, 'calls-rows'), 1);
}));

test('faults are read one by one with the arrow keys', () => visit(browser, async ({ page }) => {
  const detail = page.locator('#fault-detail');
  assert.match(await detail.innerText(), /killed by ops/, 'the newest is told');
  await press_until(page, 'Tab', /^K, /);
  await page.keyboard.press('Home');
  assert.match(await detail.innerText(), /unreachable/);
  await page.keyboard.press('ArrowRight');
  assert.match(await detail.innerText(), /run limit/);
}));

test('fault that is read stays while others come', () => visit(browser, async ({ page, server, at }) => {
  await page.locator('#timeline li button').first().focus();
  server.tell('change', { revision: 813, at, faults: [fault(at, 9, 9, 'trapped', 'a new one')] });
  await until(page, () => document.querySelectorAll('#timeline li').length === 7);
  assert.match(await page.locator('#fault-detail').innerText(), /unreachable/);
  assert.match(await focused(page), /^T, /);
}));

test('display that is held stands still, and catches up', () => visit(browser, async ({ page, server, at }) => {
  await page.locator('#hold').click();
  server.tell('change', { revision: 813, at, totals: { trapped: 99 } });
  await until(page, () => document.documentElement.dataset.received === '813');
  await shows(page, '[data-total="trapped"]', '4');
  await page.locator('#hold').click();
  await shows(page, '[data-total="trapped"]', '99');
}));

const hostile = '<img src=x onerror=alert(1)><script>alert(2)</script>\u202egnp\u0007\u200b';

test('hostile text stays text', () => visit(browser, async ({ page, server, at }) => {
  await page.getByRole('button', { name: /^R running/ }).click();
  await shows(page, '[data-fact="cell"]', '1');
  const drawn = await page.evaluate((text) => {
    const has = (where) => document.querySelector(where).textContent;
    const names = [...document.querySelectorAll('[aria-label], [title]')].map((element) => element.ariaLabel + element.title);
    return {
      markup: document.querySelectorAll('main img, main script').length,
      texts: ['#calls-rows', '#components-rows', '#ended-rows', '#fault-detail', '.chosen'].map(has),
      raw: /[\u202a-\u202e\u0000-\u0008\u200b]/.test(document.body.textContent + names.join('')),
      global: Object.hasOwn(Object.prototype, 'state'),
      text,
    };
  }, hostile);
  assert.equal(drawn.markup, 0);
  assert.equal(drawn.raw, false, 'what cannot be seen is escaped');
  assert.equal(drawn.global, false);
  for (const text of drawn.texts) assert.ok(text.includes('<img src=x'), text);
  assert.ok(drawn.texts[0].includes('\\u{202e}gnp'));
  await page.locator(row(0xa1)).getByRole('button', { name: /^Kill/ }).click();
  assert.ok((await page.locator('#ask-target').textContent()).includes('<img src=x'));
  await page.locator('#ask-no').click();
  server.answer = () => ({ status: 500, problem: hostile, body: { detail: hostile, effect: hostile } });
  await page.locator(row(0xa1)).getByRole('button', { name: /^Kill/ }).click();
  await page.locator('#ask-yes').click();
  await until(page, () => document.getElementById('told-text').textContent.includes('<img src=x'));
  assert.equal(await page.locator('#told img').count(), 0);
  // A name that is a member of every object, and one that is very long.
  const name = 'w'.repeat(100_000);
  server.tell('change', {
    revision: 813, at, components: [{ name: '__proto__', kind: 'pool', state: 'serving' }, { name, kind: name, state: name }],
    cells: [{ cell: 99, component: 'constructor', state: '__proto__', generation: 1, since: at }],
  });
  await until(page, () => document.getElementById('components-rows').textContent.includes('__proto__'));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
}, {
  story: (at) => {
    const story = afternoon(at);
    for (const each of [...story.cells, ...story.calls, ...story.calls_gone, ...story.faults]) each.component = hostile;
    for (const each of story.calls) Object.assign(each, { export: hostile, actor: hostile });
    for (const each of story.faults) each.detail = hostile;
    story.components[0].name = hostile;
    return story;
  },
}));
