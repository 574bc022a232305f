// SPDX-License-Identifier: Apache-2.0
// The last ten minutes of faults and retirements: each a mark on the line of its kind, and its detail where it is
// looked at. One stop of the Tab key; the arrow keys go from mark to mark.
import { make_rows } from './rows.js';
import { age, clock, plain, words, write } from './text.js';

const span = 600;
const lines = ['trapped', 'host_failed', 'deadline_killed', 'killed'];  // what else there is shares the last line
const letters = ['T', 'H', 'D', 'K', 'O'];

const key = (fault) => `${fault.at} ${fault.cell} ${fault.generation} ${fault.error}`;

export function make_faults(model) {
  const line = document.getElementById('timeline');
  const detail = document.getElementById('fault-detail');
  const note = document.getElementById('faults-note');
  let shown = new Map();      // by key, oldest first
  const buttons = new Map();  // by key
  let looked_at = null;       // a key
  const show_marks = make_rows(line, { key, make: make_mark, refuge: detail });

  function make_mark() {
    const item = document.createElement('li');
    const button = document.createElement('button');
    let fault = null;
    button.type = 'button';
    button.tabIndex = -1;
    item.append(button);
    for (const event of ['focus', 'pointerenter', 'click']) button.addEventListener(event, () => look(key(fault)));
    return {
      row: item,
      show(now_so) {
        fault = now_so;
        const found = lines.indexOf(fault.error);
        const row = found < 0 ? lines.length : found;
        item.className = `line-${row}`;
        item.style.insetInlineStart = `${100 * (1 - (model.now() - fault.at) / span)}%`;
        write(button, letters[row]);
        // Read out with its letter first, which is what can be seen of it.
        button.setAttribute('aria-label', `${letters[row]}, ${told_of(fault)}`);
        buttons.set(key(fault), button);
      },
    };
  }

  const told_of = (fault) =>
    `${clock(fault.at)}, ${words(fault.error)}: cell ${fault.cell} of ${plain(fault.component, 60)}, ` +
    `generation ${fault.generation}`;

  function look(at) {
    looked_at = at;
    for (const [each, button] of buttons) button.tabIndex = each === at ? 0 : -1;
    show_detail();
  }

  function show_detail() {
    const [head, text] = detail.children;
    const fault = shown.get(looked_at);
    write(head, fault ? `${told_of(fault)}, ${age(model.now() - fault.at)} ago` : 'None in the last ten minutes.');
    write(text, plain(fault?.detail ?? '', 2000));
  }

  line.addEventListener('keydown', (event) => {
    const order = [...shown.keys()];
    const here = order.indexOf(looked_at);
    const moves = {
      ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: order.length - 1,
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    buttons.get(order[Math.min(order.length - 1, Math.max(0, moves[event.key]))])?.focus();
  });

  function show() {
    const recent = model.faults.filter((fault) => model.now() - fault.at < span);
    shown = new Map(recent.map((fault) => [key(fault), fault]));
    show_marks([...shown.values()]);
    for (const each of buttons.keys()) {
      if (!shown.has(each)) buttons.delete(each);
    }
    write(note, `${shown.size} in the last ten minutes`);
    // Whoever reads one keeps it until it leaves the line; else the newest is told.
    const reads = shown.has(looked_at) && (line.matches(':focus-within, :hover') || detail.matches(':focus-within, :hover'));
    look(reads ? looked_at : ([...shown.keys()].at(-1) ?? null));
  }

  return { show };
}
