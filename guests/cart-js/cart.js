// SPDX-License-Identifier: Apache-2.0
// A shopping cart as an actor. Its orders have numbers drawn by chance and the time of day, so a call that is run
// again tells another story than the first time, unless chance and time are the same.

const version = 1;
const most = 100;
const most32 = 2 ** 32 - 1;
const most64 = 2n ** 64n - 1n;

let cart = { lines: [], last: undefined };

const sum = (lines) => lines.reduce((total, { quantity, price }) => total + BigInt(quantity) * price, 0n);

// JSON's numbers are doubles, which do not hold 64 bits.
const toText = (key, value) => (typeof value === 'bigint' ? `${value}` : value);

function check(good) {
  if (!good) throw `the snapshot of version ${version} does not hold a cart`;
}

function text(value) {
  check(typeof value === 'string');
  return value;
}

function u64(value) {
  check(/^[0-9]{1,20}$/.test(text(value)) && BigInt(value) <= most64);
  return BigInt(value);
}

function line(value) {
  const { item, quantity, price } = value ?? {};
  check(Number.isInteger(quantity) && quantity > 0 && quantity <= most32);
  return { item: text(item), quantity, price: u64(price) };
}

function order(value) {
  const { number, total, at } = value ?? {};
  return { number: text(number), total: u64(total), at: u64(at) };
}

function read(snapshot) {
  let state;
  try {
    state = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(snapshot));
  } catch {
    throw 'the snapshot is not JSON in UTF-8';
  }
  if (state?.version !== version) {
    throw `the snapshot is of version ${JSON.stringify(state?.version) ?? 'none'}, this cart knows ${version} only`;
  }
  check(Array.isArray(state.lines) && state.lines.length <= most);
  const lines = state.lines.map(line);
  check(sum(lines) <= most64);
  return { lines, last: state.last === undefined ? undefined : order(state.last) };
}

export const lifecycle = {
  activate(key, snapshot) {
    if (snapshot !== undefined) cart = read(snapshot);
  },

  snapshot() {
    return new TextEncoder().encode(JSON.stringify({ version, ...cart }, toText));
  },

  deactivate() {},
};

const shop = {
  add(item, quantity, price) {
    if (quantity === 0) throw { tag: 'no-quantity' };
    if (cart.lines.length === most) throw { tag: 'too-many-lines', val: most };
    const lines = [...cart.lines, { item, quantity, price }];
    if (sum(lines) > most64) throw { tag: 'too-much' };
    cart.lines = lines;
    return lines.length;
  },

  remove(item) {
    const index = cart.lines.findLastIndex((line) => line.item === item);
    if (index < 0) throw { tag: 'no-such-item', val: item };
    return cart.lines.splice(index, 1)[0];
  },

  lines() {
    return cart.lines;
  },

  total() {
    return sum(cart.lines);
  },

  checkout() {
    if (cart.lines.length === 0) throw { tag: 'empty' };
    const number = `${Math.floor(Math.random() * 1e9)}`.padStart(9, '0');
    const last = { number, total: sum(cart.lines), at: BigInt(Date.now()) };
    cart = { lines: [], last };
    return last;
  },

  lastOrder() {
    return cart.last;
  },
};

export { shop as cart };
