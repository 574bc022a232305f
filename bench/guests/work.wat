;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that computes as long as it is told to.
(component
  (core module $code
    (func (export "work") (param $rounds i32) (result i32)
      (local $grain i32)
      (loop $again
        (local.set $grain
          (i32.add (i32.mul (local.get $grain) (i32.const 1664525)) (i32.const 1013904223)))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
        (br_if $again (i32.gt_s (local.get $rounds) (i32.const 0))))
      (local.get $grain)))
  (core instance $guest (instantiate $code))
  ;; So many rounds of a random number generator: the last number.
  (func (export "work") (param "rounds" u32) (result u32) (canon lift (core func $guest "work"))))
