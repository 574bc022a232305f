;; SPDX-License-Identifier: Apache-2.0
;;
;; Wants 2 GiB of memory before it does anything.
(component
  (core module $code
    (memory (export "memory") 32768)
    (func (export "count") (result i64) (i64.const 0)))
  (core instance $guest (instantiate $code))
  (func (export "count") (result u64) (canon lift (core func $guest "count"))))
