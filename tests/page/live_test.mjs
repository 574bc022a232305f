// SPDX-License-Identifier: Apache-2.0
// The look at a server that runs: it must find what differs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { start_server } from './fake_server.mjs';
import { afternoon } from './story.mjs';

const metrics = `# HELP holdfast_calls_total Calls by outcome.
# TYPE holdfast_calls_total counter
holdfast_calls_total{component="hello",outcome="completed"} 10000
holdfast_calls_total{component="a\\"b,outcome=\\"killed",outcome="completed"} 388
holdfast_calls_total{component="hello",outcome="trapped"} 4
holdfast_calls_total{component="hello",outcome="collateral"} 0
holdfast_calls_refused_total{component="hello",reason="full"} 12
`;

// Ends with {code, report}.
async function look(text, patience) {
  const server = await start_server();
  server.metrics = text;
  server.snapshot = () => afternoon(Math.floor(Date.now() / 1000));
  try {
    const child = spawn(process.execPath, [fileURLToPath(new URL('live.mjs', import.meta.url)), server.url, '--patience', patience], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (piece) => { output += piece; });
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, report: JSON.parse(output) };
  } finally {
    await server.stop();
  }
}

test('live look agrees with metrics that say the same', async () => {
  const { code, report } = await look(metrics, '10');
  assert.deepEqual(report.complaints, []);
  assert.deepEqual(report.metrics, { completed: 10388, trapped: 4, collateral: 0 });
  assert.equal(report.revision, 812);
  assert.equal(report.agrees, true);
  assert.equal(code, 0);
});

test('live look finds the outcome that differs', async () => {
  const { code, report } = await look(metrics.replace('"trapped"} 4', '"trapped"} 5'), '0');
  assert.deepEqual(report.differences, { trapped: { shown: 4, metrics: 5 } });
  assert.equal(code, 1);
});
