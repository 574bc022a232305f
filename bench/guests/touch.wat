;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that dirties as much of its memory as it is told to, where a compiled language has its stack and its heap:
;; from 1 MiB on. Its data are there too, so that a new instance begins with an image.
(component
  (core module $code
    (memory 64)
    (data (i32.const 0x100000) "an image to begin with")
    (func (export "touch") (param $pages i32) (result i32)
      (local $at i32)
      (local $end i32)
      (local.set $at (i32.const 0x100000))
      (local.set $end (i32.add (local.get $at) (i32.shl (local.get $pages) (i32.const 12))))
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          ;; Nobody has been here: anything else ends the guest.
          (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 7)) (then (unreachable)))
          (i32.store8 (local.get $at) (i32.const 7))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br $again)))
      (local.get $pages)))
  (core instance $guest (instantiate $code))
  ;; Writes one byte to each of so many pages of 4 KiB: their number.
  (func (export "touch") (param "pages" u32) (result u32) (canon lift (core func $guest "touch"))))
