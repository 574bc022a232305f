// SPDX-License-Identifier: Apache-2.0
//! WASI 0.2 as a guest meets it: nothing granted, everything bounded, waits that wake the poller, text to the sink.
mod support;

use holdfast_bridge::abi::{hfb_grants, hfb_kind, hfb_output, hfb_slice, hfb_state};
use std::ffi::c_void;
use std::sync::Mutex;
use support::{Component, ENGINE, no_limits};

const TEXT: &str = r#"(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $e'))
    (export "error" (type $e (eq $e')))
    (type $failure' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $failure (eq $failure')))
    (export "output-stream" (type $out (sub resource)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failure)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $s'))
    (export "output-stream" (type $s (eq $s')))
    (export "get-stdout" (func (result (own $s))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p'))
    (export "pollable" (type $p (eq $p')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens))
  (core module $libc (memory (export "mem") 32)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core func $out (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $now (canon lower (func $streams "[method]output-stream.write")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $bytes (canon lower (func $random "get-random-bytes")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $env (canon lower (func $environment "get-environment")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $drop (canon resource.drop $pollable))
  (core module $m
    (import "" "block" (func $block (param i32)))
    (import "" "after" (func $after (param i64) (result i32)))
    (import "" "out" (func $out (result i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "now" (func $now (param i32 i32 i32 i32)))
    (import "" "bytes" (func $bytes (param i64 i32)))
    (import "" "env" (func $env (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "nap") (param i64) (local $p i32)
      (local.set $p (call $after (local.get 0))) (call $block (local.get $p)) (call $drop (local.get $p)))
    (func (export "hoard") (param i32)
      (loop (drop (call $after (i64.const 1)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "say") (param i32 i32) (call $write (call $out) (local.get 0) (local.get 1) (i32.const 16)))
    (func (export "blurt") (param i32 i32) (call $now (call $out) (local.get 0) (local.get 1) (i32.const 16)))
    (func (export "random") (param i64) (result i32) (call $bytes (local.get 0) (i32.const 32)) (i32.const 32))
    (func (export "environment") (result i32) (call $env (i32.const 48)) (i32.const 48)))
  (core instance $i (instantiate $m (with "" (instance
    (export "block" (func $block)) (export "after" (func $after)) (export "out" (func $out))
    (export "write" (func $write)) (export "bytes" (func $bytes)) (export "env" (func $env))
    (export "drop" (func $drop)) (export "now" (func $now))))))
  (func (export "nap") (param "nanoseconds" u64) (canon lift (core func $i "nap")))
  (func (export "hoard") (param "count" u32) (canon lift (core func $i "hoard")))
  (func (export "say") (param "text" string)
    (canon lift (core func $i "say") (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (func (export "random") (param "size" u64) (result (list u8))
    (canon lift (core func $i "random") (memory (core memory $libc "mem"))))
  (func (export "environment") (result (list (tuple string string)))
    (canon lift (core func $i "environment") (memory (core memory $libc "mem"))))
  (func (export "blurt") (param "text" string)
    (canon lift (core func $i "blurt") (memory (core memory $libc "mem")) (realloc (core func $libc "realloc")))))"#;

const NAP: u32 = 0;
const HOARD: u32 = 1;
const SAY: u32 = 2;
const RANDOM: u32 = 3;
const ENVIRONMENT: u32 = 4;
const BLURT: u32 = 5;

fn component() -> Component {
    ENGINE.compile(TEXT.as_bytes()).unwrap()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

#[test]
fn a_guest_that_waits_for_the_clock_wakes_its_poller() {
    let guest = component().blueprint().unwrap().ready();
    guest.start(NAP, &5_000_000u64.to_le_bytes()).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    guest.woken();
    guest.settle().unwrap();
}

#[test]
fn a_guest_that_waits_for_ever_is_cut_by_freeing_it() {
    let blueprint = component().blueprint().unwrap();
    for _ in 0..100 {
        let guest = blueprint.ready();
        guest.start(NAP, &u64::MAX.to_le_bytes()).unwrap();
        assert_eq!(guest.poll(), hfb_state::Pending);
    }
}

#[test]
fn what_a_guest_hoards_is_bounded() {
    let mut limits = no_limits();
    limits.resources = 100;
    let blueprint = component().linker(Some(&limits), None).finish().unwrap();
    blueprint.ready().call(HOARD, &50u32.to_le_bytes()).unwrap();
    let error = blueprint.ready().call(HOARD, &200u32.to_le_bytes()).unwrap_err();
    assert!(error.message.contains("resource table"), "{error:?}");
    limits.random_bytes = 1000;
    let blueprint = component().linker(Some(&limits), None).finish().unwrap();
    assert_eq!(blueprint.ready().call(RANDOM, &1000u64.to_le_bytes()).unwrap().len(), 1004);
    assert_eq!(blueprint.ready().call(RANDOM, &1001u64.to_le_bytes()).unwrap_err().kind, hfb_kind::Trap);
    assert_eq!(blueprint.ready().call(RANDOM, &u64::MAX.to_le_bytes()).unwrap_err().kind, hfb_kind::Trap);
}

#[test]
fn random_bytes_are_64_kib_at_once_unless_more_was_granted() {
    let guest = component().blueprint().unwrap().ready();
    assert_eq!(guest.call(RANDOM, &(64u64 << 10).to_le_bytes()).unwrap().len(), (64 << 10) + 4);
    assert_eq!(guest.call(RANDOM, &((64u64 << 10) + 1).to_le_bytes()).unwrap_err().kind, hfb_kind::Trap);
}

/// What guests said: user, stream, bytes.
type Said = Mutex<Vec<(usize, u8, Vec<u8>)>>;

unsafe extern "C" fn write(context: *mut c_void, user: *mut c_void, stream: u8, data: *const u8, size: usize) {
    let said = unsafe { &*(context as *const Said) };
    let bytes = unsafe { std::slice::from_raw_parts(data, size) };
    said.lock().unwrap().push((user as usize, stream, bytes.to_vec()));
}

unsafe extern "C" fn end(context: *mut c_void) {
    let said = unsafe { &*(context as *const Said) };
    said.lock().unwrap().push((0, 0, b"end".to_vec()));
}

#[test]
fn what_a_guest_says_goes_to_the_sink_with_its_user() {
    let said = Said::default();
    let output = hfb_output { context: (&raw const said) as *mut c_void, write: Some(write), drop: Some(end) };
    let blueprint = component().linker_to(None, None, Some(&output)).finish().unwrap();
    let guest = blueprint.instance_for(7 as *mut c_void);
    guest.settle().unwrap();
    guest.call(SAY, &text("hello\n")).unwrap();
    assert_eq!(said.lock().unwrap()[..], [(7, 1, b"hello\n".to_vec())]);
    drop(blueprint);
    drop(guest);
    assert_eq!(said.lock().unwrap()[1..], [(0, 0, b"end".to_vec())], "the sink is given back once");
}

#[test]
fn a_guest_that_writes_more_than_it_was_permitted_is_stopped_and_nothing_of_it_is_said() {
    let said = Said::default();
    let output = hfb_output { context: (&raw const said) as *mut c_void, write: Some(write), drop: None };
    let guest = component().linker_to(None, None, Some(&output)).finish().unwrap().ready();
    guest.call(BLURT, &text(&"x".repeat(64 << 10))).unwrap();
    assert_eq!(said.lock().unwrap().len(), 1);
    let error = guest.call(BLURT, &text(&"x".repeat((64 << 10) + 1))).unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("check-write"), "{error:?}");
    assert_eq!(said.lock().unwrap().len(), 1);
}

#[test]
fn a_guest_sees_the_environment_that_was_granted_and_no_other() {
    let alone = component().blueprint().unwrap().ready();
    assert_eq!(alone.call(ENVIRONMENT, &[]).unwrap(), [0, 0, 0, 0]);
    let environment = [&1u32.to_le_bytes()[..], &text("SHOP"), &text("open")].concat();
    let nothing = hfb_slice { data: std::ptr::null(), size: 0 };
    let grants = hfb_grants {
        environment: support::slice(&environment),
        arguments: nothing,
        directories: nothing,
        network: false,
        http_hosts: nothing,
    };
    let granted = component().linker(None, Some(&grants)).finish().unwrap().ready();
    assert_eq!(granted.call(ENVIRONMENT, &[]).unwrap(), environment);
}

#[test]
fn a_directory_that_is_not_there_fails_the_instance_by_name() {
    let directories = [&1u32.to_le_bytes()[..], &text("/no/such/place"), &text("/"), &[1]].concat();
    let nothing = hfb_slice { data: std::ptr::null(), size: 0 };
    let grants = hfb_grants {
        environment: nothing,
        arguments: nothing,
        directories: support::slice(&directories),
        network: false,
        http_hosts: nothing,
    };
    let error = component().linker(None, Some(&grants)).finish().unwrap().instance().settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::Instantiation);
    assert!(error.message.contains("/no/such/place"), "{error:?}");
}

/// The number of the function with this name, which only one item of the description has.
fn number_of(name: &str, description: &[u8]) -> u32 {
    let item = [&[0][..], &text(name)].concat();
    let at = description.windows(item.len()).position(|window| window == item).expect("it is exported") + item.len();
    u32::from_le_bytes(description[at..at + 4].try_into().unwrap())
}

/// A real guest, where the guests were built: `greet(string) -> string` of componentize-js and componentize-py.
#[test]
#[ignore = "needs HOLDFAST_GREETERS, the paths of built guests with `:` between; ctest gives them"]
fn guests_of_javascript_and_python_greet() {
    let list = std::env::var("HOLDFAST_GREETERS").expect("HOLDFAST_GREETERS names the guests");
    for path in list.split(':') {
        let bytes = std::fs::read(path).unwrap();
        let compiled = ENGINE.compile(&bytes).unwrap();
        let guest = compiled.blueprint().unwrap().ready();
        let greet = number_of("greet", &compiled.describe());
        for _ in 0..3 {
            let said = guest.call(greet, &text("ada")).unwrap();
            assert_eq!(said, text("hello ada"), "{path} said {}", String::from_utf8_lossy(&said));
        }
        println!("{path}: {} MiB of linear memory", guest.memory() >> 20);
    }
}

#[test]
#[ignore = "needs HOLDFAST_GREETERS, the paths of built guests with `:` between; ctest gives them"]
fn guests_of_javascript_and_python_greet_again_from_a_tape() {
    let list = std::env::var("HOLDFAST_GREETERS").expect("HOLDFAST_GREETERS names the guests");
    for path in list.split(':') {
        let compiled = ENGINE.compile_deterministic(&std::fs::read(path).unwrap(), "").unwrap();
        let blueprint = compiled.taped_linker(1 << 20, None, None).unwrap().finish().unwrap();
        let greet = number_of("greet", &compiled.describe());
        let first = blueprint.ready();
        assert_eq!(first.call(greet, &text("ada")).unwrap(), text("hello ada"));
        let tape = first.take_tape().unwrap();
        let second = blueprint.instance();
        second.play(&tape).unwrap();
        second.settle().unwrap();
        assert_eq!(second.call(greet, &text("ada")).unwrap(), text("hello ada"), "{path}");
        second.end_play().unwrap();
        println!("{path}: a tape of {} bytes", tape.len());
    }
}
