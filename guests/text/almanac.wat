;; SPDX-License-Identifier: Apache-2.0
;;
;; An actor whose every call learns something that nobody can know beforehand: chance (`draw`), the time (`hour`), what the
;; host answers (`ask`). Its state is the sum of all that. It also counts its `peek`s, which are said to change nothing, and
;; that count is in no snapshot: `stray` returns it, and `fickle` asks for one thing or another by it. Without a state it
;; begins with a number drawn by chance. `long` adds the first byte of a text.
(component
  (import "wasi:random/random@0.2.0" (instance $chance (export "get-random-u64" (func (result u64)))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance $clock
    (type $datetime_of (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $datetime_of)))
    (export "now" (func (result $datetime)))))
  (import "holdfast:demo/oracle" (instance $oracle (export "ask" (func (param "what" u64) (result u64)))))
  (alias export $chance "get-random-u64" (func $random))
  (alias export $clock "now" (func $now))
  (alias export $oracle "ask" (func $ask))

  (core module $library
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    ;; Only `activate` and `long` get anything, and not often.
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $block i32)
      (local.set $block (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $block) (local.get $size)))
      (if (i32.gt_u (global.get $free) (i32.const 65536)) (then unreachable))
      (local.get $block)))
  (core instance $memory (instantiate $library))

  (core func $random_lowered (canon lower (func $random)))
  (core func $now_lowered (canon lower (func $now) (memory (core memory $memory "memory"))))
  (core func $ask_lowered (canon lower (func $ask)))

  (core module $code
    (import "library" "memory" (memory 1))
    (import "host" "random" (func $random (result i64)))
    (import "host" "now" (func $now (param i32)))
    (import "host" "ask" (func $ask (param i64) (result i64)))
    (global $sum (mut i64) (i64.const 0))
    (global $peeks (mut i64) (i64.const 0))

    (func $add (param $more i64) (result i64)
      (global.set $sum (i64.add (global.get $sum) (local.get $more)))
      (global.get $sum))

    (func (export "draw") (result i64) (call $add (call $random)))
    (func (export "hour") (result i64)
      (call $now (i32.const 64))
      ;; The nanoseconds too: no two hours are the same.
      (call $add (i64.add (i64.mul (i64.load (i32.const 64)) (i64.const 1000000000)) (i64.load32_u (i32.const 72)))))
    (func (export "ask") (param $what i64) (result i64) (call $add (call $ask (local.get $what))))
    (func (export "peek") (result i64)
      (global.set $peeks (i64.add (global.get $peeks) (i64.const 1)))
      (global.get $sum))
    (func (export "stray") (result i64) (global.get $peeks))
    (func (export "fickle") (result i64)
      (if (result i64) (i64.eqz (i64.and (global.get $peeks) (i64.const 1)))
        (then (call $add (call $random)))
        (else (call $add (call $ask (i64.const 7))))))
    (func (export "fall") unreachable)
    (func (export "long") (param $at i32) (param $size i32) (result i64)
      ;; All of it is looked at.
      (drop (i32.load8_u (i32.add (local.get $at) (i32.sub (local.get $size) (i32.const 1)))))
      (call $add (i64.extend_i32_u (i32.load8_u (local.get $at)))))

    (func (export "activate") (param $key i32) (param $key_size i32) (param $some i32) (param $at i32) (param $size i32)
      (result i32)
      (if (local.get $some)
        (then (global.set $sum (i64.load (local.get $at))))
        (else (drop (call $random))))
      (i32.store (i32.const 80) (i32.const 0))
      (i32.const 80))
    (func (export "snapshot") (result i32)
      (i64.store (i32.const 96) (global.get $sum))
      (i32.store (i32.const 88) (i32.const 96))
      (i32.store (i32.const 92) (i32.const 8))
      (i32.const 88))
    (func (export "deactivate")))

  (core instance $guest (instantiate $code
    (with "library" (instance $memory))
    (with "host" (instance
      (export "random" (func $random_lowered))
      (export "now" (func $now_lowered))
      (export "ask" (func $ask_lowered))))))

  (func (export "draw") (result u64) (canon lift (core func $guest "draw")))
  (func (export "hour") (result u64) (canon lift (core func $guest "hour")))
  (func (export "ask") (param "what" u64) (result u64) (canon lift (core func $guest "ask")))
  (func (export "peek") (result u64) (canon lift (core func $guest "peek")))
  (func (export "stray") (result u64) (canon lift (core func $guest "stray")))
  (func (export "fickle") (result u64) (canon lift (core func $guest "fickle")))
  (func (export "fall") (canon lift (core func $guest "fall")))
  (func (export "long") (param "text" string) (result u64)
    (canon lift (core func $guest "long") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (func $activate (param "key" string) (param "snapshot" (option (list u8))) (result (result (error string)))
    (canon lift (core func $guest "activate")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func $snapshot (result (list u8))
    (canon lift (core func $guest "snapshot") (memory (core memory $memory "memory"))))
  (func $deactivate (canon lift (core func $guest "deactivate")))
  (instance $lifecycle
    (export "activate" (func $activate))
    (export "snapshot" (func $snapshot))
    (export "deactivate" (func $deactivate)))
  (export "holdfast:actor/lifecycle@0.1.0" (instance $lifecycle)))
