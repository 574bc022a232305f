// SPDX-License-Identifier: Apache-2.0
// Whether what the page shows is now so, and the form that asks for a token.
import { write } from './text.js';

const kept_as = 'holdfast-token';
// What may stand in an Authorization field, by RFC 6750.
const token_form = /^[A-Za-z0-9\-._~+/]+=*$/;

// Null where the viewer's browser keeps nothing for any page: touching it throws there.
const storage = (() => {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
})();

export function make_connection({ given, forgotten }) {
  const place = document.getElementById('connection');
  const note = document.getElementById('connection-note');
  const again = document.getElementById('try-again');
  const forget = document.getElementById('forget-token');
  const section = document.getElementById('token');
  const form = document.getElementById('token-form');
  const input = document.getElementById('token-text');
  const keep = document.getElementById('token-keep');
  const error = document.getElementById('token-error');
  let state = { is: 'connecting' };
  let has_token = false;

  const told = {
    connecting: 'connecting', live: 'live', stale: 'stale', waiting: 'reconnecting', token: 'needs a token',
  };

  // Told once, when it changes; the seconds that pass are in the note, which no reader reads out.
  function show(next) {
    const new_prompt = next.is === 'token' && state.is !== 'token';
    // While attempts fail one after the other, the viewer sees one state and not two in turn.
    const still_waiting = next.is === 'connecting' && state.is === 'waiting';
    state = still_waiting ? { ...state, trying: true } : next;
    place.dataset.state = state.is;
    write(place, told[state.is]);
    again.hidden = state.is !== 'waiting';
    section.hidden = state.is !== 'token';
    document.body.classList.toggle('old', state.is === 'waiting' || state.is === 'stale');
    document.body.classList.toggle('locked', state.is === 'token');
    if (state.is === 'token') {
      has_token = false;
      storage?.removeItem(kept_as);
      refuse(state.rejected ? 'The server does not take this token.' : '');
      if (new_prompt) input.focus();
    }
    forget.hidden = !has_token;
    tick();
  }

  function refuse(why) {
    write(error, why);
    input.setAttribute('aria-invalid', String(why !== ''));
  }

  function tick() {
    const seconds = Math.ceil(Math.max(0, (state.until ?? 0) - performance.now()) / 1000);
    const notes = {
      stale: 'nothing was heard for a while; what is shown may be old',
      waiting: state.trying ? `${state.why}; trying` : `${state.why}; trying again in ${seconds} s`,
    };
    write(note, notes[state.is] ?? '');
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (!token_form.test(token)) {
      refuse('A token has letters, digits and - . _ ~ + / only.');
      return;
    }
    if (keep.checked) storage?.setItem(kept_as, token);
    input.value = '';
    has_token = true;
    document.getElementById('main').focus();
    given(token);
  });
  forget.addEventListener('click', () => {
    storage?.removeItem(kept_as);
    forgotten();
  });

  return {
    show,
    tick,
    again,
    // The token of this tab, from before the page was loaded again.
    kept() {
      const token = storage?.getItem(kept_as) ?? null;
      has_token = token !== null;
      return token;
    },
  };
}
