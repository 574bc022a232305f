;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that knows of its call: it works until it is asked to stop, and tells what the context told it.
(component
  (import "holdfast:call/context@0.1.0" (instance $context
    (export "stop-requested" (func (result bool)))
    (export "time-left" (func (result (option u64))))
    (export "key" (func (result (option string))))
    (export "attempt" (func (result u32)))
    (export "generation" (func (result u64)))))
  (alias export $context "stop-requested" (func $stop_requested))
  (alias export $context "time-left" (func $time_left))
  (alias export $context "key" (func $key))
  (alias export $context "attempt" (func $attempt))
  (alias export $context "generation" (func $generation))

  ;; Memory comes first: what writes there is lowered before the guest's own code is there.
  (core module $room
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $top))
      (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
      (local.get $at)))
  (core instance $room (instantiate $room))

  (core module $code
    (import "context" "stop-requested" (func $stop_requested (result i32)))
    (import "context" "time-left" (func $time_left (param i32)))
    (import "context" "key" (func $key (param i32)))
    (import "context" "attempt" (func $attempt (result i32)))
    (import "context" "generation" (func $generation (result i64)))
    (import "room" "memory" (memory 1))
    (global $start_attempt (mut i32) (i32.const -1))
    (global $start_limited (mut i32) (i32.const -1))

    (func $begin
      (global.set $start_attempt (call $attempt))
      (call $time_left (i32.const 64))
      (global.set $start_limited (i32.load8_u (i32.const 64))))
    (start $begin)

    (func (export "work") (result i64)
      (local $rounds i64)
      (loop $more
        (local.set $rounds (i64.add (local.get $rounds) (i64.const 1)))
        (br_if $more (i32.eqz (call $stop_requested))))
      (local.get $rounds))

    (func (export "work-on") (result i64)
      (local $asked i64)
      (loop $more
        (if (call $stop_requested) (then (local.set $asked (i64.const 1))))
        (br $more))
      unreachable)

    (func (export "time-left") (result i32) (call $time_left (i32.const 64)) (i32.const 64))
    (func (export "key") (result i32) (call $key (i32.const 64)) (i32.const 64))
    (func (export "late-key") (result i32)
      (loop $more (br_if $more (i32.eqz (call $stop_requested))))
      (call $key (i32.const 64))
      (i32.const 64))
    (func (export "attempt") (result i32) (call $attempt))
    (func (export "generation") (result i64) (call $generation))
    (func (export "start-attempt") (result i32) (global.get $start_attempt))
    (func (export "start-limited") (result i32) (global.get $start_limited))
    (func (export "trap") unreachable))

  (core func $stop_requested_lowered (canon lower (func $stop_requested)))
  (core func $time_left_lowered (canon lower (func $time_left) (memory (core memory $room "memory"))))
  (core func $key_lowered (canon lower (func $key)
    (memory (core memory $room "memory")) (realloc (core func $room "realloc"))))
  (core func $attempt_lowered (canon lower (func $attempt)))
  (core func $generation_lowered (canon lower (func $generation)))
  (core instance $guest (instantiate $code
    (with "context" (instance
      (export "stop-requested" (func $stop_requested_lowered))
      (export "time-left" (func $time_left_lowered))
      (export "key" (func $key_lowered))
      (export "attempt" (func $attempt_lowered))
      (export "generation" (func $generation_lowered))))
    (with "room" (instance $room))))

  ;; Works until it is asked to stop: the rounds it made.
  (func (export "work") (result u64) (canon lift (core func $guest "work")))
  ;; Sees that it is asked to stop, and works on for ever.
  (func (export "work-on") (result u64) (canon lift (core func $guest "work-on")))
  (func (export "time-left") (result (option u64))
    (canon lift (core func $guest "time-left") (memory (core memory $room "memory"))))
  (func (export "key") (result (option string))
    (canon lift (core func $guest "key") (memory (core memory $room "memory"))))
  ;; Works until it is asked to stop, and only then asks for its key.
  (func (export "late-key") (result (option string))
    (canon lift (core func $guest "late-key") (memory (core memory $room "memory"))))
  (func (export "attempt") (result u32) (canon lift (core func $guest "attempt")))
  (func (export "generation") (result u64) (canon lift (core func $guest "generation")))
  ;; What the start function was told: the attempt, and whether it had a limit.
  (func (export "start-attempt") (result u32) (canon lift (core func $guest "start-attempt")))
  (func (export "start-limited") (result bool) (canon lift (core func $guest "start-limited")))
  (func (export "trap") (canon lift (core func $guest "trap"))))
