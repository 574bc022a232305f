;; SPDX-License-Identifier: Apache-2.0
;;
;; The guest that shows the problem. `run` takes room on the guest's own stack, waits in the host function `sleep`, and
;; gives the room back. `state` tells where the stack pointer is: 65536 when the books are straight.
;;
;; Poll `run` once and drop the call: its stack is gone in the middle of `run`, so Wasmtime lets nobody in again, and
;; `state` fails with `cannot enter component instance`.
(component
  (import "sleep" (func $sleep))

  (core module $code
    (import "host" "sleep" (func $sleep))
    (global $stack_pointer (mut i32) (i32.const 65536))

    (func (export "run")
      (global.set $stack_pointer (i32.sub (global.get $stack_pointer) (i32.const 16)))
      (call $sleep)
      (global.set $stack_pointer (i32.add (global.get $stack_pointer) (i32.const 16))))

    (func (export "state") (result i32)
      (global.get $stack_pointer)))

  (core func $sleep_lowered (canon lower (func $sleep)))
  (core instance $guest (instantiate $code
    (with "host" (instance (export "sleep" (func $sleep_lowered))))))

  (func (export "run") (canon lift (core func $guest "run")))
  (func (export "state") (result u32) (canon lift (core func $guest "state"))))
