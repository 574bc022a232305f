// SPDX-License-Identifier: Apache-2.0
// The cells as a grid of squares, coloured and lettered by state. Only what is in view is painted, so it does not
// matter how many there are; one real element stands over the chosen cell, for the keyboard and for screen readers.
import { make_grid } from './grid.js';
import { colour, make_surface } from './surface.js';
import { count, plain, write } from './text.js';

const states = {
  running: 'R', idle: 'I', building: 'U', rebuilding: 'E', stopping: 'S', draining: 'D', broken: 'X', closed: 'C',
};
// In pixels, so that a handful of cells and thousands both leave room for what stands below them.
const lowest = 280;
const highest = 420;
const letter_of = (state) => states[state] ?? '?';
const kind_of = (state) => (Object.hasOwn(states, state) ? state : 'closed');

// `chosen(number)` is told which cell was chosen, or null.
export function make_cells(model, chosen) {
  const view = document.getElementById('grid');
  const room = document.getElementById('grid-room');
  const canvas = document.getElementById('grid-picture');
  const marker = document.getElementById('grid-cell');
  const legend = document.getElementById('cell-states');
  let grid = make_grid(new Map(), 1);
  let width = 0;
  let number = null;
  let stamps = null;

  const begin = make_surface(canvas, () => {
    stamps = null;
    if (canvas.clientWidth !== width) {
      width = canvas.clientWidth;
      arrange();
    }
    paint();
  });

  function arrange() {
    grid = make_grid(model.cells, Math.max(1, width));
    room.style.height = `${grid.height}px`;
    const high = Math.min(grid.height, highest);
    view.style.setProperty('--grid-height', `${Math.max(lowest, high)}px`);
    stamps = null;
    if (number !== null && !model.cells.has(number)) choose(null);
    mark();
  }

  // A square for each state, drawn once and copied for each cell.
  function make_stamps(ratio) {
    const made = new Map();
    for (const state of [...Object.keys(states), '?']) {
      const stamp = document.createElement('canvas');
      stamp.width = stamp.height = Math.round(grid.side * ratio);
      const pen = stamp.getContext('2d');
      pen.scale(ratio, ratio);
      const inside = grid.side - 2;
      pen.fillStyle = colour(`--cell-${kind_of(state)}`);
      pen.fillRect(0, 0, inside, inside);
      pen.fillStyle = colour(`--cell-${kind_of(state)}-ink`);
      pen.font = `600 ${Math.round(grid.side * 0.58)}px system-ui, sans-serif`;
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      pen.fillText(letter_of(state), inside / 2, inside / 2 + 0.5);
      made.set(state, stamp);
    }
    return made;
  }

  function paint() {
    const { context, width: across, height: down, ratio } = begin();
    if (across === 0) return;
    if (stamps?.ratio !== ratio) stamps = Object.assign(make_stamps(ratio), { ratio });
    const above = view.scrollTop;
    context.font = '600 13px system-ui, sans-serif';
    context.textBaseline = 'middle';
    for (const block of grid.blocks) {
      const top = block.top - above;
      const bottom = top + grid.heading + block.rows * grid.side;
      if (bottom < 0 || top > down) continue;
      context.fillStyle = colour('--ink');
      context.fillText(`${plain(block.name, 60)}  ${count(block.size)}`, 0, top + grid.heading / 2, across);
      const squares = top + grid.heading;
      const first = Math.max(0, Math.floor(-squares / grid.side));
      const last = Math.min(block.rows, Math.ceil((down - squares) / grid.side));
      const end = Math.min(block.size, last * grid.columns);
      for (let within = first * grid.columns; within < end; ++within) {
        const cell = model.cells.get(grid.order[block.first + within]);
        const stamp = stamps.get(cell?.state) ?? stamps.get('?');
        const left = (within % grid.columns) * grid.side;
        const from = squares + Math.floor(within / grid.columns) * grid.side;
        context.drawImage(stamp, left, from, grid.side, grid.side);
      }
    }
  }

  function mark() {
    const index = number === null ? -1 : grid.index_of(number);
    marker.hidden = index < 0;
    if (index < 0) {
      view.removeAttribute('aria-activedescendant');
      return;
    }
    const cell = model.cells.get(number);
    const { left, top } = grid.place(index);
    marker.style.transform = `translate(${left}px, ${top}px)`;
    marker.style.width = marker.style.height = `${grid.side - 2}px`;
    const name = plain(cell.component, 60);
    marker.setAttribute('aria-label', `cell ${number} of ${name}, ${plain(cell.state)}, generation ${cell.generation}`);
    marker.setAttribute('aria-posinset', index + 1);
    marker.setAttribute('aria-setsize', grid.order.length);
    // Another cell is another element to a screen reader.
    marker.id = `grid-cell-${number}`;
    view.setAttribute('aria-activedescendant', marker.id);
  }

  function choose(next, { scroll = true } = {}) {
    number = next;
    mark();
    if (number !== null && scroll) into_view();
    chosen(number);
  }

  function into_view() {
    const { top } = grid.place(grid.index_of(number));
    const least = top + grid.side + 4 - view.clientHeight;
    if (top - grid.heading < view.scrollTop) view.scrollTop = top - grid.heading;
    else if (least > view.scrollTop) view.scrollTop = least;
  }

  const page_rows = () => Math.max(1, Math.floor(view.clientHeight / grid.side) - 1);
  const keys = {
    ArrowRight: (index) => index + 1,
    ArrowLeft: (index) => index - 1,
    ArrowDown: (index) => grid.step(index, 1),
    ArrowUp: (index) => grid.step(index, -1),
    PageDown: (index) => grid.step(index, page_rows()),
    PageUp: (index) => grid.step(index, -page_rows()),
    Home: () => 0,
    End: () => grid.order.length - 1,
  };

  view.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Escape' && number !== null) {
      choose(null);
    } else if (Object.hasOwn(keys, event.key) && grid.order.length > 0) {
      const index = number === null ? 0 : keys[event.key](grid.index_of(number));
      choose(grid.order[Math.min(grid.order.length - 1, Math.max(0, index))]);
    } else {
      return;
    }
    event.preventDefault();
  });
  view.addEventListener('focus', () => {
    // A pointer that comes chooses for itself.
    if (number === null && grid.order.length > 0 && view.matches(':focus-visible')) choose(grid.order[0]);
  });
  view.addEventListener('click', (event) => {
    const box = canvas.getBoundingClientRect();
    const index = grid.at(event.clientX - box.left, event.clientY - box.top + view.scrollTop);
    if (index >= 0) choose(grid.order[index], { scroll: false });
  });
  view.addEventListener('scroll', paint, { passive: true });

  const buttons = new Map();
  for (const [state, letter] of Object.entries(states)) {
    const button = document.createElement('button');
    const square = document.createElement('span');
    const many = document.createElement('b');
    button.type = 'button';
    button.title = `Go to the next cell that is ${state}`;
    square.className = `square ${state}`;
    square.textContent = letter;
    button.append(square, ` ${state} `, many);
    button.addEventListener('click', () => next_of(state));
    const item = document.createElement('li');
    item.append(button);
    legend.append(item);
    buttons.set(state, { button, many });
  }

  function next_of(state) {
    const from = number === null ? -1 : grid.index_of(number);
    for (let step = 1; step <= grid.order.length; ++step) {
      const candidate = grid.order[(from + step) % grid.order.length];
      if (model.cells.get(candidate)?.state === state) {
        choose(candidate);
        return;
      }
    }
  }

  function tally() {
    const sums = new Map();
    for (const { state } of model.cells.values()) sums.set(state, (sums.get(state) ?? 0) + 1);
    for (const [state, { many }] of buttons) write(many, count(sums.get(state) ?? 0));
  }

  return {
    choose,
    show(places_changed) {
      if (places_changed) arrange();
      else mark();
      tally();
      paint();
    },
  };
}
