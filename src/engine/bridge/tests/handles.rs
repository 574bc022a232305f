// SPDX-License-Identifier: Apache-2.0
//! Handles among the arguments of a call: a caller that mixes them up is refused, and hurts nobody.
mod support;

use holdfast_bridge::abi::hfb_kind;
use holdfast_bridge::object::{hfb_linker_define_resource, hfb_object_number};
use std::ffi::c_void;
use support::{ENGINE, Instance, Told, slice, told};

/// Two resources of the guest's, and one of the embedder's. A handle comes as itself, and goes wherever it may stand.
const TEXT: &str = r#"(component
  (import "coin" (type $coin (sub resource)))
  (import "mint" (func $mint (result (own $coin))))
  (core module $d (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $d (instantiate $d))
  (type $book' (resource (rep i32)))
  (type $page' (resource (rep i32)))
  (export $book "book" (type $book'))
  (export $page "page" (type $page'))
  (core func $book (canon resource.new $book'))
  (core func $page (canon resource.new $page'))
  (core func $mint (canon lower (func $mint)))
  (core func $drop (canon resource.drop $coin))
  (core module $m
    (import "" "book" (func $book (param i32) (result i32)))
    (import "" "page" (func $page (param i32) (result i32)))
    (import "" "mint" (func $mint (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "book") (result i32) (call $book (i32.const 1)))
    (func (export "page") (result i32) (call $page (i32.const 2)))
    (func (export "mint") (result i32) (call $mint))
    (func (export "look") (param i32) (call $drop (local.get 0)))
    (func (export "one") (param i32))
    (func (export "two") (param i32 i32))
    (func (export "three") (param i32 i32 i32)))
  (core instance $i (instantiate $m (with "" (instance
    (export "book" (func $book)) (export "page" (func $page)) (export "mint" (func $mint))
    (export "drop" (func $drop))))))
  (func (export "new-book") (result (own $book)) (canon lift (core func $i "book")))
  (func (export "new-page") (result (own $page)) (canon lift (core func $i "page")))
  (func (export "new-coin") (result (own $coin)) (canon lift (core func $i "mint")))
  (func (export "read") (param "b" (borrow $book)) (canon lift (core func $i "one")))
  (func (export "burn") (param "b" (own $book)) (canon lift (core func $i "one")))
  (func (export "spend") (param "c" (own $coin)) (canon lift (core func $i "one")))
  (func (export "read-both") (param "a" (borrow $book)) (param "b" (borrow $book)) (canon lift (core func $i "two")))
  (func (export "burn-both") (param "a" (own $book)) (param "b" (own $book)) (canon lift (core func $i "two")))
  (func (export "read-and-burn") (param "a" (borrow $book)) (param "b" (own $book)) (canon lift (core func $i "two")))
  (func (export "burn-and-read") (param "a" (own $book)) (param "b" (borrow $book)) (canon lift (core func $i "two")))
  (func (export "burn-all") (param "all" (list (own $book)))
    (canon lift (core func $i "two") (memory (core memory $d "mem")) (realloc (core func $d "realloc"))))
  (func (export "tear") (param "p" (tuple (option (borrow $page)) u8)) (canon lift (core func $i "three")))
  (func (export "swap") (param "p" (result (own $page) (error (own $book)))) (canon lift (core func $i "two")))
  (func (export "look") (param "c" (borrow $coin)) (canon lift (core func $i "look"))))"#;

const BOOK: u32 = 0;
const PAGE: u32 = 1;
const COIN: u32 = 2;
const READ: u32 = 3;
const BURN: u32 = 4;
const SPEND: u32 = 5;
const READ_BOTH: u32 = 6;
const BURN_BOTH: u32 = 7;
const READ_AND_BURN: u32 = 8;
const BURN_AND_READ: u32 = 9;
const BURN_ALL: u32 = 10;
const TEAR: u32 = 11;
const SWAP: u32 = 12;
const LOOK: u32 = 13;

const KIND: u32 = 5;

unsafe extern "C" fn ended(_: *mut c_void, _: u32) {}

fn library() -> Instance {
    let linker = ENGINE.compile(TEXT.as_bytes()).unwrap().linker(None, None);
    told(unsafe { hfb_linker_define_resource(linker.0, slice(b""), slice(b"coin"), KIND, ended) }).unwrap();
    let mint = |call: support::HostCall| {
        let number = hfb_object_number(KIND, 77);
        call.offer(number);
        call.reply(&number.to_le_bytes());
    };
    linker.define("", "mint", Box::new(mint));
    linker.finish().unwrap().ready()
}

fn make(guest: &Instance, what: u32) -> (u64, Vec<u8>) {
    let packed = guest.call(what, &[]).unwrap();
    (u64::from_le_bytes(packed[..].try_into().unwrap()), packed)
}

fn refused(guest: &Instance, function: u32, args: &[&[u8]]) -> String {
    match guest.call(function, &args.concat()) {
        Err(Told { kind: hfb_kind::BadValue, message, .. }) => message,
        other => panic!("expected a refused value, got {other:?}"),
    }
}

#[test]
fn a_handle_of_another_resource_is_refused_wherever_it_stands_and_the_instance_is_unhurt() {
    let guest = library();
    let (number, book) = make(&guest, BOOK);
    let (_, page) = make(&guest, PAGE);
    let (_, coin) = make(&guest, COIN);
    let one = 1u32.to_le_bytes();
    for (function, args) in [
        (READ, vec![&page[..]]),
        (READ, vec![&coin]),
        (BURN, vec![&page]),
        (BURN_BOTH, vec![&book, &page]),
        (BURN_ALL, vec![&one, &page]),
        (TEAR, vec![&one, &book, &[7]]),
        (SWAP, vec![&one, &page]),
        (SPEND, vec![&book]),
        (LOOK, vec![&page]),
    ] {
        let message = refused(&guest, function, &args);
        assert!(message.contains("of another resource"), "{function}: {message}");
    }
    let message = refused(&guest, SPEND, &[&book]);
    assert!(message.contains(&format!("argument 1 of `spend`: handle {number} is of another")), "{message}");
    guest.call(READ, &book).unwrap();
    guest.call(TEAR, &[&one, &page[..], &[7]].concat()).unwrap();
    guest.call(LOOK, &coin).unwrap();
    guest.call(SPEND, &coin).unwrap();
    guest.call(SWAP, &[&one, &book[..]].concat()).unwrap();
}

#[test]
fn a_handle_that_a_call_gives_away_is_in_it_once() {
    let guest = library();
    let (number, book) = make(&guest, BOOK);
    let (_, other) = make(&guest, BOOK);
    let three = 3u32.to_le_bytes();
    for (function, args, argument, says) in [
        (BURN_BOTH, vec![&book[..], &book], 2, "is given away by argument 1 already"),
        (BURN_AND_READ, vec![&book, &book], 2, "is given away by argument 1 already"),
        (READ_AND_BURN, vec![&book, &book], 2, "is lent by argument 1 and cannot be given away"),
        (BURN_ALL, vec![&three, &book, &other, &book], 1, "is given away by argument 1 already"),
    ] {
        let message = refused(&guest, function, &args);
        assert!(message.starts_with(&format!("argument {argument} of ")), "{function}: {message}");
        assert!(message.contains(&format!("handle {number} {says}")), "{function}: {message}");
    }
    guest.call(READ_BOTH, &[&book[..], &book].concat()).expect("it may be lent twice");
    guest.call(READ_AND_BURN, &[&other[..], &book].concat()).expect("they are two");
}
