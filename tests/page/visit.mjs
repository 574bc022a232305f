// SPDX-License-Identifier: Apache-2.0
// One visit to the dashboard: a server that tells a story, a page that shows it, and no complaint of the browser's.
import assert from 'node:assert/strict';
import { start_server } from './fake_server.mjs';
import { afternoon } from './story.mjs';

// A cut connection and a refused request are what some stories are about.
const expected = /Failed to load resource|net::ERR_/;

// Runs `body({server, page, at, ...})` with the page open. `story(at)` is what each stream begins with.
export async function visit(browser, body, { story = afternoon, options = {}, token = null, before } = {}) {
  const server = await start_server();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text())) complaints.push(message.text());
  });
  try {
    const at = Math.floor(Date.now() / 1000);
    server.token = token;
    server.snapshot = () => story(at);
    await before?.({ page, server });
    await page.goto(server.url);
    if (token === null) await until(page, () => Number(document.documentElement.dataset.revision) > 0);
    await body({ server, page, context, at });
    assert.deepEqual(complaints, [], 'the browser complained');
  } finally {
    await context.close();
    await server.stop();
  }
}

// Waits until `condition(argument)` holds in the page.
export async function until(page, condition, argument) {
  await page.waitForFunction(condition, argument, { timeout: 10_000, polling: 'raf' });
}

// Waits until an element has exactly this text; any space is a space.
export async function shows(page, selector, text) {
  try {
    await until(page, ([where, wanted]) => {
      const there = document.querySelector(where)?.textContent;
      return there?.replaceAll('\u00a0', ' ').trim() === wanted;
    }, [selector, text]);
  } catch {
    assert.equal(await page.locator(selector).first().textContent(), text, selector);
  }
}

// The element that has the focus, as a short text.
export const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return element.id || element.getAttribute('aria-label') || element.textContent.trim() || element.tagName;
});

// Presses a key until the focus is on what is wanted, as a person without a mouse does.
export async function press_until(page, key, wanted, most = 80) {
  for (let press = 0; press < most; ++press) {
    if (wanted.test(await focused(page))) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} never came to ${wanted}; the focus is on ${await focused(page)}`);
}
