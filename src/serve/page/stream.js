// SPDX-License-Identifier: Apache-2.0
// The server's events, for as long as the page is open: read, found silent, begun again.
//
// Not an EventSource: that one cannot send a bearer token.

const stale_after = 15_000;   // ms without a byte; the server sends a comment more often than that
const dead_after = 40_000;    // then the connection is given up
const first_wait = 500;
const longest_wait = 15_000;
const longest_event = 64 << 20;

// Reads text/event-stream from pieces of text. `heard(event)` gets {event, id, data}.
export function make_event_reader(heard) {
  let rest = '';
  let event = '';
  let id = '';
  let data = [];

  function read_line(line) {
    if (line === '') {
      if (data.length > 0) heard({ event: event || 'message', id, data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (name === 'event') event = value;
    else if (name === 'id') id = value;
    else if (name === 'data') data.push(value);
  }

  return {
    push(text) {
      // Only the new piece is searched: a snapshot of thousands of cells comes in many.
      const lines = text.split('\n');
      lines[0] = rest + lines[0];
      rest = lines.pop();
      if (rest.length > longest_event) throw new Error('an event is too long');
      for (const line of lines) read_line(line.endsWith('\r') ? line.slice(0, -1) : line);
    },
  };
}

// `on.event(name, object)`; `on.state(state)`, where state is one of
//   {is: 'connecting'}, {is: 'live'}, {is: 'stale'}, {is: 'token', rejected}, {is: 'waiting', until, why}
export function open_stream(url, on) {
  let token = null;
  let failures = 0;
  let attempt = null;  // the AbortController of the connection that is open or being opened
  let timer = 0;
  let heard_at = 0;
  let live = 'no';     // 'opening', 'yes', 'stale'

  function connect() {
    clearTimeout(timer);
    attempt?.abort();
    attempt = new AbortController();
    heard_at = performance.now();
    live = 'opening';
    on.state({ is: 'connecting' });
    read(attempt);
  }

  async function read(mine) {
    let wait = 0;
    try {
      const headers = { accept: 'text/event-stream' };
      if (token !== null) headers.authorization = `Bearer ${token}`;
      const answer = await fetch(url, { headers, cache: 'no-store', signal: mine.signal });
      if (answer.status === 401) {
        mine.abort();
        if (mine === attempt) ask_for_token();
        return;
      }
      if (!answer.ok) {
        wait = Number(answer.headers.get('retry-after')) * 1000 || 0;
        throw new Error(`the server answered ${answer.status}`);
      }
      if (!(answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
        throw new Error('what answered is no Holdfast server');
      }
      await listen(mine, answer.body);
      throw new Error('the connection ended');
    } catch (error) {
      failed(mine, error, wait);
    }
  }

  async function listen(mine, body) {
    const reader = make_event_reader((event) => {
      if (mine !== attempt || (event.event !== 'snapshot' && event.event !== 'change')) return;
      on.event(event.event, JSON.parse(event.data));
      if (event.event === 'snapshot') failures = 0;
    });
    const pieces = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await pieces.read();
      if (done || mine !== attempt) return;
      heard_at = performance.now();
      be('yes');
      reader.push(value);
    }
  }

  function be(next) {
    if (next === live) return;
    live = next;
    on.state({ is: next === 'yes' ? 'live' : 'stale' });
  }

  // An error of an attempt that was given up for another one is nobody's.
  function failed(mine, error, least = 0) {
    if (mine !== attempt) return;
    mine.abort();
    live = 'no';
    const doubled = Math.min(longest_wait, first_wait * 2 ** failures);
    const wait = Math.max(Math.min(least, 60_000), doubled * (0.5 + Math.random() / 2));
    ++failures;
    on.state({ is: 'waiting', until: performance.now() + wait, why: reason(error) });
    timer = setTimeout(connect, wait);
  }

  // What a browser says of a connection that failed differs from one to the next and helps nobody.
  function reason(error) {
    if (error instanceof TypeError) return 'the server cannot be reached';
    if (error instanceof SyntaxError) return 'the server sent what this page does not understand';
    return error.message;
  }

  function ask_for_token() {
    live = 'no';
    const rejected = token !== null;
    token = null;
    attempt = null;
    on.state({ is: 'token', rejected });
  }

  setInterval(() => {
    if (live === 'no') return;
    const silent = performance.now() - heard_at;
    if (silent > dead_after) failed(attempt, new Error('the server has fallen silent'));
    else if (silent > stale_after) be('stale');
  }, 1000);

  return {
    connect,
    give_token(text) {
      token = text;
      failures = 0;
      connect();
    },
    // For a request beside the stream; a 401 there asks for a token here.
    token: () => token,
    ask_for_token() {
      attempt?.abort();
      clearTimeout(timer);
      ask_for_token();
    },
  };
}
