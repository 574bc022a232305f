// SPDX-License-Identifier: Apache-2.0
// Counters by name. Each placement raises the counter of its item and the sum over all; a call that was left
// half-way raises one and not the other, and the audit finds it.

const prices = new Map([['book', 1250n], ['pen', 180n], ['lamp', 4200n], ['map', 760n]]);
const most = 1000;

const counters = new Map([...prices.keys()].map((item) => [item, 0n]));
let sum = 0n;
let placed = 0n;
let open = null; // the id of the placement that is half done

function begin(id, item, quantity) {
  open = id;
  counters.set(item, counters.get(item) + BigInt(quantity));
}

function finish(id, item, quantity) {
  sum += BigInt(quantity);
  placed += 1n;
  open = null;
  return { serial: placed, id, total: prices.get(item) * BigInt(quantity) };
}

// Kept where the optimizer cannot prove that nobody reads it.
let grain = 1;

function work(rounds) {
  for (let round = 0; round < rounds; round++) grain = (Math.imul(grain, 1664525) + 1013904223) | 0;
}

export function place(id, item, quantity) {
  if (!prices.has(item)) throw { tag: 'unknown-item', val: item };
  if (quantity > most) throw { tag: 'too-many', val: most };
  begin(id, item, quantity);
  return finish(id, item, quantity);
}

export function placeSlowly(id, rounds) {
  begin(id, 'book', 1);
  work(rounds);
  return finish(id, 'book', 1);
}

export function count() {
  return placed;
}

export function audit() {
  if (open !== null) throw `placement ${open} is half done`;
  let counted = 0n;
  for (const value of counters.values()) counted += value;
  if (counted !== sum) throw `the counters add up to ${counted}, the sum says ${sum}`;
  return placed;
}

export function trap(id) {
  begin(id, 'book', 1);
  throw new Error(`trap asked for by ${id}`);
}

export function spin(id) {
  begin(id, 'book', 1);
  for (;;) work(1000);
}
