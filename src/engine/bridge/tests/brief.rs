// SPDX-License-Identifier: Apache-2.0
//! Exports declared brief: one slice, no stack of their own, and otherwise as any other.
mod support;

use holdfast_bridge::abi::{hfb_kind, hfb_state};
use holdfast_bridge::blueprint::hfb_linker_brief;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use support::{Blueprint, ENGINE, Engine, HostCall, QUIET, told};

const SHOP: &str = r#"(component
  (import "look" (func $look (param "at" u32) (result u32)))
  (core module $m
    (import "" "look" (func $look (param i32) (result i32)))
    (memory (export "mem") 1)
    (global $returned (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16))
    (func (export "returned") (param i32)
      (global.set $returned (i32.add (global.get $returned) (i32.const 1)))
      (if (i32.eq (i32.load (i32.const 20)) (i32.const 3)) (then (loop $l (br $l)))))
    (func (export "count") (result i32) (global.get $returned))
    (func (export "trap") unreachable)
    (func (export "spin") (loop (br 0)))
    (func $deep (export "deep") (param i32) (result i32)
      (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))
    (func (export "ask") (param i32) (result i32) (call $look (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))
  (core func $l (canon lower (func $look)))
  (core instance $i (instantiate $m (with "" (instance (export "look" (func $l))))))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "echo") (param "data" (list u8)) (result (list u8)) (canon lift (core func $i "echo")
    (memory (core memory $i "mem")) (realloc (core func $i "realloc")) (post-return (core func $i "returned"))))
  (func (export "count") (result u32) (canon lift (core func $i "count")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "deep") (param "at" u32) (result u32) (canon lift (core func $i "deep")))
  (func (export "ask") (param "at" u32) (result u32) (canon lift (core func $i "ask")))
  (func (export "grow") (result s32) (canon lift (core func $i "grow"))))"#;

const ADD: u32 = 0;
const ECHO: u32 = 1;
const COUNT: u32 = 2;
const TRAP: u32 = 3;
const SPIN: u32 = 4;
const DEEP: u32 = 5;
const ASK: u32 = 6;
const GROW: u32 = 7;

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn list(bytes: &[u8]) -> Vec<u8> {
    [words(&[bytes.len() as u32]), bytes.to_vec()].concat()
}

/// The shop with those exports brief; it looks at `look`, at once.
fn shop_with(engine: &Engine, brief: &[u32], look: impl Fn(HostCall) + Send + Sync + 'static) -> Blueprint {
    let component = engine.compile(SHOP.as_bytes()).expect("it compiles");
    let linker = component.linker(None, None);
    linker.define_at_once("", "look", Box::new(look));
    brief.iter().for_each(|&function| linker.brief(function));
    linker.finish().expect("it links")
}

fn shop(engine: &Engine, brief: &[u32]) -> Blueprint {
    shop_with(engine, brief, |call| {
        let seen = call.args();
        call.reply(&seen);
    })
}

const ALL: [u32; 8] = [ADD, ECHO, COUNT, TRAP, SPIN, DEEP, ASK, GROW];

#[test]
fn a_brief_export_answers_and_its_post_return_has_run() {
    let shop = shop(&ENGINE, &ALL).ready();
    assert_eq!(shop.call(ADD, &words(&[2, 3])).unwrap(), words(&[5]));
    assert_eq!(shop.call(ECHO, &list(b"some bytes")).unwrap(), list(b"some bytes"));
    assert_eq!(shop.call(COUNT, &[]).unwrap(), words(&[1]));
    assert_eq!(shop.call(GROW, &[]).unwrap(), words(&[1]));
    assert_eq!(shop.memory(), 2 * 65_536);
}

#[test]
fn a_brief_call_is_done_with_one_poll() {
    let shop = shop(&ENGINE, &[ADD, SPIN]).ready();
    shop.start(ADD, &words(&[2, 3])).unwrap();
    assert_eq!(shop.poll(), hfb_state::Ready);
    shop.start(SPIN, &[]).unwrap();
    assert_eq!(shop.poll(), hfb_state::Failed);
}

#[test]
fn a_loop_in_a_brief_export_ends_with_its_slice_and_says_where() {
    let blueprint = shop(&ENGINE, &[SPIN]);
    let shop = blueprint.ready();
    let error = shop.call(SPIN, &[]).unwrap_err();
    assert_eq!(error.kind, hfb_kind::SliceOver);
    assert!(error.message.contains("declared brief"), "{error:?}");
    assert!(error.detail.contains('!'), "{error:?}");
    assert_eq!(blueprint.ready().call(ADD, &words(&[1, 1])).unwrap(), words(&[2]));
}

