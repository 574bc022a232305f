;; SPDX-License-Identifier: Apache-2.0
;;
;; `greet("ada")` is `"hello ada"`, without WASI.
(component
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 1024) "hello ")

    ;; The name goes right behind the greeting, so that nothing is copied.
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $end i64)
      (local $have i64)
      (local.set $end (i64.add (i64.const 1030) (i64.extend_i32_u (local.get $size))))
      (local.set $have (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (if (i64.gt_u (local.get $end) (local.get $have))
        (then
          (if (i32.eq (i32.const -1)
                (memory.grow (i32.wrap_i64 (i64.shr_u
                  (i64.add (i64.sub (local.get $end) (local.get $have)) (i64.const 65535))
                  (i64.const 16)))))
            (then unreachable))))
      (i32.const 1030))

    (func (export "greet") (param $name i32) (param $size i32) (result i32)
      (i32.store (i32.const 16) (i32.const 1024))
      (i32.store (i32.const 20) (i32.add (local.get $size) (i32.const 6)))
      (i32.const 16)))

  (core instance $guest (instantiate $code))

  (func (export "greet") (param "name" string) (result string)
    (canon lift (core func $guest "greet")
      (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")))))
