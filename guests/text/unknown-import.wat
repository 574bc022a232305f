;; SPDX-License-Identifier: Apache-2.0
;;
;; Asks for two imports that no host has: a function of an interface, and one at the root.
(component
  (import "acme:wares/stock@1.2.0" (instance $stock
    (export "level" (func (param "item" string) (result u32)))))
  (import "ring-bell" (func $ring))

  (core module $code
    (import "host" "ring" (func $ring))
    (func (export "run") (call $ring)))
  (core func $ring_lowered (canon lower (func $ring)))
  (core instance $guest (instantiate $code
    (with "host" (instance (export "ring" (func $ring_lowered))))))
  (func (export "run") (canon lift (core func $guest "run"))))
