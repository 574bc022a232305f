// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A guest that does what a test wants.
namespace holdfast::testing_support {

/// `add`, `count` (of its calls, in its instance), `spin` (so many rounds), `forever`, `trap`.
inline constexpr const char* counting_guest = R"(
(component
  (core module $code
    (global $calls (mut i32) (i32.const 0))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "count") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (global.get $calls))
    (func (export "spin") (param i32) (result i32)
      (local $left i32)
      (local.set $left (local.get 0))
      (loop $again
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (i32.gt_s (local.get $left) (i32.const 0))))
      (local.get 0))
    (func (export "forever") (loop $again (br $again)))
    (func (export "trap") unreachable))
  (core instance $guest (instantiate $code))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $guest "add")))
  (func (export "count") (result u32) (canon lift (core func $guest "count")))
  (func (export "spin") (param "rounds" u32) (result u32) (canon lift (core func $guest "spin")))
  (func (export "forever") (canon lift (core func $guest "forever")))
  (func (export "trap") (canon lift (core func $guest "trap")))))";

}  // namespace holdfast::testing_support
