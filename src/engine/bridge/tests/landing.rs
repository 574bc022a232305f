// SPDX-License-Identifier: Apache-2.0
//! Results that land: what lies in the guest reaches its taker as it would have been packed, or is refused the same way.
mod support;

use holdfast_bridge::abi::*;
use holdfast_bridge::instance::*;
use std::ffi::c_void;
use support::{ENGINE, Instance, QUIET};

const ECHO: u32 = 0;
const FORGED: u32 = 1;

/// A guest that returns what it is given, and one value that lies where its caller says; `post` is its post-return.
fn text(ty: &str, encoding: &str, align: u32, post: &str) -> String {
    format!(
        r#"(component
  (core module $code
    (memory (export "memory") 2)
    (data (i32.const 64) "\ff\fe")
    (data (i32.const 68) "\00\d8\00\00")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "echo") (param $data i32) (param $size i32) (result i32)
      (i32.store (i32.const 16) (local.get $data))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16))
    (func (export "post") (param i32) (local $left i32) {post}))
  (core instance $guest (instantiate $code))
  (func (export "echo") (param "value" {ty}) (result {ty})
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (realloc (core func $guest "realloc")) (post-return (core func $guest "post")) string-encoding={encoding}))
  ;; Of alignment {align}.
  (func (export "forged") (param "data" u32) (param "size" u32) (result {ty})
    (canon lift (core func $guest "echo") (memory (core memory $guest "memory"))
      (post-return (core func $guest "post")) string-encoding={encoding})))"#
    )
}

#[derive(Default)]
struct Taker {
    refuses: bool,
    runs: Vec<Vec<u8>>,
}

unsafe extern "C" fn take(context: *mut c_void, run: hfb_slice) -> bool {
    let taker = unsafe { &mut *(context as *mut Taker) };
    let run = match run.size {
        0 => &[],
        size => unsafe { std::slice::from_raw_parts(run.data, size) },
    };
    taker.runs.push(run.to_vec());
    !taker.refuses
}

impl Taker {
    fn poll(&mut self, instance: &Instance) -> hfb_state {
        let landing = hfb_landing { context: self as *mut Self as *mut c_void, take: Some(take) };
        unsafe { hfb_instance_poll_landing(instance.raw, landing) }
    }
}

fn quiet(text: &str) -> Instance {
    QUIET.compile(text.as_bytes()).expect("it compiles").blueprint().expect("it links").ready()
}

fn packed(count: usize, bytes: &[u8]) -> Vec<u8> {
    [&(count as u32).to_le_bytes()[..], bytes].concat()
}

fn pointer(data: u32, size: u32) -> Vec<u8> {
    [data.to_le_bytes(), size.to_le_bytes()].concat()
}

const SCALARS: [(&str, usize); 10] = [
    ("u8", 1),
    ("s8", 1),
    ("u16", 2),
    ("s16", 2),
    ("u32", 4),
    ("s32", 4),
    ("f32", 4),
    ("u64", 8),
    ("s64", 8),
    ("f64", 8),
];

#[test]
fn a_list_of_numbers_lands_as_it_lies() {
    for (ty, size) in SCALARS {
        for count in [0, 1, 3, 1000] {
            let guest = quiet(&text(&format!("(list {ty})"), "utf8", size as u32, ""));
            let bytes: Vec<u8> = (0..count * size).map(|i| (i * 37 + i / 256) as u8).collect();
            let mut taker = Taker::default();
            guest.start(ECHO, &packed(count, &bytes)).expect("it starts");
            assert_eq!(taker.poll(&guest), hfb_state::Ready, "of {ty}");
            assert_eq!(taker.runs, [bytes], "of {ty}");
            assert_eq!(guest.result(), [], "what has landed is not there again");
        }
    }
}

#[test]
fn a_text_lands_as_utf8_from_every_encoding() {
    for encoding in ["utf8", "utf16", "latin1+utf16"] {
        for letters in ["", "plain", "gr\u{fc}n", "\u{4e2d}\u{1f980}"] {
            let guest = quiet(&text("string", encoding, 1, ""));
            let mut taker = Taker::default();
            guest.start(ECHO, &packed(letters.len(), letters.as_bytes())).expect("it starts");
            assert_eq!(taker.poll(&guest), hfb_state::Ready);
            assert_eq!(taker.runs, [letters.as_bytes()], "in {encoding}");
        }
    }
}

#[test]
fn a_list_of_chars_lands() {
    let guest = quiet(&text("(list char)", "utf8", 4, ""));
    let letters: Vec<u8> = ['a', '\u{1f980}'].iter().flat_map(|c| u32::from(*c).to_le_bytes()).collect();
    let mut taker = Taker::default();
    guest.start(ECHO, &packed(2, &letters)).expect("it starts");
    assert_eq!(taker.poll(&guest), hfb_state::Ready);
    assert_eq!(taker.runs, [letters]);
}

