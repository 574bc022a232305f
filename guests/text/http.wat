;; SPDX-License-Identifier: Apache-2.0
;;
;; A guest that serves HTTP by WASI 0.2. The first letter of the path says what becomes of a request:
;;
;;   /h  says hello                               /e  sends the request's body back as it comes
;;   /c  counts the requests of its instance      /l  sends 4 MiB of zeros
;;   /n  returns without a response               /r  answers with an error, `configuration-error`
;;   /d  drops its response-outparam              /x  a response with 600 fields
;;   /k  returns with its body open               /a  gives its body up after 5 bytes
;;   /t  traps                                    /m  traps after 5 bytes of its body
;;   /s  loops for ever                           /p  loops for ever after 5 bytes of its body
;;   /w  answers with the `traceparent` that it sees, a blank and the `tracestate`
;;   /f  asks the authority that follows, `/f127.0.0.1:80`, and answers with its status, or 550 and the error's number
;;
;; A write that fails is a trap: whoever leaves must not make one fail.
(component
  (import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $e'))
    (export "error" (type $e (eq $e')))
    (type $failure' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "input-stream" (type $in (sub resource)))
    (export "output-stream" (type $out (sub resource)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $failure)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $input-stream (type $in'))
    (alias outer 1 $output-stream (type $out'))
    (alias outer 1 $pollable (type $p'))
    (export "input-stream" (type $in (eq $in')))
    (export "output-stream" (type $out (eq $out')))
    (export "pollable" (type $p (eq $p')))
    (type $dns' (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns (eq $dns')))
    (type $tls' (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls (eq $tls')))
    (type $size' (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $size (eq $size')))
    (type $code' (variant
      (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found") (case "destination-unavailable")
      (case "destination-IP-prohibited") (case "destination-IP-unroutable") (case "connection-refused")
      (case "connection-terminated") (case "connection-timeout") (case "connection-read-timeout")
      (case "connection-write-timeout") (case "connection-limit-reached") (case "TLS-protocol-error")
      (case "TLS-certificate-error") (case "TLS-alert-received" $tls) (case "HTTP-request-denied")
      (case "HTTP-request-length-required") (case "HTTP-request-body-size" (option u64))
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
    (type $scheme' (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type $scheme (eq $scheme')))
    (type $header-error' (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $header-error (eq $header-error')))
    (export "fields" (type $fields (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[method]fields.append" (func
      (param "self" (borrow $fields)) (param "name" string) (param "value" (list u8))
      (result (result (error $header-error)))))
    (export "[method]fields.get" (func
      (param "self" (borrow $fields)) (param "name" string) (result (list (list u8)))))
    (export "incoming-body" (type $incoming-body (sub resource)))
    (export "[method]incoming-body.stream" (func
      (param "self" (borrow $incoming-body)) (result (result (own $in)))))
    (export "incoming-request" (type $incoming-request (sub resource)))
    (export "[method]incoming-request.path-with-query" (func
      (param "self" (borrow $incoming-request)) (result (option string))))
    (export "[method]incoming-request.headers" (func
      (param "self" (borrow $incoming-request)) (result (own $fields))))
    (export "[method]incoming-request.consume" (func
      (param "self" (borrow $incoming-request)) (result (result (own $incoming-body)))))
    (export "outgoing-body" (type $outgoing-body (sub resource)))
    (export "[method]outgoing-body.write" (func
      (param "self" (borrow $outgoing-body)) (result (result (own $out)))))
    (export "[static]outgoing-body.finish" (func
      (param "this" (own $outgoing-body)) (param "trailers" (option (own $fields))) (result (result (error $code)))))
    (export "outgoing-response" (type $outgoing-response (sub resource)))
    (export "[constructor]outgoing-response" (func
      (param "headers" (own $fields)) (result (own $outgoing-response))))
    (export "[method]outgoing-response.set-status-code" (func
      (param "self" (borrow $outgoing-response)) (param "status-code" u16) (result (result))))
    (export "[method]outgoing-response.body" (func
      (param "self" (borrow $outgoing-response)) (result (result (own $outgoing-body)))))
    (export "response-outparam" (type $response-outparam (sub resource)))
    (export "[static]response-outparam.set" (func
      (param "param" (own $response-outparam))
      (param "response" (result (own $outgoing-response) (error $code)))))
    (export "outgoing-request" (type $outgoing-request (sub resource)))
    (export "[constructor]outgoing-request" (func
      (param "headers" (own $fields)) (result (own $outgoing-request))))
    (export "[method]outgoing-request.set-path-with-query" (func
      (param "self" (borrow $outgoing-request)) (param "path-with-query" (option string)) (result (result))))
    (export "[method]outgoing-request.set-scheme" (func
      (param "self" (borrow $outgoing-request)) (param "scheme" (option $scheme)) (result (result))))
    (export "[method]outgoing-request.set-authority" (func
      (param "self" (borrow $outgoing-request)) (param "authority" (option string)) (result (result))))
    (export "request-options" (type (sub resource)))
    (export "incoming-response" (type $incoming-response (sub resource)))
    (export "[method]incoming-response.status" (func
      (param "self" (borrow $incoming-response)) (result u16)))
    (export "future-incoming-response" (type $future (sub resource)))
    (export "[method]future-incoming-response.subscribe" (func (param "self" (borrow $future)) (result (own $p))))
    (export "[method]future-incoming-response.get" (func
      (param "self" (borrow $future))
      (result (option (result (result (own $incoming-response) (error $code)))))))))
  (alias export $types "error-code" (type $code))
  (alias export $types "fields" (type $fields))
  (alias export $types "incoming-request" (type $incoming-request))
  (alias export $types "incoming-body" (type $incoming-body))
  (alias export $types "outgoing-body" (type $outgoing-body))
  (alias export $types "response-outparam" (type $response-outparam))
  (alias export $types "outgoing-request" (type $outgoing-request))
  (alias export $types "request-options" (type $request-options))
  (alias export $types "incoming-response" (type $incoming-response))
  (alias export $types "future-incoming-response" (type $future))
  (import "wasi:http/outgoing-handler@0.2.0" (instance $outgoing
    (alias outer 1 $outgoing-request (type $request'))
    (alias outer 1 $request-options (type $options'))
    (alias outer 1 $future (type $future'))
    (alias outer 1 $code (type $code'))
    (export "outgoing-request" (type $request (eq $request')))
    (export "request-options" (type $options (eq $options')))
    (export "future-incoming-response" (type $answer (eq $future')))
    (export "error-code" (type $failure (eq $code')))
    (export "handle" (func
      (param "request" (own $request)) (param "options" (option (own $options)))
      (result (result (own $answer) (error $failure)))))))

  (core module $library
    (memory (export "memory") 2)
    (global $free (export "free") (mut i32) (i32.const 65536))
    ;; Blocks follow each other; whoever reads again begins anew.
    (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (local $block i32)
      (local.set $block (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $block) (local.get $size)))
      (if (i32.gt_u (global.get $free) (i32.const 131072)) (then unreachable))
      (local.get $block)))
  (core instance $memory (instantiate $library))

  (core func $path (canon lower (func $types "[method]incoming-request.path-with-query")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $consume (canon lower (func $types "[method]incoming-request.consume")
    (memory (core memory $memory "memory"))))
  (core func $stream (canon lower (func $types "[method]incoming-body.stream")
    (memory (core memory $memory "memory"))))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $new-fields (canon lower (func $types "[constructor]fields")))
  (core func $append (canon lower (func $types "[method]fields.append")
    (memory (core memory $memory "memory"))))
  (core func $field (canon lower (func $types "[method]fields.get")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $headers (canon lower (func $types "[method]incoming-request.headers")))
  (core func $new-response (canon lower (func $types "[constructor]outgoing-response")))
  (core func $set-status (canon lower (func $types "[method]outgoing-response.set-status-code")))
  (core func $body (canon lower (func $types "[method]outgoing-response.body")
    (memory (core memory $memory "memory"))))
  (core func $open (canon lower (func $types "[method]outgoing-body.write")
    (memory (core memory $memory "memory"))))
  (core func $finish (canon lower (func $types "[static]outgoing-body.finish")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $set (canon lower (func $types "[static]response-outparam.set")
    (memory (core memory $memory "memory"))))
  (core func $new-request (canon lower (func $types "[constructor]outgoing-request")))
  (core func $set-path (canon lower (func $types "[method]outgoing-request.set-path-with-query")
    (memory (core memory $memory "memory"))))
  (core func $set-scheme (canon lower (func $types "[method]outgoing-request.set-scheme")
    (memory (core memory $memory "memory"))))
  (core func $set-authority (canon lower (func $types "[method]outgoing-request.set-authority")
    (memory (core memory $memory "memory"))))
  (core func $ask (canon lower (func $outgoing "handle")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $subscribe (canon lower (func $types "[method]future-incoming-response.subscribe")))
  (core func $get (canon lower (func $types "[method]future-incoming-response.get")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $status (canon lower (func $types "[method]incoming-response.status")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $drop-fields (canon resource.drop $fields))
  (core func $drop-request (canon resource.drop $incoming-request))
  (core func $drop-incoming (canon resource.drop $incoming-body))
  (core func $drop-in (canon resource.drop $input-stream))
  (core func $drop-out (canon resource.drop $output-stream))
  (core func $drop-body (canon resource.drop $outgoing-body))
  (core func $drop-error (canon resource.drop $error))
  (core func $drop-outparam (canon resource.drop $response-outparam))
  (core func $drop-pollable (canon resource.drop $pollable))
  (core func $drop-future (canon resource.drop $future))
  (core func $drop-response (canon resource.drop $incoming-response))

  (core module $code
    (import "library" "memory" (memory 2))
    (import "library" "free" (global $free (mut i32)))
    (import "http" "path" (func $path (param i32 i32)))
    (import "http" "consume" (func $consume (param i32 i32)))
    (import "http" "stream" (func $stream (param i32 i32)))
    (import "http" "read" (func $read (param i32 i64 i32)))
    (import "http" "write" (func $write (param i32 i32 i32 i32)))
    (import "http" "new-fields" (func $new-fields (result i32)))
    (import "http" "append" (func $append (param i32 i32 i32 i32 i32 i32)))
    (import "http" "field" (func $field (param i32 i32 i32 i32)))
    (import "http" "headers" (func $headers (param i32) (result i32)))
    (import "http" "drop-fields" (func $drop-fields (param i32)))
    (import "http" "new-response" (func $new-response (param i32) (result i32)))
    (import "http" "set-status" (func $set-status (param i32 i32) (result i32)))
    (import "http" "body" (func $body (param i32 i32)))
    (import "http" "open" (func $open (param i32 i32)))
    (import "http" "finish" (func $finish (param i32 i32 i32 i32)))
    (import "http" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    (import "http" "new-request" (func $new-request (param i32) (result i32)))
    (import "http" "set-path" (func $set-path (param i32 i32 i32 i32) (result i32)))
    (import "http" "set-scheme" (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
    (import "http" "set-authority" (func $set-authority (param i32 i32 i32 i32) (result i32)))
    (import "http" "ask" (func $ask (param i32 i32 i32 i32)))
    (import "http" "subscribe" (func $subscribe (param i32) (result i32)))
    (import "http" "get" (func $get (param i32 i32)))
    (import "http" "status" (func $status (param i32) (result i32)))
    (import "http" "block" (func $block (param i32)))
    (import "http" "drop-request" (func $drop-request (param i32)))
    (import "http" "drop-incoming" (func $drop-incoming (param i32)))
    (import "http" "drop-in" (func $drop-in (param i32)))
    (import "http" "drop-out" (func $drop-out (param i32)))
    (import "http" "drop-body" (func $drop-body (param i32)))
    (import "http" "drop-error" (func $drop-error (param i32)))
    (import "http" "drop-outparam" (func $drop-outparam (param i32)))
    (import "http" "drop-pollable" (func $drop-pollable (param i32)))
    (import "http" "drop-future" (func $drop-future (param i32)))
    (import "http" "drop-response" (func $drop-response (param i32)))
    (data (i32.const 1024) "hello/x-grown0 traceparenttracestate")
    (global $served (mut i32) (i32.const 0))

    ;; Results in memory are written at 64 and, of a path, at 128.
    (func $check (if (i32.load8_u (i32.const 64)) (then unreachable)))

    ;; Answers with a status and so many fields more; the body, which is to be written.
    (func $answer (param $out i32) (param $status i32) (param $more i32) (result i32)
      (local $fields i32) (local $response i32) (local $body i32)
      (local.set $fields (call $new-fields))
      (block $enough
        (loop $again
          (br_if $enough (i32.eqz (local.get $more)))
          (call $append (local.get $fields)
            (i32.const 1030) (i32.const 7) (i32.const 1037) (i32.const 1) (i32.const 64))
          (call $check)
          (local.set $more (i32.sub (local.get $more) (i32.const 1)))
          (br $again)))
      (local.set $response (call $new-response (local.get $fields)))
      (if (call $set-status (local.get $response) (local.get $status)) (then unreachable))
      (call $body (local.get $response) (i32.const 64))
      (call $check)
      (local.set $body (i32.load (i32.const 68)))
      (call $set (local.get $out) (i32.const 0) (local.get $response)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (local.get $body))

    (func $begin (param $body i32) (result i32)
      (call $open (local.get $body) (i32.const 64))
      (call $check)
      (i32.load (i32.const 68)))

    ;; WASI takes 4096 bytes at once.
    (func $send (param $stream i32) (param $from i32) (param $size i32)
      (local $part i32)
      (loop $again
        (local.set $part (select (local.get $size) (i32.const 4096) (i32.lt_u (local.get $size) (i32.const 4096))))
        (if (local.get $part) (then
          (call $write (local.get $stream) (local.get $from) (local.get $part) (i32.const 64))
          (call $check)
          (local.set $from (i32.add (local.get $from) (local.get $part)))
          (local.set $size (i32.sub (local.get $size) (local.get $part)))
          (br $again)))))

    (func $end (param $body i32)
      (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 64))
      (call $check))

    ;; Answers with 5 bytes; the body is still open.
    (func $hello (param $out i32) (result i32)
      (local $body i32) (local $stream i32)
      (local.set $body (call $answer (local.get $out) (i32.const 200) (i32.const 0)))
      (local.set $stream (call $begin (local.get $body)))
      (call $send (local.get $stream) (i32.const 1024) (i32.const 5))
      (call $drop-out (local.get $stream))
      (local.get $body))

    (func $spin (loop $again (br $again)))

    (func $echo (param $request i32) (param $out i32)
      (local $incoming i32) (local $in i32) (local $body i32) (local $stream i32)
      (call $consume (local.get $request) (i32.const 64))
      (call $check)
      (local.set $incoming (i32.load (i32.const 68)))
      (call $stream (local.get $incoming) (i32.const 64))
      (call $check)
      (local.set $in (i32.load (i32.const 68)))
      (local.set $body (call $answer (local.get $out) (i32.const 200) (i32.const 0)))
      (local.set $stream (call $begin (local.get $body)))
      (block $over
        (loop $again
          (global.set $free (i32.const 65536))
          (call $read (local.get $in) (i64.const 32768) (i32.const 64))
          (if (i32.load8_u (i32.const 64)) (then
            (if (i32.eqz (i32.load8_u (i32.const 68))) (then (call $drop-error (i32.load (i32.const 72)))))
            (br $over)))
          (call $send (local.get $stream) (i32.load (i32.const 68)) (i32.load (i32.const 72)))
          (br $again)))
      (call $drop-in (local.get $in))
      (call $drop-incoming (local.get $incoming))
      (call $drop-out (local.get $stream))
      (call $end (local.get $body)))

    (func $large (param $out i32)
      (local $body i32) (local $stream i32) (local $left i32)
      (local.set $body (call $answer (local.get $out) (i32.const 200) (i32.const 0)))
      (local.set $stream (call $begin (local.get $body)))
      (local.set $left (i32.const 64))
      (loop $again
        (call $send (local.get $stream) (i32.const 65536) (i32.const 65536))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (call $drop-out (local.get $stream))
      (call $end (local.get $body)))

    ;; The first value of a field, where there is one.
    (func $send-field (param $stream i32) (param $fields i32) (param $name i32) (param $size i32)
      (local $first i32)
      (call $field (local.get $fields) (local.get $name) (local.get $size) (i32.const 64))
      (if (i32.load (i32.const 68)) (then
        (local.set $first (i32.load (i32.const 64)))
        (call $send (local.get $stream) (i32.load (local.get $first)) (i32.load offset=4 (local.get $first))))))

    (func $trace (param $request i32) (param $out i32)
      (local $fields i32) (local $body i32) (local $stream i32)
      (local.set $fields (call $headers (local.get $request)))
      (local.set $body (call $answer (local.get $out) (i32.const 200) (i32.const 0)))
      (local.set $stream (call $begin (local.get $body)))
      (call $send-field (local.get $stream) (local.get $fields) (i32.const 1039) (i32.const 11))
      (call $send (local.get $stream) (i32.const 1038) (i32.const 1))
      (call $send-field (local.get $stream) (local.get $fields) (i32.const 1050) (i32.const 10))
      (call $drop-fields (local.get $fields))
      (call $drop-out (local.get $stream))
      (call $end (local.get $body)))

    ;; The status of whoever is asked, or 550 and the number of the error.
    (func $fetch (param $from i32) (param $size i32) (result i32)
      (local $request i32) (local $future i32) (local $pollable i32) (local $response i32) (local $status i32)
      (local.set $request (call $new-request (call $new-fields)))
      (if (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))
        (then unreachable))
      (if (call $set-authority (local.get $request) (i32.const 1) (local.get $from) (local.get $size))
        (then unreachable))
      (if (call $set-path (local.get $request) (i32.const 1) (i32.const 1029) (i32.const 1)) (then unreachable))
      (call $ask (local.get $request) (i32.const 0) (i32.const 0) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then
        (return (i32.add (i32.const 550) (i32.load8_u (i32.const 72))))))
      (local.set $future (i32.load (i32.const 72)))
      (local.set $pollable (call $subscribe (local.get $future)))
      (call $block (local.get $pollable))
      (call $drop-pollable (local.get $pollable))
      (call $get (local.get $future) (i32.const 64))
      (if (i32.load8_u (i32.const 80)) (then
        (call $drop-future (local.get $future))
        (return (i32.add (i32.const 550) (i32.load8_u (i32.const 88))))))
      (local.set $response (i32.load (i32.const 88)))
      (local.set $status (call $status (local.get $response)))
      (call $drop-response (local.get $response))
      (call $drop-future (local.get $future))
      (local.get $status))

    (func (export "handle") (param $request i32) (param $out i32)
      (local $letter i32) (local $body i32) (local $stream i32)
      (global.set $free (i32.const 65536))
      (global.set $served (i32.add (global.get $served) (i32.const 1)))
      (call $path (local.get $request) (i32.const 128))
      (local.set $letter (i32.load8_u (i32.add (i32.load (i32.const 132)) (i32.const 1))))
      (if (i32.eq (local.get $letter) (i32.const 101)) (then  ;; e
        (call $echo (local.get $request) (local.get $out))
        (call $drop-request (local.get $request))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 119)) (then  ;; w
        (call $trace (local.get $request) (local.get $out))
        (call $drop-request (local.get $request))
        (return)))
      (call $drop-request (local.get $request))
      (if (i32.eq (local.get $letter) (i32.const 104)) (then  ;; h
        (call $end (call $hello (local.get $out)))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 99)) (then  ;; c
        (i32.store8 (i32.const 1037) (i32.add (i32.const 48) (global.get $served)))
        (local.set $body (call $answer (local.get $out) (i32.const 200) (i32.const 1)))
        (local.set $stream (call $begin (local.get $body)))
        (call $send (local.get $stream) (i32.const 1037) (i32.const 1))
        (call $drop-out (local.get $stream))
        (call $end (local.get $body))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 108)) (then (call $large (local.get $out)) (return)))  ;; l
      (if (i32.eq (local.get $letter) (i32.const 110)) (then (return)))  ;; n
      (if (i32.eq (local.get $letter) (i32.const 114)) (then  ;; r
        (call $set (local.get $out) (i32.const 1) (i32.const 37)
          (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 100)) (then (call $drop-outparam (local.get $out)) (return)))  ;; d
      (if (i32.eq (local.get $letter) (i32.const 120)) (then  ;; x
        (call $end (call $answer (local.get $out) (i32.const 200) (i32.const 600)))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 107)) (then (drop (call $hello (local.get $out))) (return)))  ;; k
      (if (i32.eq (local.get $letter) (i32.const 97)) (then  ;; a
        (call $drop-body (call $hello (local.get $out)))
        (return)))
      (if (i32.eq (local.get $letter) (i32.const 109)) (then (drop (call $hello (local.get $out))) unreachable))  ;; m
      (if (i32.eq (local.get $letter) (i32.const 115)) (then (call $spin)))  ;; s
      (if (i32.eq (local.get $letter) (i32.const 112)) (then  ;; p
        (drop (call $hello (local.get $out)))
        (call $spin)))
      (if (i32.eq (local.get $letter) (i32.const 102)) (then  ;; f
        (call $end (call $answer (local.get $out)
          (call $fetch
            (i32.add (i32.load (i32.const 132)) (i32.const 2)) (i32.sub (i32.load (i32.const 136)) (i32.const 2)))
          (i32.const 0)))
        (return)))
      unreachable))  ;; t

  (core instance $guest (instantiate $code
    (with "library" (instance $memory))
    (with "http" (instance
      (export "path" (func $path)) (export "consume" (func $consume)) (export "stream" (func $stream))
      (export "read" (func $read)) (export "write" (func $write)) (export "new-fields" (func $new-fields))
      (export "append" (func $append)) (export "new-response" (func $new-response))
      (export "set-status" (func $set-status)) (export "body" (func $body)) (export "open" (func $open))
      (export "finish" (func $finish)) (export "set" (func $set)) (export "new-request" (func $new-request))
      (export "set-path" (func $set-path)) (export "set-scheme" (func $set-scheme))
      (export "set-authority" (func $set-authority)) (export "ask" (func $ask))
      (export "subscribe" (func $subscribe)) (export "get" (func $get)) (export "status" (func $status))
      (export "block" (func $block)) (export "drop-request" (func $drop-request))
      (export "drop-incoming" (func $drop-incoming)) (export "drop-in" (func $drop-in))
      (export "drop-out" (func $drop-out)) (export "drop-body" (func $drop-body))
      (export "drop-error" (func $drop-error)) (export "drop-outparam" (func $drop-outparam))
      (export "drop-pollable" (func $drop-pollable)) (export "drop-future" (func $drop-future))
      (export "drop-response" (func $drop-response)) (export "field" (func $field))
      (export "headers" (func $headers)) (export "drop-fields" (func $drop-fields))))))

  (func $handle
    (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam))
    (canon lift (core func $guest "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))
