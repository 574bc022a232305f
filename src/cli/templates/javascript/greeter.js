// SPDX-License-Identifier: Apache-2.0
export function greet(name) {
  return `hello ${name}`;
}

// A list of u32 is a Uint32Array, a u64 a BigInt.
export function sum(numbers) {
  return numbers.reduce((total, number) => total + BigInt(number), 0n);
}