#[test]
fn what_nobody_takes_is_packed() {
    let guest = quiet(&text("(list u16)", "utf8", 2, ""));
    let sent = packed(2, &[1, 2, 3, 4]);
    let mut taker = Taker { refuses: true, ..Taker::default() };
    guest.start(ECHO, &sent).expect("it starts");
    assert_eq!(taker.poll(&guest), hfb_state::Ready);
    assert_eq!(taker.runs.len(), 1);
    assert_eq!(guest.result(), sent);
    assert_eq!(guest.call(ECHO, &sent).expect("without a place"), sent);
    assert_eq!(taker.runs.len(), 1, "a place is lent for one poll");
}

#[test]
fn other_values_do_not_land() {
    // A guest's `true` may be any byte, and strings in a list lie apart.
    for (ty, sent) in [("(list bool)", packed(2, &[1, 0])), ("(list string)", packed(1, &packed(1, b"x")))] {
        let guest = quiet(&text(ty, "utf8", 1, ""));
        let mut taker = Taker::default();
        guest.start(ECHO, &sent).expect("it starts");
        // The strings of a list lie at the address of the list: the guest has but one block.
        taker.poll(&guest);
        assert_eq!(taker.runs, Vec::<Vec<u8>>::new(), "of {ty}");
    }
}

#[test]
fn what_a_guest_may_not_return_never_lands() {
    let cases = [
        ("(list u32)", "utf8", pointer(2, 1), "not aligned"),
        ("(list u8)", "utf8", pointer(131_070, 3), "out of bounds"),
        ("(list u64)", "utf8", pointer(0, 0x2000_0000), "out of bounds"),
        ("(list char)", "utf8", pointer(68, 1), "char"),
        ("string", "utf8", pointer(64, 2), "utf-8"),
        ("string", "utf8", pointer(131_070, 3), "out of bounds"),
        ("string", "utf16", pointer(68, 1), "surrogate"),
        ("string", "utf16", pointer(131_070, 3), "out of bounds"),
    ];
    for (ty, encoding, forged, why) in cases {
        let mut taker = Taker::default();
        let guest = quiet(&text(ty, encoding, 4, ""));
        guest.start(FORGED, &forged).expect("it starts");
        assert_eq!(taker.poll(&guest), hfb_state::Failed, "{ty} {why}");
        assert_eq!(taker.runs, Vec::<Vec<u8>>::new(), "{ty} {why}");
        let error = guest.error().expect("it says why");
        let said = format!("{} {}", error.message, error.detail).to_lowercase();
        assert!(said.contains(why), "{ty}: {said}");
        let plain =
            quiet(&text(ty, encoding, 4, "")).call(FORGED, &forged).expect_err("it is refused without a place too");
        assert_eq!(plain.message, error.message);
    }
}

#[test]
fn a_post_return_that_traps_comes_after_the_landing() {
    let guest = quiet(&text("(list u8)", "utf8", 1, "unreachable"));
    let mut taker = Taker::default();
    guest.start(ECHO, &packed(1, &[7])).expect("it starts");
    assert_eq!(taker.poll(&guest), hfb_state::Failed, "so whoever took the value must be able to give it up");
    assert_eq!(taker.runs, [[7]]);
}

#[test]
fn a_post_return_that_outlives_its_slice_comes_after_the_landing() {
    let long = "(local.set $left (i32.const 300000000))
      (loop $again (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $again (local.get $left)))";
    let guest = support::guest(&text("(list u8)", "utf8", 1, long));
    let mut taker = Taker::default();
    guest.start(ECHO, &packed(1, &[7])).expect("it starts");
    // As a rule once; a tick may come before it.
    while taker.runs.is_empty() {
        assert_eq!(taker.poll(&guest), hfb_state::Pending);
    }
    guest.settle().expect("it ends");
    assert_eq!(taker.runs, [[7]]);
    assert_eq!(guest.result(), [], "the taker has it");
}

#[test]
fn a_landing_is_charged_once_like_a_packed_result() {
    let limits = hfb_limits { hostcall_bytes: 4096, ..support::no_limits() };
    for refuses in [false, true] {
        for (size, fits) in [(2000, true), (4097, false)] {
            let component = ENGINE.compile(text("(list u8)", "utf8", 1, "").as_bytes()).expect("it compiles");
            let guest = component.linker(Some(&limits), None).finish().expect("it links").ready();
            let mut taker = Taker { refuses, ..Taker::default() };
            guest.start(FORGED, &pointer(0, size)).expect("it starts");
            let ended = loop {
                match taker.poll(&guest) {
                    hfb_state::Pending => guest.woken(),
                    ended => break ended,
                }
            };
            assert_eq!(ended == hfb_state::Ready, fits, "{size} bytes");
            assert_eq!(taker.runs.len(), usize::from(fits));
        }
    }
}
