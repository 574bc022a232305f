// SPDX-License-Identifier: Apache-2.0
// The calls in flight, oldest first.
import { make_button, make_cells_of_row, make_rows } from './rows.js';
import { age, count, plain, short_id, words, write } from './text.js';

const most_rows = 200;

// The full name of a call, as its buttons say it to a screen reader.
export function name_of(call) {
  const place = (call.actor ?? null) === null ? plain(call.component) : `${plain(call.component)}/${plain(call.actor)}`;
  return `${plain(call.export)} of ${place}`;
}

export function make_calls(model, acts) {
  const region = document.getElementById('calls-region');
  const filter = document.getElementById('calls-filter');
  const note = document.getElementById('calls-note');
  let names = '';
  const show_rows = make_rows(document.getElementById('calls-rows'), {
    key: (call) => call.id,
    make: make_row,
    refuge: region,
  });

  filter.addEventListener('change', show);

  function make_row() {
    const { row, cells } = make_cells_of_row(['id', 'name', 'name', '', 'number', '', 'number', '', 'acts']);
    const [id, target, actor, phase, since, waits, attempt, cell, buttons] = cells;
    let call = null;
    const revoke = make_button('Revoke', () => acts.revoke(call));
    const kill = make_button('Kill', () => acts.kill(call));
    kill.className = 'danger';
    buttons.append(revoke, kill);

    // A button that goes while it has the focus gives it to the table, not to nothing.
    function offer(button, offered) {
      if (!offered && button === document.activeElement) region.focus();
      button.hidden = !offered;
    }

    return {
      row,
      show(now_so) {
        call = now_so;
        row.dataset.call = call.id;
        write(id, short_id(call.id));
        id.title = plain(call.id);
        write(target, `${plain(call.component)} ${plain(call.export)}`);
        target.title = target.textContent;
        write(actor, plain(call.actor ?? ''));
        write(phase, words(call.phase));
        phase.className = `phase ${call.phase === 'running' ? 'running' : 'waits'}`;
        write(since, age(model.now() - call.since));
        const somebody = call.waiters > 0;
        write(waits, somebody ? `${count(call.waiters)} ${call.waiters === 1 ? 'waits' : 'wait'}` : 'nobody waits');
        waits.className = somebody ? '' : 'alone';
        write(attempt, count(call.attempt));
        write(cell, call.phase === 'running' ? `${call.cell}, generation ${call.generation}` : '');
        offer(revoke, call.phase !== 'running');
        offer(kill, call.phase === 'running' && model.server.rights?.kill === true);
        revoke.setAttribute('aria-label', `Revoke ${name_of(call)}, call ${short_id(call.id)}`);
        kill.setAttribute('aria-label', `Kill ${name_of(call)}, call ${short_id(call.id)}`);
      },
    };
  }

  function show_filter() {
    const now_named = [...model.components.keys()].sort();
    if (JSON.stringify(now_named) === names) return;
    names = JSON.stringify(now_named);
    const kept = filter.value;
    filter.replaceChildren(new Option('every component', ''));
    for (const name of now_named) filter.append(new Option(plain(name, 60), `=${name}`));
    filter.value = kept;
    if (filter.selectedIndex < 0) filter.selectedIndex = 0;
  }

  function show() {
    show_filter();
    let calls = [...model.calls.values()];
    const all = calls.length;
    if (filter.value !== '') calls = calls.filter((call) => `=${call.component}` === filter.value);
    calls.sort((a, b) => a.since - b.since);
    const alone = calls.reduce((sum, call) => sum + (call.waiters > 0 ? 0 : 1), 0);
    const of = calls.length === all ? '' : ` of ${count(all)}`;
    const rest = calls.length > most_rows ? `; the ${most_rows} oldest are shown` : '';
    write(note, `${count(calls.length)}${of} in flight, ${count(alone)} that nobody waits for${rest}`);
    show_rows(calls.slice(0, most_rows));
  }

  return { show };
}
