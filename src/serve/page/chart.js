// SPDX-License-Identifier: Apache-2.0
// Outcomes over time: a bar a second, completed calls above the axis and all others below it, each side with its own
// scale, so that three faults beside a thousand completed calls are seen.
import { groups, seconds_kept } from './history.js';
import { colour, make_surface, striped } from './surface.js';
import { count } from './text.js';

const stripes = new Set(['taken', 'stopped', 'unknown']);
const margin = 14;  // for the words at both ends of the scale

export function make_chart(canvas, model) {
  let patterns = new Map();
  const begin = make_surface(canvas, () => {
    patterns = new Map();
    show();
  });

  function fill(context, name) {
    if (!stripes.has(name)) return colour(`--outcome-${name}`);
    if (!patterns.has(name)) {
      patterns.set(name, striped(context, colour(`--outcome-${name}`), colour('--card')));
    }
    return patterns.get(name);
  }

  const below = (row) => row.slice(1).reduce((sum, ended) => sum + ended, 0);

  function show() {
    const { context, width, height } = begin();
    if (width === 0) return;
    const last = Math.floor(model.now());
    const rows = [];
    for (let second = last - seconds_kept + 1; second <= last; ++second) rows.push(model.history.at(second));
    const high = Math.max(1, ...rows.map((row) => row?.[0] ?? 0));
    const low = Math.max(1, ...rows.map((row) => (row ? below(row) : 0)));

    const axis = Math.round(height * 0.6);
    const step = width / seconds_kept;
    rows.forEach((row, index) => {
      if (!row) return;
      const left = index * step;
      const bar = Math.max(1, step - 1);
      const up = row[0] === 0 ? 0 : Math.max(1, row[0] / high * (axis - margin));
      context.fillStyle = fill(context, 'completed');
      context.fillRect(left, axis - up, bar, up);
      let top = axis + 1;
      groups.slice(1).forEach(({ name }, place) => {
        if (row[place + 1] === 0) return;
        const down = Math.max(2, row[place + 1] / low * (height - axis - 1 - margin));
        context.fillStyle = fill(context, name);
        context.fillRect(left, top, bar, down);
        top += down;
      });
    });
    context.fillStyle = colour('--soft');
    context.fillRect(0, axis, width, 1);
    words(context, height, high, low);
  }

  function words(context, height, high, low) {
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'top';
    context.fillText(`completed, up to ${count(high)} a second`, 0, 0);
    context.textBaseline = 'bottom';
    context.fillText(`not completed, up to ${count(low)} a second`, 0, height);
  }

  return {
    show,
    // What the picture says, for those who do not see it. Not said each second: a reader would never end.
    describe() {
      const totals = model.history.total(Math.floor(model.now()));
      const parts = groups.map(({ label }, index) => `${count(totals[index])} ${label}`);
      canvas.setAttribute('aria-label', `Outcomes of the last two minutes, second by second: ${parts.join(', ')}.`);
    },
  };
}
