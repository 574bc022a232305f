// SPDX-License-Identifier: Apache-2.0
// A server that speaks the dashboard's protocol and says what a test wants. It serves the page's own files, with the
// headers of the real one.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';

const root = new URL('../../', import.meta.url);
const types = { css: 'text/css', html: 'text/html', js: 'text/javascript' };

// The policy is written down once, in the real server's header.
async function policy() {
  const text = await readFile(new URL('src/serve/page_files.hpp', root), 'utf8');
  const definition = /page_policy =\s*((?:"[^"]*"\s*)+);/.exec(text);
  return [...definition[1].matchAll(/"([^"]*)"/g)].map((piece) => piece[1]).join('');
}

export async function start_server() {
  const csp = await policy();
  const streams = new Set();
  const waiting = [];
  const server = {
    token: null,          // what a request has to bring
    away: false,          // answers nothing and cuts whoever comes
    snapshot: null,       // what a new stream begins with; a function
    acts: [],             // requests that would change something, as {method, path, headers, body}
    metrics: '',          // the text of /metrics
    answer: () => ({ status: 200, body: { state: 'stopping' } }),
    connections: 0,       // streams so far

    tell(event, data) {
      for (const stream of streams) send(stream, event, data);
    },
    comment() {
      for (const stream of streams) stream.write(': nothing new\n\n');
    },
    cut() {
      for (const stream of streams) stream.destroy();
      streams.clear();
    },
    // Resolves when a stream was begun the nth time.
    async stream(nth) {
      while (server.connections < nth) await new Promise((resolve) => waiting.push(resolve));
    },
    async stop() {
      server.cut();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };

  function send(stream, event, data) {
    stream.write(`event: ${event}\nid: ${data.revision}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  function problem(answer, status, title, more = {}) {
    answer.writeHead(status, { 'content-type': 'application/problem+json' });
    answer.end(JSON.stringify({ title, status, ...more }));
  }

  function begin_stream(answer) {
    answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    streams.add(answer);
    answer.on('close', () => streams.delete(answer));
    if (server.snapshot) send(answer, 'snapshot', server.snapshot());
    ++server.connections;
    for (const resolve of waiting.splice(0)) resolve();
  }

  async function act(request, answer) {
    let body = '';
    for await (const piece of request) body += piece;
    server.acts.push({ method: request.method, path: request.url, headers: request.headers, body });
    const told = server.answer();
    if (told.problem) problem(answer, told.status, told.problem, told.body);
    else answer.writeHead(told.status, { 'content-type': 'application/json' }).end(JSON.stringify(told.body));
  }

  const empty = '<!doctype html><html lang="en"><title>Empty</title><p>Nothing.</p></html>';

  const http = createServer(async (request, answer) => {
    if (server.away) return request.socket.destroy();
    const path = request.url;
    if (path === '/empty') return answer.writeHead(200, { 'content-type': 'text/html' }).end(empty);
    if (path === '/' || path.startsWith('/page/')) {
      const name = path === '/' ? 'index.html' : path.slice('/page/'.length);
      const text = await readFile(new URL(`src/serve/page/${name}`, root)).catch(() => null);
      if (text === null) return problem(answer, 404, 'no such path');
      answer.writeHead(200, {
        'content-type': `${types[name.split('.').at(-1)]}; charset=utf-8`,
        'content-security-policy': csp,
        'x-content-type-options': 'nosniff',
      });
      return answer.end(text);
    }
    if (server.token !== null && request.headers.authorization !== `Bearer ${server.token}`) {
      return problem(answer, 401, 'a token is needed');
    }
    if (path === '/metrics') return answer.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(server.metrics);
    if (path === '/v1/events') return begin_stream(answer);
    if (request.method !== 'GET') return act(request, answer);
    return problem(answer, 404, 'no such path');
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  server.url = `http://127.0.0.1:${http.address().port}/`;
  return server;
}
