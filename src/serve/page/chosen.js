// SPDX-License-Identifier: Apache-2.0
// What is known of the cell that was chosen in the grid.
import { name_of } from './calls.js';
import { age, count, plain, short_id, write } from './text.js';

export function make_chosen(model, acts) {
  const none = document.getElementById('chosen-none');
  const facts = document.getElementById('chosen-facts');
  const kill = document.getElementById('chosen-kill');
  const place = (fact) => facts.querySelector(`[data-fact="${fact}"]`);
  let number = null;
  let call = null;

  kill.addEventListener('click', () => { if (call) acts.kill(call); });

  // Several calls may share one instance; the oldest is told, and how many more there are.
  function calls_of(cell) {
    const calls = [...model.calls.values()].filter((each) => each.phase === 'running' && each.cell === cell);
    return calls.sort((a, b) => a.since - b.since);
  }

  function told_of(calls) {
    if (calls.length === 0) return 'none';
    const [oldest] = calls;
    const others = calls.length > 1 ? `, and ${count(calls.length - 1)} more` : '';
    return `${name_of(oldest)} (${short_id(oldest.id)}), for ${age(model.now() - oldest.since)}${others}`;
  }

  function show() {
    const cell = number === null ? undefined : model.cells.get(number);
    none.hidden = cell !== undefined;
    facts.hidden = cell === undefined;
    if (!cell) {
      call = null;
      kill.hidden = true;
      return;
    }
    const calls = calls_of(number);
    call = calls[0] ?? null;
    const fault = model.faults.findLast((each) => each.cell === number);
    write(place('cell'), String(number));
    write(place('component'), plain(cell.component));
    write(place('actor'), plain(cell.actor ?? '–'));
    write(place('state'), `${plain(cell.state)}, for ${age(model.now() - cell.since)}`);
    write(place('generation'), count(cell.generation));
    write(place('call'), told_of(calls));
    write(place('fault'), fault ? `${plain(fault.error)}, ${age(model.now() - fault.at)} ago` : 'none known');
    const offered = call !== null && model.server.rights?.kill === true;
    if (!offered && kill === document.activeElement) document.getElementById('grid').focus();
    kill.hidden = !offered;
    if (call) kill.setAttribute('aria-label', `Kill its call: ${name_of(call)}, ${short_id(call.id)}`);
  }

  return {
    show,
    choose(next) {
      number = next;
      show();
    },
  };
}
