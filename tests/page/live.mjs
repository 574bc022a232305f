// SPDX-License-Identifier: Apache-2.0
// Looks at a server that runs: what the page shows must be what the server's metrics say.
//
//   tests/page/run live URL [--shots DIR] [--token TOKEN] [--patience SECONDS]
//
// Prints JSON. Exit code 0: they agree; 1: they do not, or the browser complained.
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { shots: { type: 'string' }, token: { type: 'string' }, patience: { type: 'string', default: '10' } },
});
if (positionals.length !== 1) {
  console.error('usage: live.mjs URL [--shots DIR] [--token TOKEN] [--patience SECONDS]');
  process.exit(2);
}
const base = positionals[0].endsWith('/') ? positionals[0] : `${positionals[0]}/`;

// Of the Prometheus text: a counter's sum for each value of one label.
function sums_of(text, counter, label) {
  const sums = {};
  for (const line of text.split('\n')) {
    const parts = /^([a-zA-Z_:][\w:]*)\{(.*)\}\s+(\S+)/.exec(line);
    if (parts?.[1] !== counter) continue;
    const value = new RegExp(`(?:^|,)${label}="((?:[^"\\\\]|\\\\.)*)"`).exec(parts[2])?.[1];
    if (value !== undefined) sums[value] = (sums[value] ?? 0) + Number(parts[3]);
  }
  return sums;
}

async function metrics() {
  const headers = options.token ? { authorization: `Bearer ${options.token}` } : {};
  const answer = await fetch(`${base}metrics`, { headers });
  if (!answer.ok) throw new Error(`metrics: the server answered ${answer.status}`);
  return sums_of(await answer.text(), 'holdfast_calls_total', 'outcome');
}

const shown = (page) => page.locator('[data-total]').evaluateAll((places) =>
  Object.fromEntries(places.map((place) => [place.dataset.total, Number(place.textContent.replaceAll(',', ''))])));

async function shoot(page, name, more = {}) {
  if (!options.shots) return;
  await mkdir(options.shots, { recursive: true });
  await page.screenshot({ path: resolve(options.shots, `${name}.png`), ...more });
}

const browser = await launch();
const report = { url: base, revision: 0, agrees: false, differences: {}, shown: {}, metrics: {}, complaints: [] };
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('pageerror', (error) => report.complaints.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') report.complaints.push(message.text()); });
  await page.goto(base);
  if (options.token) {
    await page.locator('#token-text').fill(options.token);
    await page.keyboard.press('Enter');
  }
  await page.waitForFunction(() => Number(document.documentElement.dataset.revision) > 0, null, { timeout: 15_000 });
  // A change may be under way: the page is read until it says what the metrics say, or the time is up.
  const end = Date.now() + Number(options.patience) * 1000;
  do {
    report.metrics = await metrics();
    report.shown = await shown(page);
    report.differences = Object.fromEntries(Object.entries(report.metrics)
      .filter(([outcome, total]) => report.shown[outcome] !== total)
      .map(([outcome, total]) => [outcome, { shown: report.shown[outcome], metrics: total }]));
    report.agrees = Object.keys(report.metrics).length > 0 && Object.keys(report.differences).length === 0;
    if (!report.agrees) await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(resolve); }));
  } while (!report.agrees && Date.now() < end);
  report.revision = Number(await page.evaluate(() => document.documentElement.dataset.revision));
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    await shoot(page, `live-${scheme}`, { fullPage: true });
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await shoot(page, 'live-320', { fullPage: true });
} catch (error) {
  report.complaints.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.agrees && report.complaints.length === 0 ? 0 : 1;
