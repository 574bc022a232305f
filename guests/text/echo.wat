;; SPDX-License-Identifier: Apache-2.0
;;
;; The smallest guest that can do what a test needs: answer, count, trap, loop for ever and take memory. It imports
;; nothing, and the caller's list is returned where it lies.
(component
  (core module $code
    (memory (export "memory") 1)
    (global $placed (mut i64) (i64.const 0))
    (global $returned (mut i64) (i64.const 0))

    ;; A call takes one list at most, and its result is gone after post-return. So every block starts at the same
    ;; address, and memory is bounded by the longest list.
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $end i64)
      (local $have i64)
      (local.set $end (i64.add (i64.const 1024) (i64.extend_i32_u (local.get $size))))
      (local.set $have (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (if (i64.gt_u (local.get $end) (local.get $have))
        (then
          (if (i32.eq (i32.const -1)
                (memory.grow (i32.wrap_i64 (i64.shr_u
                  (i64.add (i64.sub (local.get $end) (local.get $have)) (i64.const 65535))
                  (i64.const 16)))))
            (then unreachable))))
      (i32.const 1024))

    ;; A result of two values is returned by its address. Nothing else lies below 1024.
    (func (export "echo") (param $data i32) (param $size i32) (result i32)
      (i32.store (i32.const 16) (local.get $data))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16))

    (func (export "echo-returned") (param $result i32)
      (global.set $returned (i64.add (global.get $returned) (i64.const 1))))

    (func (export "returned") (result i64)
      (global.get $returned))

    (func (export "add") (param $a i32) (param $b i32) (result i32)
      (i32.add (local.get $a) (local.get $b)))

    (func (export "place") (param $id i64) (result i32)
      (global.set $placed (i64.add (global.get $placed) (i64.const 1)))
      (i64.store (i32.const 32) (global.get $placed))
      (i64.store (i32.const 40) (local.get $id))
      (i32.const 32))

    (func (export "count") (result i64)
      (global.get $placed))

    (func (export "spin")
      (loop $again (br $again)))

    (func (export "trap")
      unreachable)

    (func (export "grow") (param $pages i32) (result i32)
      (memory.grow (local.get $pages))))

  (core instance $guest (instantiate $code))

  ;; Returns what it was given.
  (func (export "echo") (param "data" (list u8)) (result (list u8))
    (canon lift (core func $guest "echo")
      (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc"))
      (post-return (core func $guest "echo-returned"))))
  ;; How many times the post-return of `echo` has run.
  (func (export "returned") (result u64) (canon lift (core func $guest "returned")))
  ;; The sum, modulo 2^32.
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $guest "add")))
  ;; Counts one more placement: its number in this instance (1, 2, 3, ...) and the caller's id.
  (func (export "place") (param "id" u64) (result (tuple u64 u64))
    (canon lift (core func $guest "place") (memory (core memory $guest "memory"))))
  ;; How many placements there were in this instance.
  (func (export "count") (result u64) (canon lift (core func $guest "count")))
  ;; Loops for ever.
  (func (export "spin") (canon lift (core func $guest "spin")))
  ;; Traps.
  (func (export "trap") (canon lift (core func $guest "trap")))
  ;; Takes that many pages of 64 KiB more: the pages before, or -1 where they are refused.
  (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $guest "grow"))))
