;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that asks its host: with numbers, with text, and with a result that may be an error. Each export passes on
;; what it was given and returns what it was told.
(component
  (import "holdfast:demo/shop" (instance $shop
    (export "add" (func (param "a" u32) (param "b" u32) (result u32)))
    (export "price" (func (param "item" string) (result (result u64 (error string)))))))
  (alias export $shop "add" (func $add))
  (alias export $shop "price" (func $price))

  (core module $library
    (memory (export "memory") 1)
    (global $free (export "free") (mut i32) (i32.const 1024))
    ;; Blocks follow each other; those of a call go with its post-return.
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $block i32)
      (local.set $block (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $block) (local.get $size)))
      (if (i32.gt_u (global.get $free) (i32.const 65536)) (then unreachable))
      (local.get $block)))
  (core instance $memory (instantiate $library))

  (core func $add_lowered (canon lower (func $add)))
  (core func $price_lowered (canon lower (func $price)
    (memory (core memory $memory "memory"))
    (realloc (core func $memory "realloc"))))

  (core module $code
    (import "library" "free" (global $free (mut i32)))
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (import "host" "price" (func $price (param i32 i32 i32)))
    (global $asked (mut i64) (i64.const 0))

    (func $count
      (global.set $asked (i64.add (global.get $asked) (i64.const 1))))

    (func (export "add") (param $a i32) (param $b i32) (result i32)
      (call $count)
      (call $add (local.get $a) (local.get $b)))

    ;; The host's answer is written where the guest's own is returned from.
    (func (export "price") (param $item i32) (param $size i32) (result i32)
      (call $count)
      (call $price (local.get $item) (local.get $size) (i32.const 64))
      (i32.const 64))

    (func (export "price-returned") (param $result i32)
      (global.set $free (i32.const 1024)))

    (func (export "asked") (result i64)
      (global.get $asked)))

  (core instance $guest (instantiate $code
    (with "library" (instance $memory))
    (with "host" (instance
      (export "add" (func $add_lowered))
      (export "price" (func $price_lowered))))))

  ;; What the host says the sum is.
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $guest "add")))
  ;; What the host says the price is.
  (func (export "price") (param "item" string) (result (result u64 (error string)))
    (canon lift (core func $guest "price")
      (memory (core memory $memory "memory"))
      (realloc (core func $memory "realloc"))
      (post-return (core func $guest "price-returned"))))
  ;; How often this instance has asked.
  (func (export "asked") (result u64) (canon lift (core func $guest "asked"))))
