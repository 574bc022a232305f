;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest whose calls share an instance and each keep two lockers of the host's while they wait. Stackful.
(component
  (import "holdfast:demo/lockers" (instance $lockers
    (export "locker" (type $locker (sub resource)))
    (export "[constructor]locker" (func (param "number" u32) (result (own $locker))))
    (export "look" (func async (param "which" (borrow $locker)) (result u32)))))
  (alias export $lockers "locker" (type $locker))
  (alias export $lockers "[constructor]locker" (func $new))
  (alias export $lockers "look" (func $look))
  (core func $new_lowered (canon lower (func $new)))
  (core func $look_lowered (canon lower (func $look)))
  (core func $drop (canon resource.drop $locker))
  (core func $told (canon task.return (result u32)))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "look" (func $look (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "told" (func $told (param i32)))
    ;; Looks into one of two while it holds both.
    (func (export "keep") (param $number i32)
      (local $one i32) (local $other i32) (local $seen i32)
      (local.set $one (call $new (local.get $number)))
      (local.set $other (call $new (local.get $number)))
      (local.set $seen (call $look (local.get $one)))
      (call $drop (local.get $one))
      (call $drop (local.get $other))
      (call $told (local.get $seen)))
    ;; Leaves both behind.
    (func (export "leak") (param $number i32)
      (drop (call $new (local.get $number)))
      (call $told (call $look (call $new (local.get $number)))))
    (func (export "trap") (param $number i32)
      (drop (call $new (local.get $number)))
      (drop (call $look (call $new (local.get $number))))
      unreachable))
  (core instance $i (instantiate $m (with "" (instance
    (export "new" (func $new_lowered)) (export "look" (func $look_lowered)) (export "drop" (func $drop))
    (export "told" (func $told))))))
  (func (export "keep") async (param "number" u32) (result u32) (canon lift (core func $i "keep") async))
  (func (export "leak") async (param "number" u32) (result u32) (canon lift (core func $i "leak") async))
  (func (export "trap") async (param "number" u32) (result u32) (canon lift (core func $i "trap") async))
)
