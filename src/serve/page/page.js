// SPDX-License-Identifier: Apache-2.0
// The dashboard of `holdfast serve`: one stream of events, one model, and parts that each show a piece of it.
import { make_acts } from './acts.js';
import { make_calls } from './calls.js';
import { make_cells } from './cells.js';
import { make_chart } from './chart.js';
import { make_chosen } from './chosen.js';
import { make_components } from './components.js';
import { make_connection } from './connection.js';
import { make_dialog } from './dialog.js';
import { make_faults } from './faults.js';
import { make_figures } from './figures.js';
import { make_model } from './model.js';
import { make_ended, make_totals } from './outcomes.js';
import { open_stream } from './stream.js';
import { write } from './text.js';

const tick = 1000;        // ms; ages go on, the chart slides
const described = 10;     // ticks between two descriptions of the chart

// Told to those who test the page: what has come, and what of it is shown.
const marks = document.documentElement.dataset;

// Below whatever path the server is reached by.
const at = (path) => new URL(path, document.baseURI);

const model = make_model();
const connection = make_connection({
  given: (token) => stream.give_token(token),
  forgotten: () => stream.ask_for_token(),
});
const stream = open_stream(at('v1/events'), {
  event(name, data) {
    model.apply(name, data);
    marks.received = model.revision;
    ask_for_frame();
  },
  state(state) {
    if (state.is === 'token') {
      model.forget();
      ask_for_frame();
    }
    connection.show(state);
  },
});

function tell(text, bad = false) {
  const place = document.getElementById('told');
  write(document.getElementById('told-text'), text);
  place.classList.toggle('bad', bad);
  place.classList.add('there');
}
document.getElementById('told-close').addEventListener('click', () => {
  document.getElementById('told').classList.remove('there');
  write(document.getElementById('told-text'), '');
});

const acts = make_acts({ ask: make_dialog(), stream, tell, at });
const chosen = make_chosen(model, acts);
const cells = make_cells(model, chosen.choose);
const calls = make_calls(model, acts);
const chart = make_chart(document.getElementById('chart'), model);
const faults = make_faults(model);
const show_totals = make_totals(model);
const show_ended = make_ended(model);
const show_components = make_components(model, acts);
const show_figures = make_figures(model);

// What moves by itself can be held, so that it can be read. The model goes on.
const hold = document.getElementById('hold');
let held = false;
hold.addEventListener('click', () => {
  held = !held;
  hold.setAttribute('aria-pressed', String(held));
  document.body.classList.toggle('held', held);
  if (!held) ask_for_frame();
});

// However many changes come, a frame shows them once.
let frame = 0;
function ask_for_frame() {
  if (frame === 0) frame = requestAnimationFrame(show);
}

function show() {
  frame = 0;
  if (held) return;
  const changed = model.take_changed();
  const any = (...parts) => parts.some((part) => changed.has(part));
  if (any('totals')) {
    show_totals();
    chart.show();
  }
  if (any('cells', 'places')) cells.show(changed.has('places'));
  if (any('cells', 'calls', 'faults', 'server')) chosen.show();
  if (any('calls', 'components', 'server')) calls.show();
  if (any('components', 'server')) show_components();
  if (any('faults')) faults.show();
  if (any('ended')) show_ended();
  if (any('server', 'orphans', 'overshoot', 'times')) show_figures();
  marks.revision = model.revision;
}

let ticks = 0;
setInterval(() => {
  connection.tick();
  if (held || document.hidden) return;
  chosen.show();
  calls.show();
  faults.show();
  show_figures();
  chart.show();
  if (ticks++ % described === 0) chart.describe();
}, tick);

connection.again.addEventListener('click', stream.connect);
addEventListener('online', () => { if (!connection.again.hidden) stream.connect(); });

const kept = connection.kept();
if (kept !== null) stream.give_token(kept);
else stream.connect();
