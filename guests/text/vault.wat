;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that keeps accounts which are its host's: opens, uses, passes on, drops and leaks them.
(component
  (import "holdfast:demo/accounts" (instance $accounts
    (export "account" (type $account (sub resource)))
    (export "[constructor]account" (func (param "start" u64) (result (own $account))))
    (export "[method]account.deposit" (func (param "self" (borrow $account)) (param "amount" u64) (result u64)))
    ;; Gives the account away: what it held.
    (export "close" (func (param "which" (own $account)) (result u64)))
    ;; Gives the account away, and gets one.
    (export "exchange" (func (param "which" (own $account)) (result (own $account))))
    ;; Lends all of them at once: what they hold together.
    (export "total" (func (param "all" (list (borrow $account))) (result u64)))))
  (alias export $accounts "account" (type $account))
  (alias export $accounts "[constructor]account" (func $new))
  (alias export $accounts "[method]account.deposit" (func $deposit))
  (alias export $accounts "close" (func $close))
  (alias export $accounts "exchange" (func $exchange))
  (alias export $accounts "total" (func $total))

  (core module $room
    (memory (export "memory") 4))
  (core instance $room (instantiate $room))

  (core func $new_lowered (canon lower (func $new)))
  (core func $deposit_lowered (canon lower (func $deposit)))
  (core func $close_lowered (canon lower (func $close)))
  (core func $exchange_lowered (canon lower (func $exchange)))
  (core func $total_lowered (canon lower (func $total) (memory (core memory $room "memory"))))
  (core func $drop (canon resource.drop $account))

  ;; The handles lie in a row from 0; `count` of them.
  (core module $code
    (import "host" "new" (func $new (param i64) (result i32)))
    (import "host" "deposit" (func $deposit (param i32 i64) (result i64)))
    (import "host" "close" (func $close (param i32) (result i64)))
    (import "host" "exchange" (func $exchange (param i32) (result i32)))
    (import "host" "total" (func $total (param i32 i32) (result i64)))
    (import "host" "drop" (func $drop (param i32)))
    (import "room" "memory" (memory 4))
    (global $count (mut i32) (i32.const 0))

    (func $push (param $handle i32)
      (i32.store (i32.mul (global.get $count) (i32.const 4)) (local.get $handle))
      (global.set $count (i32.add (global.get $count) (i32.const 1))))
    (func $top (result i32)
      (i32.load (i32.mul (i32.sub (global.get $count) (i32.const 1)) (i32.const 4))))
    (func $pop (result i32)
      (local $handle i32)
      (local.set $handle (call $top))
      (global.set $count (i32.sub (global.get $count) (i32.const 1)))
      (local.get $handle))

    (func $open (export "open") (param $many i32)
      (block $done
        (loop $more
          (br_if $done (i32.eqz (local.get $many)))
          (call $push (call $new (i64.const 100)))
          (local.set $many (i32.sub (local.get $many) (i32.const 1)))
          (br $more))))
    (func (export "open-and-trap") (param $many i32)
      (call $open (local.get $many))
      unreachable)
    (func (export "open-and-spin") (param $many i32)
      (call $open (local.get $many))
      (loop $for_ever (br $for_ever)))
    (func (export "deposit") (param $amount i64) (result i64)
      (call $deposit (call $top) (local.get $amount)))
    (func (export "total") (result i64)
      (call $total (i32.const 0) (global.get $count)))
    (func (export "drop")
      (call $drop (call $pop)))
    (func (export "close") (result i64)
      (call $close (call $pop)))
    (func (export "exchange")
      (call $push (call $exchange (call $pop))))
    (func (export "give") (result i32)
      (call $pop))
    (func (export "take") (param $handle i32)
      (call $push (local.get $handle)))
    (func (export "count") (result i32) (global.get $count)))
  (core instance $guest (instantiate $code
    (with "host" (instance
      (export "new" (func $new_lowered))
      (export "deposit" (func $deposit_lowered))
      (export "close" (func $close_lowered))
      (export "exchange" (func $exchange_lowered))
      (export "total" (func $total_lowered))
      (export "drop" (func $drop))))
    (with "room" (instance $room))))

  ;; Opens that many accounts of 100, and keeps them.
  (func (export "open") (param "many" u32) (canon lift (core func $guest "open")))
  ;; The same, then faults, or loops for ever.
  (func (export "open-and-trap") (param "many" u32) (canon lift (core func $guest "open-and-trap")))
  (func (export "open-and-spin") (param "many" u32) (canon lift (core func $guest "open-and-spin")))
  ;; On the account opened last: what it then holds.
  (func (export "deposit") (param "amount" u64) (result u64) (canon lift (core func $guest "deposit")))
  (func (export "total") (result u64) (canon lift (core func $guest "total")))
  (func (export "drop") (canon lift (core func $guest "drop")))
  (func (export "close") (result u64) (canon lift (core func $guest "close")))
  (func (export "exchange") (canon lift (core func $guest "exchange")))
  ;; To the caller, and from it.
  (func (export "give") (result (own $account)) (canon lift (core func $guest "give")))
  (func (export "take") (param "which" (own $account)) (canon lift (core func $guest "take")))
  ;; How many it has.
  (func (export "count") (result u32) (canon lift (core func $guest "count"))))
