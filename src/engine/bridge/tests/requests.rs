// SPDX-License-Identifier: Apache-2.0
//! HTTP requests of a guest with a tape: refused at once, so that a replay needs nothing of them.
mod support;

use support::ENGINE;

/// Sends a request to nowhere, and answers 0 where it may wait for a response, or 1 and the case of the error.
const TEXT: &str = r#"(component
  (import "wasi:http/types@0.2.0" (instance $types
    (type $dns' (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns (eq $dns')))
    (type $tls' (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls (eq $tls')))
    (type $size' (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $size (eq $size')))
    (type $code' (variant (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found")
      (case "destination-unavailable") (case "destination-IP-prohibited") (case "destination-IP-unroutable")
      (case "connection-refused") (case "connection-terminated") (case "connection-timeout")
      (case "connection-read-timeout") (case "connection-write-timeout") (case "connection-limit-reached")
      (case "TLS-protocol-error") (case "TLS-certificate-error") (case "TLS-alert-received" $tls)
      (case "HTTP-request-denied") (case "HTTP-request-length-required") (case "HTTP-request-body-size" (option u64))
      (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32)) (case "HTTP-request-header-size" (option $size))
      (case "HTTP-request-trailer-section-size" (option u32)) (case "HTTP-request-trailer-size" $size)
      (case "HTTP-response-incomplete") (case "HTTP-response-header-section-size" (option u32))
      (case "HTTP-response-header-size" $size) (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32)) (case "HTTP-response-trailer-size" $size)
      (case "HTTP-response-transfer-coding" (option string)) (case "HTTP-response-content-coding" (option string))
      (case "HTTP-response-timeout") (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
      (case "configuration-error") (case "internal-error" (option string))))
    (export "error-code" (type $code (eq $code')))
    (export "fields" (type $fields (sub resource)))
    (export "outgoing-request" (type $request (sub resource)))
    (export "request-options" (type (sub resource)))
    (export "future-incoming-response" (type (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))))
  (alias export $types "error-code" (type $code))
  (alias export $types "outgoing-request" (type $request))
  (alias export $types "request-options" (type $options))
  (alias export $types "future-incoming-response" (type $response))
  (import "wasi:http/outgoing-handler@0.2.0" (instance $handler
    (alias outer 1 $code (type $c')) (export "error-code" (type $c (eq $c')))
    (alias outer 1 $request (type $q')) (export "outgoing-request" (type $q (eq $q')))
    (alias outer 1 $options (type $o')) (export "request-options" (type $o (eq $o')))
    (alias outer 1 $response (type $r')) (export "future-incoming-response" (type $r (eq $r')))
    (export "handle" (func (param "request" (own $q)) (param "options" (option (own $o)))
      (result (result (own $r) (error $c)))))))
  (core module $libc (memory (export "mem") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $libc (instantiate $libc))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $request (canon lower (func $types "[constructor]outgoing-request")))
  (core func $handle (canon lower (func $handler "handle")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core module $m
    (import "libc" "mem" (memory 1))
    (import "" "fields" (func $fields (result i32)))
    (import "" "request" (func $request (param i32) (result i32)))
    (import "" "handle" (func $handle (param i32 i32 i32 i32)))
    (func (export "send") (result i32)
      (call $handle (call $request (call $fields)) (i32.const 0) (i32.const 0) (i32.const 64))
      (if (result i32) (i32.load8_u (i32.const 64))
        (then (i32.add (i32.load8_u (i32.const 72)) (i32.const 1))) (else (i32.const 0)))))
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
    (export "fields" (func $fields)) (export "request" (func $request)) (export "handle" (func $handle))))))
  (func (export "send") (result u32) (canon lift (core func $i "send"))))"#;

/// 1 and the place of `HTTP-request-denied`.
const DENIED: u32 = 16;

#[test]
fn a_request_is_refused_at_once_and_needs_nothing_of_the_tape() {
    let compiled = ENGINE.compile_deterministic(TEXT.as_bytes(), "").unwrap();
    let plain = compiled.blueprint().unwrap().ready().call(0, &[]).unwrap();
    assert_ne!(plain, DENIED.to_le_bytes(), "without a tape it hears of it later, if it hears of it");
    let guest = compiled.taped_linker(1000, None, None).unwrap().finish().unwrap().ready();
    assert_eq!(guest.call(0, &[]).unwrap(), DENIED.to_le_bytes());
    assert_eq!(guest.take_tape().unwrap(), [0u8; 0]);
    guest.play(&[]).unwrap();
    assert_eq!(guest.call(0, &[]).unwrap(), DENIED.to_le_bytes());
    guest.end_play().unwrap();
}
