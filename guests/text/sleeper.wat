;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that waits in a host function, where no epoch reaches it. `begun` runs ahead of `napped` when a nap was left.
(component
  (import "holdfast:demo/host" (instance $host
    (export "sleep" (func (param "ms" u64)))))
  (alias export $host "sleep" (func $sleep))

  (core module $code
    (import "host" "sleep" (func $sleep (param i64)))
    (global $begun (mut i64) (i64.const 0))
    (global $napped (mut i64) (i64.const 0))

    (func (export "nap") (param $ms i64) (result i64)
      (global.set $begun (i64.add (global.get $begun) (i64.const 1)))
      (call $sleep (local.get $ms))
      (global.set $napped (i64.add (global.get $napped) (i64.const 1)))
      (global.get $napped))

    (func (export "begun") (result i64)
      (global.get $begun))

    (func (export "count") (result i64)
      (global.get $napped)))

  (core func $sleep_lowered (canon lower (func $sleep)))
  (core instance $guest (instantiate $code
    (with "host" (instance (export "sleep" (func $sleep_lowered))))))

  ;; Sleeps in the host: the number of naps that this instance has finished.
  (func (export "nap") (param "ms" u64) (result u64) (canon lift (core func $guest "nap")))
  ;; How many naps have begun.
  (func (export "begun") (result u64) (canon lift (core func $guest "begun")))
  ;; How many naps have finished.
  (func (export "count") (result u64) (canon lift (core func $guest "count"))))
