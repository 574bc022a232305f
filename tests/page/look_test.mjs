// SPDX-License-Identifier: Apache-2.0
// How the dashboard looks and moves: narrow, enlarged, dark, and with thousands of cells. HOLDFAST_PAGE_SHOTS=DIR keeps
// pictures.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { axe_source, launch } from './browser.mjs';
import { afternoon, busy_change, make_chance, many_cells } from './story.mjs';
import { shows, until, visit } from './visit.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const shots = process.env.HOLDFAST_PAGE_SHOTS;
async function shoot(page, name, options = {}) {
  if (shots) await page.screenshot({ path: resolve(shots, `${name}.png`), ...options });
}

// Two minutes of outcomes, as the server would have told of them.
async function fill_chart({ page, server, at }) {
  const chance = make_chance(7);
  const totals = { ...afternoon(at).totals };
  for (let second = 0; second <= 118; ++second) {
    totals.completed += 60 + Math.round(30 * Math.sin(second / 9)) + chance(12);
    if (second % 13 === 0) totals.trapped += 1 + chance(2);
    if (second > 60 && second < 80) totals.refused += chance(9);
    if (second % 31 === 5) totals.deadline_killed += 1;
    if (second % 17 === 8) totals.revoked += chance(3);
    server.tell('change', { revision: 813 + second, at: at - 118 + second, totals });
  }
  await until(page, () => document.documentElement.dataset.revision === '931');
}

async function violations(page) {
  await page.evaluate(await readFile(axe_source, 'utf8'));
  const found = await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  assert.ok(found.passes.length > 8, `axe looked at ${found.passes.length}`);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

// Without motion: a text that is half faded in has half its contrast.
for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing to complain of, ${scheme}`, () => visit(browser, async (visited) => {
    const { page } = visited;
    await fill_chart(visited);
    await page.locator('#grid').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await shows(page, '[data-fact="cell"]', '1');
    assert.deepEqual(await violations(page), []);
    await shoot(page, scheme, { fullPage: true });
    // docs/dashboard.md shows these two.
    await shoot(page, `dashboard-${scheme}`, { fullPage: true, clip: { x: 0, y: 0, width: 1280, height: 1780 } });
    await page.getByRole('button', { name: /^Kill greet of hello/ }).first().click();
    assert.deepEqual(await violations(page), []);
    await shoot(page, `${scheme}-dialog`);
    await page.locator('#ask-yes').click();
    await until(page, () => document.getElementById('told-text').textContent !== '');
    assert.deepEqual(await violations(page), []);
    await shoot(page, `${scheme}-told`);
  }, { options: { colorScheme: scheme, reducedMotion: 'reduce' } }));

  test(`axe finds nothing in the form for a token, ${scheme}`, () => visit(browser, async ({ page }) => {
    await page.locator('#token').waitFor();
    assert.deepEqual(await violations(page), []);
    await shoot(page, `${scheme}-token`);
  }, { options: { colorScheme: scheme }, token: 's3cret' }));
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

for (const [name, options] of [
  ['at 320 pixels', { viewport: { width: 320, height: 640 } }],
  ['at 200 % of 1280 pixels', { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
  ['at 400 % of 1280 pixels', { viewport: { width: 320, height: 225 }, deviceScaleFactor: 4 }],
]) {
  test(`page does not scroll sideways ${name}`, () => visit(browser, async (visited) => {
    const { page } = visited;
    await fill_chart(visited);
    await page.locator('#grid').focus();
    assert.equal(await overflow(page), 0);
    await shoot(page, name.replaceAll(/\W+/g, '-'), { fullPage: true });
    await page.getByRole('button', { name: /^Kill greet of hello/ }).first().click();
    assert.equal(await overflow(page), 0);
    const box = await page.locator('#ask').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= options.viewport.width, 'the question is in view');
  }, { options }));
}

test('layout stands still while figures change', () => visit(browser, async ({ page, server, at }) => {
  const places = () => page.evaluate(() => [...document.querySelectorAll('section, h2')].map((element) => {
    const { x, y, width } = element.getBoundingClientRect();
    return [x, y, width];
  }));
  const before_change = await places();
  const story = afternoon(at);
  const calls = Array.from({ length: 90 }, (_, number) => ({ ...story.calls[0], id: `${number}`, actor: 'a'.repeat(number) }));
  server.tell('change', {
    revision: 813, at, calls, calls_gone: story.calls.map(({ id }) => ({ id, outcome: 'completed', run: 123.456 })),
    cells: story.cells.map((cell) => ({ ...cell, state: 'rebuilding' })), faults: story.faults.map((each) => ({ ...each, at })),
    totals: { completed: 12345678, trapped: 123456 },
  });
  await shows(page, '[data-total="completed"]', '12,345,678');
  assert.deepEqual(await places(), before_change);
}));

// The time between frames, in ms: the longest but one in twenty.
const frames = (page) => page.evaluate(() => new Promise((resolve) => {
  const gaps = [];
  let last = performance.now();
  requestAnimationFrame(function next() {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    if (gaps.length < 90) requestAnimationFrame(next);
    else resolve(gaps.sort((a, b) => a - b)[Math.floor(gaps.length * 0.95)]);
  });
}));

const cells = 5000;
const most = 2;  // frames of an empty page

test('5,000 cells of which 500 change a tick leave frames as they are on an empty page', () => visit(browser,
  async ({ page, context, server, at }) => {
    const chance = make_chance(11);
    const empty = await context.newPage();
    let tick = 0;
    const ticks = setInterval(() => {
      ++tick;
      server.tell('change', busy_change(tick, at + tick / 4, cells, 500, chance));
    }, 250);
    try {
      await until(page, () => Number(document.documentElement.dataset.revision) > 901);
      // Noise of the machine only ever makes a frame longer: the best of some rounds is what the page itself takes.
      const best = { empty: Infinity, busy: Infinity };
      for (let round = 0; round < 1 || (round < 6 && best.busy > most * best.empty); ++round) {
        await empty.bringToFront();
        await empty.goto(`${server.url}empty`);
        best.empty = Math.min(best.empty, await frames(empty));
        await page.bringToFront();
        const before_round = tick;
        best.busy = Math.min(best.busy, await frames(page));
        assert.ok(tick > before_round + 2, 'it was busy');
      }
      const ratio = best.busy / best.empty;
      console.log(`frames: ${best.busy.toFixed(1)} ms with ${cells} cells, ${best.empty.toFixed(1)} ms empty, ${ratio.toFixed(2)}`);
      assert.ok(ratio <= most, `a frame takes ${ratio} times that of an empty page`);
    } finally {
      clearInterval(ticks);
    }
    await page.locator('#grid').focus();
    await page.keyboard.press('End');
    await shows(page, '[data-fact="cell"]', '4998');
    await shoot(page, '5000-cells');
    await page.keyboard.press('Home');
    await shoot(page, '5000-cells-whole', { fullPage: true });
  }, { story: (at) => many_cells(at, cells, make_chance(3)) }));
