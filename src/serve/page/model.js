// SPDX-License-Identifier: Apache-2.0
// What the page knows of the server: the last snapshot and the changes since.
import { make_history } from './history.js';

const ended_kept = 200;
const faults_kept = 200;

export function make_model() {
  const model = {
    revision: 0,
    server: {},
    totals: {},
    orphans: {},
    overshoot: {},
    times: {},
    components: new Map(),  // by name
    cells: new Map(),       // by number
    calls: new Map(),       // in flight, by id
    ended: [],              // newest last
    faults: [],             // oldest first
    history: make_history(),

    // What must be shown anew since this was last asked: names of the members above; `places`: cells came or went.
    take_changed() {
      const taken = changed;
      changed = new Set();
      return taken;
    },

    // Seconds since 1970 by the server's clock: the viewer's may be wrong.
    now: () => told_at + (performance.now() - told_when) / 1000,

    apply(event, data) {
      if (event === 'snapshot') start_over();
      else if (!began || data.revision <= model.revision) return;
      take(data, event === 'change');
      began = true;
    },

    forget() {
      start_over();
      model.history.clear();
      began = false;
    },
  };
  let changed = new Set();
  let began = false;  // a change means nothing without the snapshot before it
  let told_at = Date.now() / 1000;
  let told_when = performance.now();
  let started = null;

  function start_over() {
    model.revision = 0;
    for (const part of ['server', 'totals', 'orphans', 'overshoot', 'times']) model[part] = {};
    for (const part of ['components', 'cells', 'calls']) model[part].clear();
    model.ended = [];
    model.faults = [];
    changed = new Set(['server', 'totals', 'orphans', 'overshoot', 'times', 'components', 'cells', 'places', 'calls',
      'ended', 'faults']);
  }

  // `goes_on`: what was known before is what the server told just before.
  function take(data, goes_on) {
    if (Number.isFinite(data.revision)) model.revision = data.revision;
    if (Number.isFinite(data.at)) {
      told_at = data.at;
      told_when = performance.now();
    }
    for (const part of ['server', 'orphans', 'overshoot', 'times', 'totals']) {
      if (data[part]) {
        model[part] = { ...model[part], ...data[part] };
        changed.add(part);
      }
    }
    // Another process counts from nothing.
    if (model.server.started !== started) model.history.clear();
    started = model.server.started;
    if (data.totals) model.history.add(model.totals, Math.floor(told_at), goes_on);
    take_cells(data);
    take_calls(data, goes_on);
    for (const component of data.components ?? []) {
      model.components.set(component.name, component);
      changed.add('components');
    }
    if (data.faults?.length > 0) {
      model.faults = [...model.faults, ...data.faults].sort((a, b) => a.at - b.at).slice(-faults_kept);
      changed.add('faults');
    }
  }

  function take_cells(data) {
    for (const cell of data.cells ?? []) {
      if (model.cells.get(cell.cell)?.component !== cell.component) changed.add('places');
      model.cells.set(cell.cell, cell);
      changed.add('cells');
    }
    for (const cell of data.cells_gone ?? []) {
      if (model.cells.delete(cell)) changed.add('places').add('cells');
    }
  }

  function take_calls(data, goes_on) {
    for (const call of data.calls ?? []) {
      model.calls.set(call.id, call);
      changed.add('calls');
    }
    for (const call of data.calls_gone ?? []) {
      if (model.calls.delete(call.id)) changed.add('calls');
    }
    if (data.calls_gone?.length > 0) {
      // When a call of a snapshot ended is known only where the server says so.
      const ended = data.calls_gone.map((call) => ({ ...call, at: call.at ?? (goes_on ? told_at : undefined) }));
      model.ended = [...model.ended, ...ended].slice(-ended_kept);
      changed.add('ended');
    }
  }

  return model;
}
