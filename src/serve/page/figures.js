// SPDX-License-Identifier: Apache-2.0
// Single figures: <dd data-figure="overshoot.p99" data-as="duration"> shows model.overshoot.p99 as a duration.
import { age, bytes, count, duration, moment, plain, write } from './text.js';

export function make_figures(model) {
  const forms = {
    duration,
    bytes,
    count,
    text: (value) => (value === undefined || value === null ? '–' : plain(value)),
    yes: (value) => (value ? 'yes' : 'no'),
    since: (value) => (Number.isFinite(value) ? age(model.now() - value) : '–'),
    journal: (value) => (value ? plain(value) : 'none'),
  };
  const places = [...document.querySelectorAll('[data-figure]')].map((place) => ({
    place,
    path: place.dataset.figure.split('.'),
    form: forms[place.dataset.as ?? 'count'],
  }));

  return function show() {
    for (const { place, path, form } of places) {
      write(place, form(path.reduce((value, name) => value?.[name], model)));
      if (place.dataset.as === 'since') place.title = `since ${moment(model.server.started)}`;
    }
  };
}
