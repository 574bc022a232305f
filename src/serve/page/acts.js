// SPDX-License-Identifier: Apache-2.0
// What a viewer may do: take a call back, stop a guest, drain a component. Three verbs, each with its own words.
import { name_of } from './calls.js';
import { plain, words } from './text.js';

const of_answer = {
  revoked: 'revoked: the guest is never entered for it',
  running: 'too late, it runs already and goes on',
  stopping: 'the guest is being stopped',
  done: 'it had its outcome already',
  draining: 'draining: nothing more is admitted',
};

// `ask` is the dialog, `stream` knows the token, `tell(text, bad)` reaches the viewer.
export function make_acts({ ask, stream, tell, at }) {
  async function send(what, method, path) {
    const headers = { accept: 'application/json, application/problem+json', 'content-type': 'application/json' };
    const token = stream.token();
    if (token !== null) headers.authorization = `Bearer ${token}`;
    try {
      const answer = await fetch(at(path), { method, headers, body: method === 'POST' ? '{}' : undefined });
      if (answer.status === 401) stream.ask_for_token();
      const body = await answer.json().catch(() => ({}));
      if (answer.ok) tell(`${what}: ${said(body)}`);
      else tell(`${what} failed: ${problem(answer, body)}`, true);
    } catch {
      tell(`${what}: no answer came. Whether it was done is unknown; the page shows what the server says next.`, true);
    }
  }

  // An answer says in one word what was found.
  function said(body) {
    const word = [body, body?.state, body?.result, body?.outcome].find((each) => typeof each === 'string');
    if (word === undefined) return 'done';
    return Object.hasOwn(of_answer, word) ? of_answer[word] : words(word);
  }

  function problem(answer, body) {
    const parts = [plain(body.title ?? `the server answered ${answer.status}`)];
    if (body.detail) parts.push(plain(body.detail, 500));
    if (body.outcome) parts.push(`outcome ${words(body.outcome)}`);
    if (body.effect) parts.push(`effect ${words(body.effect)}`);
    return parts.join('; ');
  }

  const told_of = (call) => `${name_of(call)}, call ${plain(call.id)}`;

  return {
    async revoke(call) {
      const agreed = await ask({
        verb: 'Revoke the call',
        on: told_of(call),
        does: [
          'If no attempt has begun, the call is taken back: the guest is never entered for it.',
          'If the guest was entered already, nothing is stopped: the call goes on and ends with its own outcome.',
        ],
        refuge: document.getElementById('calls-region'),
      });
      if (agreed) await send(`Revoke ${name_of(call)}`, 'DELETE', `v1/calls/${encodeURIComponent(call.id)}`);
    },

    async kill(call) {
      const agreed = await ask({
        verb: 'Kill the call',
        on: told_of(call),
        does: [
          'The guest is asked to stop, and after the grace it is cut.',
          'The call ends as killed, unless it ends by itself first. A killed call was executed, possibly in part.',
          'The instance is discarded and a fresh one of the next generation takes its place. ' +
            'Other calls in the same instance are lost with it (collateral, effect unknown).',
        ],
        refuge: document.getElementById('calls-region'),
      });
      if (agreed) await send(`Kill ${name_of(call)}`, 'POST', `v1/calls/${encodeURIComponent(call.id)}/kill`);
    },

    async drain(component) {
      const name = plain(component.name);
      const agreed = await ask({
        verb: 'Drain the component',
        on: name,
        does: [
          'No further call is admitted: callers are refused, and the guest is never entered for them.',
          'Calls that run may finish within the grace; then their guests are killed. Every call gets its outcome.',
        ],
        refuge: document.getElementById('components-region'),
      });
      if (agreed) {
        await send(`Drain ${name}`, 'POST', `v1/components/${encodeURIComponent(component.name)}/drain`);
      }
    },
  };
}
