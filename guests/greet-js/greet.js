// SPDX-License-Identifier: Apache-2.0
// A component as someone who never heard of Holdfast would write it.

export function greet(name) {
  return `hello ${name}`;
}

export function now() {
  return BigInt(Date.now()) / 1000n;
}

export function dice() {
  return crypto.getRandomValues(new BigUint64Array(1))[0];
}

export function say(text) {
  console.log(text);
}
