// SPDX-License-Identifier: Apache-2.0
//! Tapes: what a guest learned from outside is told to another instance again, and nothing else happens.
mod support;

use holdfast_bridge::abi::{hfb_grants, hfb_kind, hfb_output, hfb_slice};
use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant as Time};
use support::{Blueprint, Component, ENGINE, Instance, slice};

/// Asks whatever WASI 0.2 and a function of the host's answer.
const TEXT: &str = r#"(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
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
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $s'))
    (export "output-stream" (type $s (eq $s')))
    (export "get-stdout" (func (result (own $s))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p'))
    (export "pollable" (type $p (eq $p')))
    (export "now" (func (result u64)))
    (export "resolution" (func (result u64)))
    (export "subscribe-instant" (func (param "when" u64) (result (own $p))))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:clocks/wall-clock@0.2.0" (instance $wall
    (type $d' (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $d (eq $d')))
    (export "now" (func (result $d)))
    (export "resolution" (func (result $d)))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:random/insecure@0.2.0" (instance $insecure
    (export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-insecure-random-u64" (func (result u64)))))
  (import "wasi:random/insecure-seed@0.2.0" (instance $seed
    (export "insecure-seed" (func (result (tuple u64 u64))))))
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "test:host/store" (instance $store (export "fetch" (func (param "key" u32) (result string)))))
  (core module $libc (memory (export "mem") 32)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $poll (canon lower (func $poll "poll")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core func $at (canon lower (func $clock "subscribe-instant")))
  (core func $mono (canon lower (func $clock "now")))
  (core func $mono-step (canon lower (func $clock "resolution")))
  (core func $wall (canon lower (func $wall "now") (memory (core memory $libc "mem"))))
  (core func $wall-step (canon lower (func $wall "resolution") (memory (core memory $libc "mem"))))
  (core func $out (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $bytes (canon lower (func $random "get-random-bytes")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $number (canon lower (func $random "get-random-u64")))
  (core func $cheap-bytes (canon lower (func $insecure "get-insecure-random-bytes")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $cheap-number (canon lower (func $insecure "get-insecure-random-u64")))
  (core func $seed (canon lower (func $seed "insecure-seed") (memory (core memory $libc "mem"))))
  (core func $env (canon lower (func $environment "get-environment")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $args (canon lower (func $environment "get-arguments")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $cwd (canon lower (func $environment "initial-cwd")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $fetch (canon lower (func $store "fetch")
    (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (core func $drop (canon resource.drop $pollable))
  (core module $m
    (import "libc" "mem" (memory 1))
    (import "" "block" (func $block (param i32)))
    (import "" "ready" (func $ready (param i32) (result i32)))
    (import "" "poll" (func $poll (param i32 i32 i32)))
    (import "" "after" (func $after (param i64) (result i32)))
    (import "" "at" (func $at (param i64) (result i32)))
    (import "" "mono" (func $mono (result i64)))
    (import "" "mono-step" (func $mono-step (result i64)))
    (import "" "wall" (func $wall (param i32)))
    (import "" "wall-step" (func $wall-step (param i32)))
    (import "" "out" (func $out (result i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "bytes" (func $bytes (param i64 i32)))
    (import "" "number" (func $number (result i64)))
    (import "" "cheap-bytes" (func $cheap-bytes (param i64 i32)))
    (import "" "cheap-number" (func $cheap-number (result i64)))
    (import "" "seed" (func $seed (param i32)))
    (import "" "env" (func $env (param i32)))
    (import "" "args" (func $args (param i32)))
    (import "" "cwd" (func $cwd (param i32)))
    (import "" "fetch" (func $fetch (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "nap") (param i64) (local $p i32)
      (local.set $p (call $after (local.get 0))) (call $block (local.get $p)) (call $drop (local.get $p)))
    (func (export "nap-until") (param i64) (local $p i32)
      (local.set $p (call $at (local.get 0))) (call $block (local.get $p)) (call $drop (local.get $p)))
    (func (export "either") (param i64 i64) (result i32)
      (i32.store (i32.const 64) (call $after (local.get 0)))
      (i32.store (i32.const 68) (call $after (local.get 1)))
      (call $poll (i32.const 64) (i32.const 2) (i32.const 32))
      (i32.const 32))
    (func (export "is-over") (param i64) (result i32) (call $ready (call $after (local.get 0))))
    (func (export "clocks") (result i32)
      (call $wall (i32.const 32)) (call $wall-step (i32.const 48))
      (i64.store (i32.const 64) (call $mono)) (i64.store (i32.const 72) (call $mono-step))
      (i32.const 32))
    (func (export "random") (param i64) (result i32) (call $bytes (local.get 0) (i32.const 32)) (i32.const 32))
    (func (export "cheap") (param i64) (result i32) (call $cheap-bytes (local.get 0) (i32.const 32)) (i32.const 32))
    (func (export "numbers") (result i32)
      (i64.store (i32.const 32) (call $number)) (i64.store (i32.const 40) (call $cheap-number))
      (call $seed (i32.const 48))
      (i32.const 32))
    (func (export "environment") (result i32) (call $env (i32.const 48)) (i32.const 48))
    (func (export "arguments") (result i32) (call $args (i32.const 48)) (i32.const 48))
    (func (export "directory") (result i32) (call $cwd (i32.const 48)) (i32.const 48))
    (func (export "fetch") (param i32) (result i32) (call $fetch (local.get 0) (i32.const 48)) (i32.const 48))
    (func (export "say") (param i32 i32) (call $write (call $out) (local.get 0) (local.get 1) (i32.const 16)))
    (func (export "nan") (result i32)
      (i32.reinterpret_f32 (f32.add (f32.reinterpret_i32 (i32.const 0x7fa12345)) (f32.const 1)))))
  (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "" (instance
    (export "block" (func $block)) (export "ready" (func $ready)) (export "poll" (func $poll))
    (export "after" (func $after)) (export "at" (func $at)) (export "mono" (func $mono))
    (export "mono-step" (func $mono-step)) (export "wall" (func $wall)) (export "wall-step" (func $wall-step))
    (export "out" (func $out)) (export "write" (func $write)) (export "bytes" (func $bytes))
    (export "number" (func $number)) (export "cheap-bytes" (func $cheap-bytes))
    (export "cheap-number" (func $cheap-number)) (export "seed" (func $seed)) (export "env" (func $env))
    (export "args" (func $args)) (export "cwd" (func $cwd)) (export "fetch" (func $fetch))
    (export "drop" (func $drop))))))
  (type $moment' (record (field "seconds" u64) (field "nanoseconds" u32)))
  (export $moment "moment" (type $moment'))
  (func (export "nap") (param "nanoseconds" u64) (canon lift (core func $i "nap")))
  (func (export "nap-until") (param "instant" u64) (canon lift (core func $i "nap-until")))
  (func (export "either") (param "a" u64) (param "b" u64) (result (list u32))
    (canon lift (core func $i "either") (memory (core memory $libc "mem"))))
  (func (export "is-over") (param "nanoseconds" u64) (result bool) (canon lift (core func $i "is-over")))
  (func (export "clocks") (result (tuple $moment $moment u64 u64))
    (canon lift (core func $i "clocks") (memory (core memory $libc "mem"))))
  (func (export "random") (param "size" u64) (result (list u8))
    (canon lift (core func $i "random") (memory (core memory $libc "mem"))))
  (func (export "cheap") (param "size" u64) (result (list u8))
    (canon lift (core func $i "cheap") (memory (core memory $libc "mem"))))
  (func (export "numbers") (result (tuple u64 u64 (tuple u64 u64)))
    (canon lift (core func $i "numbers") (memory (core memory $libc "mem"))))
  (func (export "environment") (result (list (tuple string string)))
    (canon lift (core func $i "environment") (memory (core memory $libc "mem"))))
  (func (export "arguments") (result (list string))
    (canon lift (core func $i "arguments") (memory (core memory $libc "mem"))))
  (func (export "directory") (result (option string))
    (canon lift (core func $i "directory") (memory (core memory $libc "mem"))))
  (func (export "fetch") (param "key" u32) (result string)
    (canon lift (core func $i "fetch") (memory (core memory $libc "mem"))))
  (func (export "say") (param "text" string)
    (canon lift (core func $i "say") (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))
  (func (export "nan") (result u32) (canon lift (core func $i "nan"))))"#;

const NAP: u32 = 0;
const NAP_UNTIL: u32 = 1;
const EITHER: u32 = 2;
const IS_OVER: u32 = 3;
const CLOCKS: u32 = 4;
const RANDOM: u32 = 5;
const CHEAP: u32 = 6;
const NUMBERS: u32 = 7;
const ENVIRONMENT: u32 = 8;
const ARGUMENTS: u32 = 9;
const DIRECTORY: u32 = 10;
const FETCH: u32 = 11;
const SAY: u32 = 12;
const NAN: u32 = 13;

const MILLISECOND: u64 = 1_000_000;
const AN_HOUR: u64 = 3600 * 1000 * MILLISECOND;

static GUEST: LazyLock<Component> =
    LazyLock::new(|| ENGINE.compile_deterministic(TEXT.as_bytes(), "").expect("it compiles"));

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Counts how often the host's function was called; it answers `<key>!`, and fails for key 13.
fn blueprint_of(
    tape_bytes: usize,
    grants: Option<&hfb_grants>,
    output: Option<&hfb_output>,
) -> (Blueprint, Arc<AtomicU32>) {
    let linker = GUEST.taped_linker(tape_bytes, grants, output).expect("it may have a tape");
    let calls = Arc::new(AtomicU32::new(0));
    let count = calls.clone();
    linker.define(
        "test:host/store",
        "fetch",
        Box::new(move |call| {
            count.fetch_add(1, Ordering::SeqCst);
            let key = u32::from_le_bytes(call.args().try_into().expect("a key"));
            match key {
                13 => call.fail("no luck"),
                key => call.reply(&text(&format!("{key}!"))),
            }
        }),
    );
    (linker.finish().expect("it links"), calls)
}

fn blueprint() -> Blueprint {
    blueprint_of(1 << 20, None, None).0
}

/// What a call of a new instance answers, with its tape.
fn recorded(blueprint: &Blueprint, function: u32, args: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let guest = blueprint.ready();
    assert_eq!(guest.take_tape().unwrap(), [0u8; 0], "the instantiation asked for nothing");
    let answer = guest.call(function, args).expect("it answers");
    (answer, guest.take_tape().expect("the tape is long enough"))
}

/// The same call of another instance, to which the tape is played.
fn played(blueprint: &Blueprint, tape: &[u8], function: u32, args: &[u8]) -> Vec<u8> {
    let guest = blueprint.ready();
    guest.play(tape).unwrap();
    let answer = guest.call(function, args).expect("it answers");
    guest.end_play().expect("all of it was used");
    answer
}

/// How another call goes on that tape: where it diverges.
fn diverged(blueprint: &Blueprint, tape: &[u8], function: u32, args: &[u8]) -> String {
    let guest = blueprint.ready();
    guest.play(tape).unwrap();
    let error = guest.call(function, args).expect_err("it goes another way");
    assert_eq!(error.kind, hfb_kind::Diverged, "{error:?}");
    error.message
}

#[test]
fn what_a_guest_learned_from_outside_it_learns_again() {
    let texts = |texts: &[&str]| {
        [&(texts.len() as u32).to_le_bytes()[..], &texts.iter().flat_map(|each| text(each)).collect::<Vec<_>>()]
            .concat()
    };
    let environment = [&1u32.to_le_bytes()[..], &text("SHOP"), &text("open")].concat();
    let arguments = texts(&["shop", "--fast"]);
    let grants = hfb_grants {
        environment: slice(&environment),
        arguments: slice(&arguments),
        directories: hfb_slice { data: std::ptr::null(), size: 0 },
        network: false,
        http_hosts: slice(b""),
    };
    let (granted, _) = blueprint_of(1 << 20, Some(&grants), None);
    let bare = blueprint();
    let all: [(u32, &[u8]); 7] = [
        (CLOCKS, &[]),
        (RANDOM, &words(&[100])),
        (CHEAP, &words(&[100])),
        (NUMBERS, &[]),
        (ENVIRONMENT, &[]),
        (ARGUMENTS, &[]),
        (DIRECTORY, &[]),
    ];
    for (function, args) in all {
        let (answer, tape) = recorded(&granted, function, args);
        assert_eq!(played(&bare, &tape, function, args), answer, "export {function}");
    }
    assert_eq!(recorded(&granted, ENVIRONMENT, &[]).0, environment);
    assert_eq!(recorded(&granted, ARGUMENTS, &[]).0, arguments);
    let (one, other) = (recorded(&bare, NUMBERS, &[]).0, recorded(&bare, NUMBERS, &[]).0);
    assert!(one[..24].iter().zip(&other[..24]).any(|(a, b)| a != b), "without a tape played they are random");
}

#[test]
fn a_guest_that_waited_waits_for_nothing_when_that_is_played() {
    let bare = blueprint();
    let (_, block) = recorded(&bare, NAP, &words(&[MILLISECOND]));
    let (ready, poll) = recorded(&bare, EITHER, &words(&[AN_HOUR, MILLISECOND]));
    assert_eq!(ready, [1u32, 1].map(u32::to_le_bytes).concat(), "the second was ready");
    let began = Time::now();
    played(&bare, &block, NAP, &words(&[AN_HOUR]));
    assert_eq!(played(&bare, &poll, EITHER, &words(&[AN_HOUR, AN_HOUR])), ready);
    assert!(began.elapsed() < Duration::from_secs(10));
    for (wait, over) in [(0, 1u8), (AN_HOUR, 0)] {
        let (answer, tape) = recorded(&bare, IS_OVER, &words(&[wait]));
        if over == 0 {
            assert_eq!(answer, [over]);
        }
        assert_eq!(played(&bare, &tape, IS_OVER, &words(&[AN_HOUR])), answer);
    }
}

#[test]
fn the_monotonic_clock_never_goes_back_when_a_replay_is_over() {
    let bare = blueprint();
    let now = |clocks: Vec<u8>| u64::from_le_bytes(clocks[24..32].try_into().unwrap());
    // An hour on the clock of the instance that recorded, as WASI's counts from each instance's own begin.
    let (clocks, mut tape) = recorded(&bare, CLOCKS, &[]);
    let at = tape.windows(8).position(|eight| eight == now(clocks.clone()).to_le_bytes()).expect("it is on the tape");
    tape[at..at + 8].copy_from_slice(&AN_HOUR.to_le_bytes());
    let guest = bare.ready();
    guest.play(&tape).unwrap();
    assert_eq!(now(guest.call(CLOCKS, &[]).unwrap()), AN_HOUR);
    guest.end_play().unwrap();
    let later = now(guest.call(CLOCKS, &[]).unwrap());
    assert!((AN_HOUR..2 * AN_HOUR).contains(&later), "{later}");
    guest.call(NAP_UNTIL, &words(&[later + MILLISECOND])).unwrap();
    assert!(
        now(guest.call(CLOCKS, &[]).unwrap()) >= later + MILLISECOND,
        "it waited by the clock that the guest knows"
    );
}

#[test]
fn a_host_function_is_called_when_recorded_and_never_when_played() {
    let (first, calls) = blueprint_of(1 << 20, None, None);
    let (answer, tape) = recorded(&first, FETCH, &7u32.to_le_bytes());
    assert_eq!((answer, calls.load(Ordering::SeqCst)), (text("7!"), 1));
    let (second, calls) = blueprint_of(1 << 20, None, None);
    assert_eq!(played(&second, &tape, FETCH, &7u32.to_le_bytes()), text("7!"));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn a_host_function_that_failed_fails_again_for_the_same_reason() {
    let (bare, calls) = blueprint_of(1 << 20, None, None);
    let guest = bare.ready();
    let failed = guest.call(FETCH, &13u32.to_le_bytes()).unwrap_err();
    assert_eq!((failed.kind, failed.message.contains("no luck")), (hfb_kind::HostFailed, true), "{failed:?}");
    let tape = guest.take_tape().expect("also of an instance that failed");
    let guest = bare.ready();
    guest.play(&tape).unwrap();
    assert_eq!(guest.call(FETCH, &13u32.to_le_bytes()).unwrap_err(), failed);
    guest.end_play().unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_guest_that_goes_another_way_fails_and_is_told_what_it_asked_for() {
    let bare = blueprint();
    let (_, clocks) = recorded(&bare, CLOCKS, &[]);
    let (_, fetch) = recorded(&bare, FETCH, &7u32.to_le_bytes());
    let (_, random) = recorded(&bare, RANDOM, &words(&[8]));
    let (_, poll) = recorded(&bare, EITHER, &words(&[MILLISECOND, AN_HOUR]));
    let says = |message: String, what: &str| assert!(message.contains(what), "{message}, not: {what}");
    says(
        diverged(&bare, &clocks, RANDOM, &words(&[8])),
        "the guest asks for `wasi:random/random#get-random-bytes`, and when it was recorded for `wasi:clocks/wall-clock#now`",
    );
    says(
        diverged(&bare, &fetch, CLOCKS, &[]),
        "the guest asks for `wasi:clocks/wall-clock#now`, and when it was recorded for `test:host/store#fetch`",
    );
    says(
        diverged(&bare, &clocks, FETCH, &7u32.to_le_bytes()),
        "the guest asks for `test:host/store#fetch`, and when it was recorded for `wasi:clocks/wall-clock#now`",
    );
    says(
        diverged(&bare, &fetch, FETCH, &8u32.to_le_bytes()),
        "the guest asks `test:host/store#fetch` with other arguments than when it was recorded",
    );
    says(
        diverged(&bare, &random, RANDOM, &words(&[9])),
        "the guest asks `wasi:random/random#get-random-bytes` with other arguments than when it was recorded",
    );
    says(
        diverged(&bare, &[], NAP, &words(&[AN_HOUR])),
        "the guest asks for `wasi:io/poll#[method]pollable.block`, and when it was recorded for nothing more",
    );
    // Three pollables, of which the fourth was ready.
    let odd = [&poll[..2], &[2u32, 1, 3].map(u32::to_le_bytes).concat()[..]].concat();
    says(diverged(&bare, &odd, EITHER, &words(&[1, 1])), "`wasi:io/poll#poll` with other arguments");
}

#[test]
fn a_tape_that_is_cut_or_of_no_known_kind_fails_the_guest_and_nothing_else() {
    let bare = blueprint();
    let (_, tape) = recorded(&bare, FETCH, &7u32.to_le_bytes());
    for size in 1..tape.len() {
        let message = diverged(&bare, &tape[..size], FETCH, &7u32.to_le_bytes());
        assert!(message.contains("cannot be read as an answer"), "{size}: {message}");
    }
    let unknown = diverged(&bare, &[200, 0], CLOCKS, &[]);
    assert!(unknown.contains("for something that is not known here"), "{unknown}");
    let endless = diverged(&bare, &[3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], CLOCKS, &[]);
    assert!(endless.contains("cannot be read"), "{endless}");
    let large = diverged(&bare, &[1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], CLOCKS, &[]);
    assert!(large.contains("cannot be read"), "{large}");
    // The answer is no text of two letters any more.
    let mut other = tape.clone();
    let at = tape.len() - 6;
    other[at] = 9;
    let message = diverged(&bare, &other, FETCH, &7u32.to_le_bytes());
    assert!(message.contains("the answer on the tape is of another type"), "{message}");
    // A bool is 0 or 1.
    assert!(diverged(&bare, &[14, 1, 2], IS_OVER, &words(&[1])).contains("cannot be read"));
    assert!(diverged(&bare, &[14, 2, 1, 1], IS_OVER, &words(&[1])).contains("cannot be read"), "more than a bool");
}

#[test]
fn what_a_guest_did_not_ask_for_any_more_is_told_at_the_end() {
    let bare = blueprint();
    let (_, fetch) = recorded(&bare, FETCH, &7u32.to_le_bytes());
    let guest = bare.ready();
    guest.play(&fetch).unwrap();
    guest.call(NAN, &[]).unwrap();
    let left = guest.end_play().unwrap_err();
    assert_eq!(left.kind, hfb_kind::Diverged);
    assert!(left.message.contains("when it was recorded for `test:host/store#fetch` next"), "{left:?}");
    assert_eq!(guest.call(FETCH, &7u32.to_le_bytes()).unwrap(), text("7!"), "the next segment is recorded");
    assert_eq!(guest.take_tape().unwrap(), fetch);
    guest.end_play().expect("nothing was played");
}

#[test]
fn several_calls_are_one_segment_until_it_is_ended() {
    let bare = blueprint();
    let guest = bare.instance();
    guest.settle().unwrap();
    let answers = [guest.call(NUMBERS, &[]).unwrap(), guest.call(FETCH, &1u32.to_le_bytes()).unwrap()];
    let tape = guest.take_tape().unwrap();
    assert_eq!(guest.take_tape().unwrap(), [0u8; 0], "a new one has begun");
    let again = bare.instance();
    again.play(&tape).expect("before it is instantiated");
    again.settle().unwrap();
    assert_eq!([again.call(NUMBERS, &[]).unwrap(), again.call(FETCH, &1u32.to_le_bytes()).unwrap()], answers);
    again.end_play().unwrap();
}

#[test]
fn a_segment_over_the_limit_is_given_up_and_the_guest_goes_on() {
    let (tight, calls) = blueprint_of(64, None, None);
    let guest = tight.ready();
    assert_eq!(guest.call(RANDOM, &words(&[100])).unwrap().len(), 104);
    guest.call(FETCH, &1u32.to_le_bytes()).unwrap();
    assert_eq!(guest.take_tape(), None);
    guest.call(RANDOM, &words(&[62])).unwrap();
    assert_eq!(guest.take_tape().expect("just as long as it may be").len(), 64);
    guest.call(RANDOM, &words(&[63])).unwrap();
    assert_eq!(guest.take_tape(), None, "a byte more");
    guest.call(FETCH, &1u32.to_le_bytes()).unwrap();
    assert!(guest.take_tape().is_some());
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

type Said = Mutex<Vec<Vec<u8>>>;

unsafe extern "C" fn write(context: *mut c_void, _: *mut c_void, _: u8, data: *const u8, size: usize) {
    let said = unsafe { &*(context as *const Said) };
    said.lock().unwrap().push(unsafe { std::slice::from_raw_parts(data, size) }.to_vec());
}

#[test]
fn what_a_guest_says_is_dropped_while_a_tape_is_played() {
    let said = Said::default();
    let output = hfb_output { context: (&raw const said) as *mut c_void, write: Some(write), drop: None };
    let (bare, _) = blueprint_of(1 << 20, None, Some(&output));
    let (_, tape) = recorded(&bare, SAY, &text("once"));
    assert_eq!(tape, [0u8; 0], "it learned nothing");
    let guest = bare.ready();
    guest.play(&tape).unwrap();
    guest.call(SAY, &text("once")).unwrap();
    guest.end_play().unwrap();
    guest.call(SAY, &text("again")).unwrap();
    assert_eq!(said.lock().unwrap()[..], [b"once".to_vec(), b"again".to_vec()]);
}

#[test]
fn a_nan_has_one_form_in_deterministic_code() {
    let bits = recorded(&blueprint(), NAN, &[]).0;
    assert_eq!(u32::from_le_bytes(bits.try_into().unwrap()) & 0x7fff_ffff, 0x7fc0_0000);
    if cfg!(target_arch = "x86_64") {
        let bits = plain_guest().call(NAN, &[]).unwrap();
        assert_eq!(
            u32::from_le_bytes(bits.try_into().unwrap()),
            0x7fe1_2345,
            "other code keeps what the machine makes"
        );
    }
}

fn plain() -> Component {
    ENGINE.compile(TEXT.as_bytes()).unwrap()
}

fn plain_guest() -> Instance {
    let linker = plain().linker(None, None);
    linker.define("test:host/store", "fetch", Box::new(|call| call.reply(&text("ok"))));
    linker.finish().unwrap().ready()
}

fn refused<T>(made: Result<T, support::Told>, why: &str) {
    let told = made.err().expect("it is refused");
    assert_eq!(told.kind, hfb_kind::Unsupported, "{told:?}");
    assert!(told.message.contains(why), "{told:?}");
}

#[test]
fn a_tape_is_refused_where_it_would_not_hold_everything() {
    refused(plain().taped_linker(1000, None, None), "compiled for determinism");
    let directories = [&1u32.to_le_bytes()[..], &text("/tmp"), &text("/"), &[1]].concat();
    let nothing = hfb_slice { data: std::ptr::null(), size: 0 };
    let mut grants = hfb_grants {
        environment: nothing,
        arguments: nothing,
        directories: slice(&directories),
        network: false,
        http_hosts: nothing,
    };
    refused(GUEST.taped_linker(1000, Some(&grants), None), "directories and the network");
    grants.directories = nothing;
    grants.network = true;
    refused(GUEST.taped_linker(1000, Some(&grants), None), "directories and the network");
    let third = r#"(component (import "wasi:random/random@0.3.0" (instance
      (export "get-random-u64" (func (result u64))))))"#;
    let third = ENGINE.compile_deterministic(third.as_bytes(), "").unwrap();
    refused(third.taped_linker(1000, None, None), "`wasi:random/random@0.3.0`");
    third.linker(None, None).finish().expect("without a tape it may");
}

#[test]
fn a_component_with_async_functions_is_refused_for_determinism() {
    let text = r#"(component
      (core module $m
        (import "" "return" (func $return))
        (func (export "run") (result i32) (call $return) (i32.const 0))
        (func (export "next") (param i32 i32 i32) (result i32) unreachable))
      (core func $return (canon task.return))
      (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
      (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "next")))))"#;
    ENGINE.compile(text.as_bytes()).expect("without it may be");
    refused(ENGINE.compile_deterministic(text.as_bytes(), ""), "async functions");
}

#[test]
fn threads_are_refused_for_determinism() {
    let text = "(component (core module (memory 1 1 shared)))";
    refused(ENGINE.compile_deterministic(text.as_bytes(), ""), "threads");
}

#[test]
fn the_cache_tells_deterministic_code_apart() {
    let folder = std::env::temp_dir().join(format!("holdfast-tape-{}", std::process::id()));
    let entries = || std::fs::read_dir(&folder).unwrap().count();
    let path = folder.to_str().unwrap();
    ENGINE.compile_cached(TEXT.as_bytes(), path).unwrap();
    assert_eq!(entries(), 2, "the key and the code");
    ENGINE.compile_deterministic(TEXT.as_bytes(), path).unwrap();
    assert_eq!(entries(), 3);
    let cached = ENGINE.compile_deterministic(TEXT.as_bytes(), path).unwrap();
    assert_eq!(entries(), 3);
    cached.taped_linker(1000, None, None).expect("it is the other code");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_instance_without_a_tape_plays_none() {
    let guest = plain_guest();
    assert_eq!(guest.play(&[]).unwrap_err().kind, hfb_kind::Internal);
    assert_eq!(guest.take_tape(), None);
    guest.end_play().unwrap();
    assert_eq!(guest.call(FETCH, &1u32.to_le_bytes()).unwrap(), text("ok"));
}
