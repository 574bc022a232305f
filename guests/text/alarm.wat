;; SPDX-License-Identifier: Apache-2.0
;;
;; An actor that is called by its timers: `set` and `cancel` pass on what they are given to `holdfast:timers/timers`, and so
;; do `peek`, `set-and-trap` and `set-and-cancel`, which adds 1 for the first and 2 for the second of two cancels that found
;; one. `tick` adds to a total, which is its state; `beat` adds one and asks to be called again in a second; `drop` adds
;; one and takes the timer `once` back, which the total then tells by 1000. `spoil` traps. An actor whose key begins with an
;; e asks for timers in `activate` and `snapshot` too; `refused` says in how many of these that was refused: 1 and 2.
(component
  (import "holdfast:timers/timers@0.1.0" (instance $timers
    (export "set" (func
      (param "name" string) (param "after-ms" u64) (param "function" string) (param "arguments" string)
      (result (result (error string)))))
    (export "cancel" (func (param "name" string) (result bool)))))
  (alias export $timers "set" (func $set))
  (alias export $timers "cancel" (func $cancel))

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

  (core func $set_lowered (canon lower (func $set)
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $cancel_lowered (canon lower (func $cancel) (memory (core memory $memory "memory"))))

  (core module $code
    (import "library" "memory" (memory 1))
    (import "library" "free" (global $free (mut i32)))
    (import "host" "set" (func $set (param i32 i32 i64 i32 i32 i32 i32 i32)))
    (import "host" "cancel" (func $cancel (param i32 i32) (result i32)))

    (data (i32.const 512) "beat")
    (data (i32.const 520) "[]")
    (data (i32.const 528) "early")
    (data (i32.const 536) "tick")
    (data (i32.const 544) "[100]")
    (data (i32.const 552) "once")
    (global $total (mut i32) (i32.const 0))
    (global $eager (mut i32) (i32.const 0))
    (global $refused (mut i32) (i32.const 0))

    (func $ask (export "set") (param i32 i32 i64 i32 i32 i32 i32) (result i32)
      (call $set
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
        (i32.const 64))
      (i32.const 64))
    (func (export "set-and-trap") (param i32 i32 i64 i32 i32 i32 i32) (result i32)
      (drop (call $ask
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)))
      unreachable)
    (func (export "set-and-cancel") (param i32 i32 i64 i32 i32 i32 i32) (result i32)
      (drop (call $ask
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)))
      (i32.add
        (call $cancel (local.get 0) (local.get 1))
        (i32.mul (i32.const 2) (call $cancel (local.get 0) (local.get 1)))))
    (func (export "cancel") (param i32 i32) (result i32)
      (call $cancel (local.get 0) (local.get 1)))

    (func $tick (export "tick") (param $by i32) (result i32)
      (global.set $total (i32.add (global.get $total) (local.get $by)))
      (global.get $total))
    (func (export "beat") (result i32)
      (drop (call $ask
        (i32.const 512) (i32.const 4) (i64.const 1000) (i32.const 512) (i32.const 4) (i32.const 520) (i32.const 2)))
      (call $tick (i32.const 1)))
    (func (export "drop") (result i32)
      (call $tick (i32.add (i32.const 1) (i32.mul (i32.const 1000) (call $cancel (i32.const 552) (i32.const 4))))))
    (func (export "spoil") unreachable)
    (func (export "total") (result i32) (global.get $total))
    (func (export "refused") (result i32) (global.get $refused))

    ;; Asks for a timer where no call does.
    (func $ask_early (param $bit i32)
      (if (global.get $eager) (then
        (drop (call $ask
          (i32.const 528) (i32.const 5) (i64.const 0) (i32.const 536) (i32.const 4) (i32.const 544) (i32.const 5)))
        (if (i32.load8_u (i32.const 64)) (then
          (global.set $refused (i32.or (global.get $refused) (local.get $bit))))))))
    (func (export "activate") (param $key i32) (param i32 i32) (param $state i32) (param i32) (result i32)
      (if (i32.eq (i32.load8_u (local.get $key)) (i32.const 101)) (then (global.set $eager (i32.const 1))))
      (if (local.get 2) (then (global.set $total (i32.load (local.get $state)))))
      (call $ask_early (i32.const 1))
      (i32.store (i32.const 96) (i32.const 0))
      (i32.const 96))
    (func (export "snapshot") (result i32)
      (call $ask_early (i32.const 2))
      (i32.store (i32.const 48) (global.get $total))
      (i32.store (i32.const 80) (i32.const 48))
      (i32.store (i32.const 84) (i32.const 4))
      (i32.const 80))
    (func (export "deactivate"))

    (func (export "returned") (param i32)
      (global.set $free (i32.const 1024))))

  (core instance $guest (instantiate $code
    (with "library" (instance $memory))
    (with "host" (instance
      (export "set" (func $set_lowered))
      (export "cancel" (func $cancel_lowered))))))

  (func (export "set")
    (param "name" string) (param "after-ms" u64) (param "function" string) (param "arguments" string)
    (result (result (error string)))
    (canon lift (core func $guest "set")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func (export "peek")
    (param "name" string) (param "after-ms" u64) (param "function" string) (param "arguments" string)
    (result (result (error string)))
    (canon lift (core func $guest "set")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func (export "set-and-trap")
    (param "name" string) (param "after-ms" u64) (param "function" string) (param "arguments" string)
    (result (result (error string)))
    (canon lift (core func $guest "set-and-trap")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func (export "set-and-cancel")
    (param "name" string) (param "after-ms" u64) (param "function" string) (param "arguments" string)
    (result u32)
    (canon lift (core func $guest "set-and-cancel")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func (export "cancel") (param "name" string) (result bool)
    (canon lift (core func $guest "cancel")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func (export "tick") (param "by" u32) (result u32) (canon lift (core func $guest "tick")))
  (func (export "beat") (result u32) (canon lift (core func $guest "beat")))
  (func (export "drop") (result u32) (canon lift (core func $guest "drop")))
  (func (export "spoil") (canon lift (core func $guest "spoil")))
  (func (export "total") (result u32) (canon lift (core func $guest "total")))
  (func (export "refused") (result u32) (canon lift (core func $guest "refused")))

  (func $activate (param "key" string) (param "snapshot" (option (list u8))) (result (result (error string)))
    (canon lift (core func $guest "activate")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func $snapshot (result (list u8))
    (canon lift (core func $guest "snapshot")
      (memory (core memory $memory "memory"))
      (post-return (core func $guest "returned"))))
  (func $deactivate (canon lift (core func $guest "deactivate")))
  (instance $lifecycle
    (export "activate" (func $activate))
    (export "snapshot" (func $snapshot))
    (export "deactivate" (func $deactivate)))
  (export "holdfast:actor/lifecycle@0.1.0" (instance $lifecycle)))
