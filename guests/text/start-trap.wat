;; SPDX-License-Identifier: Apache-2.0
;;
;; Traps while it is being instantiated.
(component
  (core module $code
    (func $start unreachable)
    (start $start)
    (func (export "count") (result i64) (i64.const 0)))
  (core instance $guest (instantiate $code))
  (func (export "count") (result u64) (canon lift (core func $guest "count"))))
