// SPDX-License-Identifier: Apache-2.0
// The components that are served, and the actors of those that have any.
import { make_button, make_cells_of_row, make_rows } from './rows.js';
import { count, plain, write } from './text.js';

export function make_components(model, acts) {
  const region = document.getElementById('components-region');
  const show_rows = make_rows(document.getElementById('components-rows'), {
    key: (component) => component.name,
    make: make_row,
    refuge: region,
  });

  function make_row() {
    const numbers = Array(7).fill('number');
    const { row, cells } = make_cells_of_row(['name', '', '', ...numbers, 'acts']);
    const [name, kind, state, ...rest] = cells;
    const buttons = rest.pop();
    let component = null;
    const drain = make_button('Drain', () => acts.drain(component));
    drain.className = 'danger';
    buttons.append(drain);
    return {
      row,
      show(now_so) {
        component = now_so;
        const { actors } = component;
        write(name, plain(component.name));
        write(kind, plain(component.kind));
        write(state, plain(component.state));
        state.className = component.state === 'broken' ? 'bad' : '';
        const figures = [component.cells, component.queued, actors?.resident, actors?.waiting, actors?.activations,
          actors?.passivations, actors?.timers];
        rest.forEach((cell, index) => write(cell, count(figures[index])));
        const offered = model.server.rights?.drain === true && component.state === 'serving';
        if (!offered && drain === document.activeElement) region.focus();
        drain.hidden = !offered;
        drain.setAttribute('aria-label', `Drain ${plain(component.name)}`);
      },
    };
  }

  return function show() {
    show_rows([...model.components.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
  };
}
