;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest whose every run leaves a trace outside: it tells the host which key it ran for, and answers what the host says.
(component
  (import "holdfast:demo/host" (instance $host
    (export "ran" (func (param "key" u64) (result u64)))))
  (alias export $host "ran" (func $ran))
  (core func $ran_lowered (canon lower (func $ran)))
  (core module $code
    (import "host" "ran" (func $ran (param i64) (result i64)))
    (func (export "run") (param $key i64) (result i64)
      (call $ran (local.get $key))))
  (core instance $guest (instantiate $code
    (with "host" (instance (export "ran" (func $ran_lowered))))))

  ;; May not run twice.
  (func (export "once") (param "key" u64) (result u64) (canon lift (core func $guest "run")))
  ;; May.
  (func (export "twice") (param "key" u64) (result u64) (canon lift (core func $guest "run"))))
