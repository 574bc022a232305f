// SPDX-License-Identifier: Apache-2.0
// Where each cell stands in the grid: by component, each with a line for its name, then rows of squares.

const heading = 22;
const gap = 6;

// Thousands of cells are smaller than a handful.
const side_for = (cells) => (cells <= 100 ? 32 : cells <= 500 ? 24 : cells <= 2000 ? 20 : 17);

// `cells`: a Map by number. The layout of all in a width of so many pixels.
export function make_grid(cells, width) {
  const side = side_for(cells.size);
  const columns = Math.max(1, Math.floor(width / side));
  const by_component = new Map();
  for (const cell of cells.values()) {
    if (!by_component.has(cell.component)) by_component.set(cell.component, []);
    by_component.get(cell.component).push(cell.cell);
  }
  const order = [];  // numbers of cells as they are shown
  const blocks = []; // {name, first, size, top, rows}
  let top = 0;
  for (const name of [...by_component.keys()].sort()) {
    const numbers = by_component.get(name).sort((a, b) => a - b);
    const rows = Math.ceil(numbers.length / columns);
    blocks.push({ name, first: order.length, size: numbers.length, top, rows });
    for (const number of numbers) order.push(number);
    top += heading + rows * side + gap;
  }
  const height = Math.max(0, top - gap);
  const places = new Map(order.map((number, index) => [number, index]));

  const block_of = (index) => blocks.findLast((block) => block.first <= index);

  function place(index) {
    const block = block_of(index);
    const within = index - block.first;
    return {
      left: (within % columns) * side,
      top: block.top + heading + Math.floor(within / columns) * side,
    };
  }

  return {
    side,
    columns,
    heading,
    order,
    blocks,
    height,
    place,
    index_of: (number) => places.get(number) ?? -1,
    // The index of the cell at a point, or -1.
    at(left, down) {
      const column = Math.floor(left / side);
      const block = blocks.findLast((candidate) => candidate.top + heading <= down);
      if (!block || column < 0 || column >= columns) return -1;
      const within = Math.floor((down - block.top - heading) / side) * columns + column;
      return within < block.size ? block.first + within : -1;
    },
    // The cell below or above, also across the line between two components.
    step(index, rows) {
      const spot = place(index);
      for (let move = 0; move < Math.abs(rows); ++move) {
        const block = block_of(index);
        const within = index - block.first;
        const column = within % columns;
        const row = Math.floor(within / columns);
        if (rows > 0 && row + 1 < block.rows) {
          index = block.first + Math.min(block.size - 1, within + columns);
        } else if (rows < 0 && row > 0) {
          index -= columns;
        } else {
          const next = blocks[blocks.indexOf(block) + Math.sign(rows)];
          if (!next) break;
          const first_of_row = rows > 0 ? 0 : (next.rows - 1) * columns;
          index = next.first + Math.min(next.size - 1, first_of_row + Math.round(spot.left / side));
        }
      }
      return index;
    },
  };
}
