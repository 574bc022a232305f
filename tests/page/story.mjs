// SPDX-License-Identifier: Apache-2.0
// What a server might tell: one of an afternoon, and ones of any size.

// An id that looks like one: its beginning tells it from the others.
export const id_of = (number) =>
  `${(Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}${number.toString(16).padStart(24, '0')}`;

const outcomes = ['completed', 'refused', 'revoked', 'expired_in_queue', 'trapped', 'host_failed', 'deadline_killed',
  'killed', 'collateral', 'lost_in_crash'];
export const no_totals = Object.fromEntries(
  ['accepted', ...outcomes, 'detached', 'orphaned', 'joined', 'retried', 'rebuilds'].map((name) => [name, 0]));

// A few of everything, at the moment `at`.
export function afternoon(at, changes = {}) {
  return {
    revision: 812,
    at,
    server: {
      version: '0.1.0', wasmtime: '48.0.8', started: at - 8100, draining: false, connections: 3,
      journal: 'calls.journal', rights: { kill: true, drain: true },
    },
    totals: {
      ...no_totals, accepted: 10421, completed: 10388, refused: 12, revoked: 3, expired_in_queue: 1, trapped: 4,
      deadline_killed: 2, killed: 1, detached: 41, orphaned: 7, joined: 2, retried: 5, rebuilds: 7,
    },
    orphans: { orphans: 1, orphaned: 7, cost: 1.25, parked: 2, parked_bytes: 4096, claimed: 1, dropped: 0 },
    overshoot: { count: 12, p50: 0.0021, p99: 0.006, max: 0.0071 },
    times: { queue: { p50: 0.00002, p99: 0.0013 }, run: { p50: 0.004, p99: 0.31 } },
    components: [
      { name: 'hello', kind: 'pool', state: 'serving', cells: 12, queued: 1 },
      {
        name: 'orders', kind: 'actors', state: 'serving', cells: 5, queued: 0,
        actors: { resident: 5, waiting: 1, activations: 19, passivations: 14, timers: 2 },
      },
      { name: 'shop', kind: 'web', state: 'draining', cells: 2, queued: 0 },
    ],
    cells: [
      ...Array.from({ length: 12 }, (_, cell) => ({
        cell, component: 'hello', state: ['idle', 'running', 'idle', 'rebuilding'][cell % 4], generation: 1 + cell % 3,
        since: at - 30 - cell,
      })),
      ...Array.from({ length: 5 }, (_, actor) => ({
        cell: 20 + actor, component: 'orders', actor: `customer-${actor}`, state: actor === 2 ? 'running' : 'idle',
        generation: 1, since: at - 12,
      })),
      { cell: 30, component: 'shop', state: 'broken', generation: 9, since: at - 300 },
      { cell: 31, component: 'shop', state: 'draining', generation: 2, since: at - 4 },
    ],
    calls: [
      {
        id: id_of(0xa1), component: 'hello', export: 'greet', phase: 'running', since: at - 42, cell: 1, generation: 2,
        attempt: 1, waiters: 0, keyed: false,
      },
      {
        id: id_of(0xa2), component: 'orders', export: 'holdfast:demo/orders.place', actor: 'customer-2', phase: 'running',
        since: at - 3, cell: 22, generation: 1, attempt: 2, waiters: 2, keyed: true, principal: 'ops',
      },
      {
        id: id_of(0xa3), component: 'hello', export: 'greet', phase: 'queued', since: at - 1, cell: 0, generation: 0,
        attempt: 1, waiters: 1, keyed: false,
      },
    ],
    calls_gone: Array.from({ length: 24 }, (_, number) => ({
      id: id_of(0xb00 + number), component: 'hello', export: 'greet',
      outcome: number % 7 === 3 ? outcomes[4 + number % 4] : 'completed', run: 0.003 + number / 5000,
      queue: 0.00002 * (1 + number % 3),
    })),
    faults: [
      fault(at - 540, 4, 1, 'trapped', 'wasm trap: wasm `unreachable` instruction executed'),
      fault(at - 400, 7, 2, 'deadline_killed', 'past its run limit of 2 s'),
      fault(at - 395, 3, 1, 'trapped', 'wasm trap: out of bounds memory access'),
      fault(at - 210, 30, 8, 'host_failed', 'a host function threw: no route to the database'),
      fault(at - 90, 11, 2, 'retired', 'after 10,000 calls'),
      fault(at - 20, 3, 2, 'killed', 'killed by ops'),
    ],
    ...changes,
  };
}

export const fault = (at, cell, generation, error, detail) =>
  ({ at, cell, generation, component: 'hello', error, detail });

const states = ['idle', 'idle', 'idle', 'running', 'running', 'building', 'rebuilding', 'stopping', 'draining'];

// Numbers that look random and are the same each time.
export function make_chance(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

export function many_cells(at, cells, chance) {
  const of = ['greet', 'ledger', 'orders', 'images'];
  return afternoon(at, {
    components: of.map((name) => ({ name, kind: 'pool', state: 'serving', cells: cells / of.length, queued: 0 })),
    cells: Array.from({ length: cells }, (_, cell) => ({
      cell, component: of[cell % of.length], state: cell % 997 === 5 ? 'broken' : states[chance(states.length)],
      generation: 1 + chance(9), since: at - chance(600),
    })),
  });
}

// A tick in which so many cells change.
export function busy_change(tick, at, cells, many, chance) {
  const of = ['greet', 'ledger', 'orders', 'images'];
  return {
    revision: 900 + tick,
    at,
    totals: { completed: 10388 + tick * 140, trapped: 4 + Math.floor(tick / 9), refused: 12 + Math.floor(tick / 3) },
    cells: Array.from({ length: many }, () => {
      const cell = chance(cells);
      return { cell, component: of[cell % of.length], state: states[chance(states.length)], generation: 2, since: at };
    }),
  };
}
