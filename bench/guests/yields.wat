;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest whose calls share its instance: each goes to the back of the queue once before it answers.
(component
  (core func $told (canon task.return (result u32)))
  (core func $keep (canon context.set i32 0))
  (core func $kept (canon context.get i32 0))
  (core instance $env
    (export "told" (func $told)) (export "keep" (func $keep)) (export "kept" (func $kept)))
  (core module $code
    (import "" "told" (func $told (param i32)))
    (import "" "keep" (func $keep (param i32)))
    (import "" "kept" (func $kept (result i32)))
    (func (export "add") (param i32 i32) (result i32)
      (call $keep (i32.add (local.get 0) (local.get 1)))
      (i32.const 1))
    (func (export "add-then") (param i32 i32 i32) (result i32)
      (call $told (call $kept))
      (i32.const 0)))
  (core instance $guest (instantiate $code (with "" (instance $env))))
  (func (export "add") async (param "a" u32) (param "b" u32) (result u32)
    (canon lift (core func $guest "add") async (callback (core func $guest "add-then")))))
