;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that calls others: `relay` passes on what it is given to `holdfast:outbound/calls` and returns what it was told;
;; `twice` does so two times and returns the second answer.
(component
  (import "holdfast:outbound/calls@0.1.0" (instance $calls
    (type $effect_of (enum "not-executed" "executed" "unknown"))
    (export "effect" (type $effect (eq $effect_of)))
    (type $failure_of (record (field "code" string) (field "effect" $effect) (field "detail" string)))
    (export "failure" (type $failure (eq $failure_of)))
    (export "call" (func
      (param "component" string) (param "actor" (option string)) (param "function" string) (param "arguments" string)
      (result (result string (error $failure)))))))
  (alias export $calls "failure" (type $failure))
  (alias export $calls "call" (func $call))

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

  (core func $call_lowered (canon lower (func $call)
    (memory (core memory $memory "memory"))
    (realloc (core func $memory "realloc"))))

  (core module $code
    (import "library" "free" (global $free (mut i32)))
    (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))

    ;; The host's answer is written where the guest's own is returned from.
    (func $relay (export "relay") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (call $call
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (local.get 5) (local.get 6) (local.get 7) (local.get 8) (i32.const 64))
      (i32.const 64))

    (func (export "twice") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (drop (call $relay
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (local.get 5) (local.get 6) (local.get 7) (local.get 8)))
      (call $relay
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (local.get 5) (local.get 6) (local.get 7) (local.get 8)))

    (func (export "returned") (param $result i32)
      (global.set $free (i32.const 1024))))

  (core instance $guest (instantiate $code
    (with "library" (instance $memory))
    (with "host" (instance (export "call" (func $call_lowered))))))

  (func (export "relay")
    (param "component" string) (param "actor" (option string)) (param "function" string) (param "arguments" string)
    (result (result string (error $failure)))
    (canon lift (core func $guest "relay")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned"))))
  (func (export "twice")
    (param "component" string) (param "actor" (option string)) (param "function" string) (param "arguments" string)
    (result (result string (error $failure)))
    (canon lift (core func $guest "twice")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))
      (post-return (core func $guest "returned")))))
