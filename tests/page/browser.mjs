// SPDX-License-Identifier: Apache-2.0
// Chromium, driven by Playwright. tests/page/run says where both are.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const tools = createRequire(resolve(process.env.HOLDFAST_PAGE_TOOLS, 'package.json'));

export const { chromium } = tools('playwright-core');
export const axe_source = tools.resolve('axe-core/axe.min.js');

export function launch() {
  // Chromium's sandbox is not to be had as root; the pages are ours.
  return chromium.launch({ executablePath: process.env.HOLDFAST_CHROMIUM, args: ['--no-sandbox'] });
}
