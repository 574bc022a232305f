;; SPDX-License-Identifier: Apache-2.0
;;
;; Fails after it has answered: in post-return, where `well` does nothing, `trap` traps and `spin` loops for ever.
(component
  (core module $code
    (global $calls (mut i64) (i64.const 0))
    (func (export "call") (result i64)
      (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
      (global.get $calls))
    (func (export "well") (param i64))
    (func (export "trap") (param i64) unreachable)
    (func (export "spin") (param i64) (loop $again (br $again))))
  (core instance $guest (instantiate $code))

  (func (export "well") (result u64)
    (canon lift (core func $guest "call") (post-return (core func $guest "well"))))
  (func (export "trap") (result u64)
    (canon lift (core func $guest "call") (post-return (core func $guest "trap"))))
  (func (export "spin") (result u64)
    (canon lift (core func $guest "call") (post-return (core func $guest "spin")))))