#[test]
fn the_slice_bounds_post_return_too() {
    let shop = shop(&ENGINE, &[ECHO]).ready();
    assert_eq!(shop.call(ECHO, &list(b"abc")).unwrap_err().kind, hfb_kind::SliceOver);
}

#[test]
fn each_brief_call_has_a_slice_of_its_own() {
    let shop = shop(&QUIET, &[ASK]).ready();
    let _ticks = Ticking::of(&QUIET);
    for i in 0..20_000 {
        assert_eq!(shop.call(ASK, &words(&[i])).unwrap(), words(&[i]));
    }
}

/// Ticks as fast as it can.
struct Ticking {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ticking {
    fn of(engine: &'static Engine) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                engine.tick();
                std::thread::yield_now();
            }
        });
        Self { over, thread: Some(thread) }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn other_exports_of_the_same_instance_yield_as_ever() {
    let shop = shop(&ENGINE, &[ADD, ASK]).ready();
    assert_eq!(shop.call(ADD, &words(&[2, 3])).unwrap(), words(&[5]));
    assert_eq!(shop.call(ECHO, &list(b"on a fiber")).unwrap(), list(b"on a fiber"));
    assert_eq!(shop.call(ASK, &words(&[7])).unwrap(), words(&[7]));
    shop.start(SPIN, &[]).unwrap();
    for _ in 0..5 {
        assert_eq!(shop.poll(), hfb_state::Pending);
        shop.woken();
    }
    shop.interrupt();
    assert_eq!(shop.settle().unwrap_err().kind, hfb_kind::Interrupted);
}

#[test]
fn a_trap_of_a_brief_export_is_told_as_any() {
    let shop = shop(&ENGINE, &ALL).ready();
    let error = shop.call(TRAP, &[]).unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("unreachable") && error.detail.contains('!'), "{error:?}");
    assert!(shop.start(ADD, &words(&[1, 1])).unwrap_err().message.contains("never entered again"));
}

#[test]
fn an_interrupt_ends_a_brief_call_and_is_told_as_one() {
    let shop = shop(&QUIET, &[SPIN]).ready();
    shop.start(SPIN, &[]).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            assert_eq!(shop.poll(), hfb_state::Failed);
            over.store(true, Ordering::SeqCst);
        });
        shop.interrupt();
        while !over.load(Ordering::SeqCst) {
            QUIET.tick();
            std::thread::yield_now();
        }
    });
    assert_eq!(shop.error().unwrap().kind, hfb_kind::Interrupted);
}

#[test]
fn a_host_function_that_fails_ends_a_brief_call() {
    let shop = shop_with(&ENGINE, &[ASK], |call| call.fail("out of stock")).ready();
    let error = shop.call(ASK, &words(&[1])).unwrap_err();
    assert_eq!(error.kind, hfb_kind::HostFailed);
    assert_eq!(error.message, "out of stock");
}

#[test]
fn a_host_function_that_promised_to_answer_at_once_and_does_not_fails_the_call() {
    let (sender, calls) = mpsc::channel();
    let shop = shop_with(&ENGINE, &[ASK], move |call| sender.send(call).unwrap()).ready();
    assert_eq!(shop.call(ASK, &words(&[1])).unwrap_err().kind, hfb_kind::HostFailed);
    calls.recv().unwrap().reply(&words(&[1]));
}

/// How far the stack of a host function is from that of the thread that polls.
fn distance(brief: &[u32]) -> usize {
    let there = Arc::new(AtomicUsize::new(0));
    let seen = there.clone();
    let shop = shop_with(&ENGINE, brief, move |call| {
        seen.store((&raw const call).addr(), Ordering::Relaxed);
        call.reply(&words(&[0]));
    });
    let shop = shop.ready();
    let here = 0u8;
    shop.call(ASK, &words(&[0])).unwrap();
    there.load(Ordering::Relaxed).abs_diff((&raw const here).addr())
}

fn on_a_thread_of<T: Send + 'static>(bytes: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(bytes).spawn(run).unwrap().join().unwrap()
}

#[test]
fn a_brief_call_runs_on_the_stack_of_its_thread_where_that_has_room() {
    assert!(on_a_thread_of(8 << 20, || distance(&[ASK])) < 1 << 16);
    assert!(on_a_thread_of(8 << 20, || distance(&[ADD])) >= 1 << 16, "as others do not");
}

