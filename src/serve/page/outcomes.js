// SPDX-License-Identifier: Apache-2.0
// How calls ended: the totals, and the last of them one by one.
import { groups } from './history.js';
import { make_cells_of_row, make_rows } from './rows.js';
import { clock, count, duration, plain, short_id, words, write } from './text.js';

const group_of = new Map(groups.flatMap(({ name, of }) => of.map((outcome) => [outcome, name])));

export function make_totals(model) {
  const places = [...document.querySelectorAll('[data-total]')];
  return function show() {
    for (const place of places) write(place, count(model.totals[place.dataset.total]));
  };
}

export function make_ended(model) {
  const only = document.getElementById('ended-only');
  const show_rows = make_rows(document.getElementById('ended-rows'), {
    key: (call) => call.id,
    make: make_row,
    refuge: document.getElementById('ended-region'),
  });

  function make_row() {
    const { row, cells } = make_cells_of_row(['id', '', 'name', '', 'number', 'number']);
    const [id, at, target, outcome, queue, run] = cells;
    const square = document.createElement('span');
    const word = document.createElement('span');
    outcome.append(square, ' ', word);
    return {
      row,
      show(call) {
        row.dataset.ended = call.id;
        write(id, short_id(call.id));
        id.title = plain(call.id);
        write(at, clock(call.at));
        write(target, `${plain(call.component)} ${plain(call.export)}`);
        square.className = `dot ${group_of.get(call.outcome) ?? 'unknown'}`;
        write(word, words(call.outcome));
        write(queue, duration(call.queue));
        write(run, duration(call.run));
      },
    };
  }

  function show() {
    // An id may end twice only where a server starts over; the last one counts.
    const newest = new Map(model.ended.map((call) => [call.id, call]));
    const calls = [...newest.values()].reverse();
    show_rows(only.checked ? calls.filter((call) => call.outcome !== 'completed') : calls);
  }

  only.addEventListener('change', show);
  return show;
}
