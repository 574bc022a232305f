// SPDX-License-Identifier: Apache-2.0
// The rows of a table that lives: each stays the same element as long as what it shows is there, so that the focus, a
// selection and a pointer on it are not disturbed by its neighbours.

// `make()` gives {row, show(item)}; `key(item)` says which row an item has. `refuge` gets the focus of a row that goes.
export function make_rows(body, { key, make, refuge }) {
  const shown = new Map();

  function place(row, before) {
    // moveBefore keeps the focus; insertBefore, where there is no other, does not.
    if (row.isConnected && body.moveBefore) body.moveBefore(row, before);
    else body.insertBefore(row, before);
  }

  return function show(items) {
    const wanted = new Set(items.map(key));
    for (const [name, { row }] of shown) {
      if (wanted.has(name)) continue;
      const had_focus = row.contains(document.activeElement);
      row.remove();
      shown.delete(name);
      if (had_focus) refuge?.focus();
    }
    let next = body.firstElementChild;
    for (const item of items) {
      const name = key(item);
      if (!shown.has(name)) shown.set(name, make());
      const made = shown.get(name);
      if (made.row === next) next = next.nextElementSibling;
      else place(made.row, next);
      made.show(item);
    }
  };
}

// A row of empty cells; the first `heads` of them are headers of the row.
export function make_cells_of_row(classes, heads = 1) {
  const row = document.createElement('tr');
  const cells = classes.map((name, index) => {
    const cell = document.createElement(index < heads ? 'th' : 'td');
    if (index < heads) cell.scope = 'row';
    if (name) cell.className = name;
    row.append(cell);
    return cell;
  });
  return { row, cells };
}

export function make_button(word, pressed) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = word;
  button.addEventListener('click', pressed);
  return button;
}