#[test]
fn on_a_small_stack_a_brief_call_has_one_of_its_own() {
    assert!(on_a_thread_of(256 << 10, || distance(&[ASK])) >= 256 << 10);
    on_a_thread_of(256 << 10, || {
        let blueprint = shop(&ENGINE, &ALL);
        let shop = blueprint.ready();
        assert_eq!(shop.call(ADD, &words(&[2, 3])).unwrap(), words(&[5]));
        assert!(shop.call(DEEP, &words(&[0])).unwrap_err().message.contains("call stack exhausted"));
        let error = blueprint.ready().call(SPIN, &[]).unwrap_err();
        assert_eq!(error.kind, hfb_kind::SliceOver, "what else it promises is the same");
    });
}

#[test]
fn a_guest_that_recurses_for_ever_leaves_the_stack_of_its_thread_whole() {
    for bytes in [8 << 20, 2 << 20, 1 << 20] {
        on_a_thread_of(bytes, || {
            let shop = shop(&ENGINE, &ALL).ready();
            let error = shop.call(DEEP, &words(&[0])).unwrap_err();
            assert_eq!(error.kind, hfb_kind::Trap);
            assert!(error.message.contains("call stack exhausted"), "{error:?}");
        });
    }
}

#[test]
fn an_export_of_a_component_that_imports_what_may_wait_cannot_be_brief() {
    let component = ENGINE.compile(SHOP.as_bytes()).unwrap();
    let linker = component.linker(None, None);
    linker.define("", "look", Box::new(|call| call.reply(&words(&[0]))));
    linker.brief(ADD);
    let error = linker.finish().err().expect("it is refused");
    assert_eq!(error.kind, hfb_kind::MayWait);
    assert_eq!(error.message, "`add` cannot be brief: the component imports calls of the host that may wait: `look`");
}

#[test]
fn the_last_definition_of_a_function_says_whether_it_may_wait() {
    let component = ENGINE.compile(SHOP.as_bytes()).unwrap();
    let linker = component.linker(None, None);
    linker.define("", "look", Box::new(|_| panic!("it was taken back")));
    linker.define_at_once("", "look", Box::new(|call| call.reply(&words(&[4]))));
    linker.brief(ASK);
    assert_eq!(linker.finish().unwrap().ready().call(ASK, &words(&[0])).unwrap(), words(&[4]));
}

#[test]
fn an_export_that_there_is_not_cannot_be_brief() {
    let component = ENGINE.compile(SHOP.as_bytes()).unwrap();
    let linker = component.linker(None, None);
    assert_eq!(told(unsafe { hfb_linker_brief(linker.0, 99) }).unwrap_err().kind, hfb_kind::Internal);
}

const RANDOM: &str = r#"(component
  (import "wasi:random/random@0.2.0" (instance $r (export "get-random-u64" (func (result u64)))))
  (core func $get (canon lower (func $r "get-random-u64")))
  (core module $m
    (import "" "get" (func $get (result i64)))
    (func (export "draw") (result i64) (call $get)))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get))))))
  (func (export "draw") (result u64) (canon lift (core func $i "draw"))))"#;

const POLLING: &str = r#"(component
  (import "wasi:io/poll@0.2.0" (instance $p
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (core func $block (canon lower (func $p "[method]pollable.block")))
  (core module $m (import "" "block" (func (param i32))) (func (export "f")))
  (core instance $i (instantiate $m (with "" (instance (export "block" (func $block))))))
  (func (export "f") (canon lift (core func $i "f"))))"#;

#[test]
fn what_of_wasi_does_not_wait_is_no_hindrance() {
    let component = ENGINE.compile(RANDOM.as_bytes()).unwrap();
    let linker = component.linker(None, None);
    linker.brief(0);
    let guest = linker.finish().expect("it links").ready();
    assert_ne!(guest.call(0, &[]).unwrap(), guest.call(0, &[]).unwrap());
}

#[test]
fn what_of_wasi_may_wait_is_named() {
    let component = ENGINE.compile(POLLING.as_bytes()).unwrap();
    let linker = component.linker(None, None);
    linker.brief(0);
    let error = linker.finish().err().expect("it is refused");
    assert_eq!(error.kind, hfb_kind::MayWait);
    assert!(error.message.ends_with("interfaces of WASI that may wait: `wasi:io/poll@0.2.0`"), "{error:?}");
}
