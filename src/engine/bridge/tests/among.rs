// SPDX-License-Identifier: Apache-2.0
//! Components with async functions, one call at a time: each form of lifting, what a task does after its result, and
//! what becomes of one that is cut while it waits.
mod support;

use holdfast_bridge::abi::{hfb_kind, hfb_state};
use std::sync::{Mutex, mpsc};
use support::{Blueprint, Component, ENGINE, HostCall, QUIET};

/// What every guest here is made of: a memory, the ways to wait, and an import that the test answers when it likes.
const FRAME: &str = r#"
  (import "pause" (func $pause async (param "ticket" u32) (result u32)))
  (core module $libc
    (memory (export "mem") 1)
    (data (i32.const 0) "hello, world")
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.add (global.get $next) (i32.const 8)))
      (local.set 0 (global.get $next))
      (global.set $next (i32.add (global.get $next) (local.get 3)))
      (i32.and (local.get 0) (i32.const -8))))
  (core instance $libc (instantiate $libc))
  (core func $pause (canon lower (func $pause) async (memory (core memory $libc "mem"))))
  (core func $pause-here (canon lower (func $pause) (memory (core memory $libc "mem"))))
  (core func $told (canon task.return (result u32)))
  (core func $told-text (canon task.return (result string) (memory (core memory $libc "mem"))))
  (core func $told-either (canon task.return (result (result float32 (error s64)))))
  (core func $new-set (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core func $drop (canon subtask.drop))
  (core func $keep (canon context.set i32 0))
  (core func $kept (canon context.get i32 0))
  (core func $hold (canon backpressure.inc))
  (alias core export $libc "mem" (core memory $mem))
  (core instance $env
    (export "mem" (memory $mem))
    (export "pause" (func $pause)) (export "pause-here" (func $pause-here))
    (export "told" (func $told)) (export "told-text" (func $told-text)) (export "told-either" (func $told-either))
    (export "new-set" (func $new-set)) (export "join" (func $join)) (export "drop" (func $drop))
    (export "keep" (func $keep)) (export "kept" (func $kept)) (export "hold" (func $hold)))
  (core module $m
    (import "" "mem" (memory 1))
    (import "" "pause" (func $pause (param i32 i32) (result i32)))
    (import "" "pause-here" (func $pause-here (param i32) (result i32)))
    (import "" "told" (func $told (param i32)))
    (import "" "told-text" (func $told-text (param i32 i32)))
    (import "" "told-either" (func $told-either (param i32 i64)))
    (import "" "new-set" (func $new-set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "keep" (func $keep (param i32)))
    (import "" "kept" (func $kept (result i32)))
    (import "" "hold" (func $hold))
    (global $sp (mut i32) (i32.const 65536))
    ;; Waits for the import, whose result goes to an address that the task keeps.
    (func $wait (param $ticket i32) (result i32)
      (local $subtask i32) (local $set i32)
      (call $keep (i32.add (i32.const 256) (i32.mul (local.get $ticket) (i32.const 8))))
      (local.set $subtask (i32.shr_u (call $pause (local.get $ticket) (call $kept)) (i32.const 4)))
      (if (i32.eqz (local.get $subtask)) (then (unreachable)))
      (local.set $set (call $new-set))
      (call $join (local.get $subtask) (local.get $set))
      (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "add") (param i32 i32) (result i32)
      (call $told (i32.add (local.get 0) (local.get 1))) (i32.const 0))
    (func (export "text") (param i32) (result i32)
      (call $told-text (i32.const 0) (local.get 0)) (i32.const 0))
    (func (export "either") (param i32) (result i32)
      (call $told-either (i32.eqz (local.get 0))
        (select (i64.const 0x3fc00000) (i64.const -5) (local.get 0)))
      (i32.const 0))
    (func (export "paused") (param i32) (result i32) (call $wait (local.get 0)))
    (func (export "paused-then") (param i32 i32 i32) (result i32)
      (call $drop (local.get 1))
      (call $told (i32.load (call $kept))) (i32.const 0))
    (func (export "tail") (param i32) (result i32)
      (call $told (local.get 0)) (call $wait (local.get 0)))
    (func (export "tail-then") (param i32 i32 i32) (result i32)
      (call $drop (local.get 1)) (i32.const 0))
    (func (export "fails-late") (param i32) (result i32) (call $wait (local.get 0)))
    (func (export "fails-late-then") (param i32 i32 i32) (result i32) unreachable)
    (func (export "stuck") (param i32) (result i32)
      (i32.or (i32.const 2) (i32.shl (call $new-set) (i32.const 4))))
    (func (export "never-then") (param i32 i32 i32) (result i32) unreachable)
    (func (export "stackful") (param i32)
      (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
      (call $told (call $pause-here (local.get 0)))
      (global.set $sp (i32.add (global.get $sp) (i32.const 16))))
    (func (export "sync") (param i32) (result i32) (call $pause-here (local.get 0)))
    (func (export "sync-text") (param i32) (result i32)
      (i32.store (i32.const 128) (i32.const 0)) (i32.store (i32.const 132) (local.get 0)) (i32.const 128))
    (func (export "spin") (param i32) (result i32) (loop (br 0)) unreachable)
    (func (export "refuse") (param i32) (result i32) (call $hold) (call $told (local.get 0)) (i32.const 0))
    (func (export "stack") (result i32) (global.get $sp)))
  (core instance $i (instantiate $m (with "" (instance $env))))
  (func (export "add") async (param "a" u32) (param "b" u32) (result u32)
    (canon lift (core func $i "add") async (callback (core func $i "never-then"))))
  (func (export "text") async (param "size" u32) (result string)
    (canon lift (core func $i "text") async (callback (core func $i "never-then")) (memory (core memory $libc "mem"))))
  (func (export "either") async (param "ok" bool) (result (result float32 (error s64)))
    (canon lift (core func $i "either") async (callback (core func $i "never-then"))))
  (func (export "paused") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "paused") async (callback (core func $i "paused-then"))))
  (func (export "tail") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "tail") async (callback (core func $i "tail-then"))))
  (func (export "fails-late") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "fails-late") async (callback (core func $i "fails-late-then"))))
  (func (export "stuck") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "stuck") async (callback (core func $i "never-then"))))
  (func (export "stackful") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "stackful") async))
  (func (export "spin") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "spin") async (callback (core func $i "never-then"))))
  (func (export "refuse") async (param "ticket" u32) (result u32)
    (canon lift (core func $i "refuse") async (callback (core func $i "never-then"))))
  (func (export "stack") (result u32) (canon lift (core func $i "stack")))
"#;

const ADD: u32 = 0;
const TEXT: u32 = 1;
const EITHER: u32 = 2;
const PAUSED: u32 = 3;
const TAIL: u32 = 4;
const FAILS_LATE: u32 = 5;
const STUCK: u32 = 6;
const STACKFUL: u32 = 7;
const SPIN: u32 = 8;
const REFUSE: u32 = 9;
const STACK: u32 = 10;
/// Where there are more.
const SYNC: u32 = 11;
const SYNC_TEXT: u32 = 12;

/// Async functions that are lifted synchronously.
const SYNC_ONES: &str = r#"
  (func (export "sync") async (param "ticket" u32) (result u32) (canon lift (core func $i "sync")))
  (func (export "sync-text") async (param "size" u32) (result string)
    (canon lift (core func $i "sync-text") (memory (core memory $libc "mem"))))
"#;

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn packed_text(text: &str) -> Vec<u8> {
    let mut packed = words(&[text.len() as u32]);
    packed.extend(text.as_bytes());
    packed
}

fn compiled(engine: &support::Engine, more: &str) -> Component {
    engine.compile(format!("(component {FRAME} {more})").as_bytes()).expect("it compiles")
}

/// Each pause is handed to the test.
fn linked(component: &Component) -> (Blueprint, mpsc::Receiver<HostCall>) {
    let (sender, pauses) = mpsc::channel();
    let sender = Mutex::new(sender);
    let linker = component.linker(None, None);
    linker.define("", "pause", Box::new(move |call| sender.lock().unwrap().send(call).expect("the test waits")));
    (linker.finish().expect("it links"), pauses)
}

fn guest() -> (Blueprint, mpsc::Receiver<HostCall>) {
    linked(&compiled(&QUIET, ""))
}

#[test]
fn an_async_export_answers_whatever_its_result_comes_in() {
    let (blueprint, _pauses) = guest();
    let guest = blueprint.ready();
    for _ in 0..3 {
        assert_eq!(guest.call(ADD, &words(&[2, 3])).unwrap(), words(&[5]));
        assert_eq!(guest.call(TEXT, &words(&[5])).unwrap(), packed_text("hello"));
        assert_eq!(guest.call(TEXT, &words(&[0])).unwrap(), packed_text(""));
        assert_eq!(guest.call(EITHER, &[1]).unwrap(), words(&[0, 1.5f32.to_bits()]));
        let mut error = words(&[1]);
        error.extend((-5i64).to_le_bytes());
        assert_eq!(guest.call(EITHER, &[0]).unwrap(), error);
        assert_eq!(guest.call(STACK, &[]).unwrap(), words(&[65_536]), "one that is lifted as its type is");
    }
}

#[test]
fn a_result_that_points_out_of_memory_is_a_trap() {
    let (blueprint, _pauses) = guest();
    let guest = blueprint.ready();
    let error = guest.call(TEXT, &words(&[1 << 20])).unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("out of bounds"), "{error:?}");
    assert_eq!(guest.poll(), hfb_state::Failed);
}

#[test]
fn an_async_export_waits_for_an_async_import() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    for (which, ticket) in [(PAUSED, 1), (STACKFUL, 2), (PAUSED, 3)] {
        guest.start(which, &words(&[ticket])).unwrap();
        assert_eq!(guest.poll(), hfb_state::Pending);
        assert_eq!(guest.poll(), hfb_state::Pending);
        let pause = pauses.try_recv().expect("it has called");
        assert_eq!(pause.args(), words(&[ticket]));
        pause.reply(&words(&[ticket + 100]));
        guest.settle().unwrap();
        assert_eq!(guest.result(), words(&[ticket + 100]));
    }
    assert_eq!(guest.call(STACK, &[]).unwrap(), words(&[65_536]));
}

#[test]
fn an_async_function_that_is_lifted_synchronously_answers_beside_those_that_are_not() {
    let (blueprint, pauses) = linked(&compiled(&QUIET, SYNC_ONES));
    let guest = blueprint.ready();
    for _ in 0..3 {
        assert_eq!(guest.call(SYNC_TEXT, &words(&[5])).unwrap(), packed_text("hello"));
        assert_eq!(guest.call(TEXT, &words(&[5])).unwrap(), packed_text("hello"));
        assert_eq!(guest.call(EITHER, &[1]).unwrap(), words(&[0, 1.5f32.to_bits()]));
        guest.start(SYNC, &words(&[7])).unwrap();
        assert_eq!(guest.poll(), hfb_state::Pending);
        pauses.try_recv().expect("it has called").reply(&words(&[70]));
        guest.settle().unwrap();
        assert_eq!(guest.result(), words(&[70]));
    }
}

#[test]
fn an_instance_is_not_idle_before_what_a_task_does_after_its_result_has_ended() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    guest.start(TAIL, &words(&[4])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    pauses.try_recv().expect("it has called").reply(&words(&[0]));
    guest.settle().unwrap();
    assert_eq!(guest.result(), words(&[4]));
    assert_eq!(guest.call(ADD, &words(&[1, 1])).unwrap(), words(&[2]));
}

#[test]
fn a_trap_after_a_wait_ends_the_instance_for_good() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    guest.start(FAILS_LATE, &words(&[4])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    pauses.try_recv().expect("it has called").reply(&words(&[0]));
    let error = guest.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("unreachable"), "{error:?}");
    assert!(guest.start(ADD, &words(&[1, 1])).unwrap_err().message.contains("never entered again"));
}

#[test]
fn a_host_function_that_fails_ends_the_instance() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    guest.start(PAUSED, &words(&[4])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    pauses.try_recv().expect("it has called").fail("not today");
    let error = guest.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::HostFailed);
    assert!(error.message.contains("not today"), "{error:?}");
}

#[test]
fn what_waits_for_ever_is_pending_and_goes_with_its_store() {
    for which in [STUCK, PAUSED, STACKFUL, TAIL] {
        let (blueprint, pauses) = guest();
        let guest = blueprint.ready();
        guest.start(which, &words(&[4])).unwrap();
        for _ in 0..3 {
            assert_eq!(guest.poll(), hfb_state::Pending);
        }
        let pause = pauses.try_recv().ok();
        let wakes = guest.wakes.clone();
        drop(guest);
        assert!(pause.is_none_or(|pause| {
            let abandoned = pause.abandoned();
            pause.reply(&words(&[1]));
            abandoned
        }));
        drop(blueprint);
        assert!(wakes.dropped.load(std::sync::atomic::Ordering::SeqCst));
    }
}

#[test]
fn a_guest_that_holds_calls_back_keeps_them_pending() {
    let (blueprint, _pauses) = guest();
    let guest = blueprint.ready();
    assert_eq!(guest.call(REFUSE, &words(&[4])).unwrap(), words(&[4]));
    guest.start(ADD, &words(&[1, 1])).unwrap();
    for _ in 0..3 {
        assert_eq!(guest.poll(), hfb_state::Pending, "never a deadlock's error");
    }
}

#[test]
fn a_task_that_computes_yields_at_each_tick_and_stops_when_it_is_interrupted() {
    let (blueprint, _pauses) = linked(&compiled(&ENGINE, ""));
    let guest = blueprint.ready();
    guest.start(SPIN, &words(&[0])).unwrap();
    for _ in 0..3 {
        assert_eq!(guest.poll(), hfb_state::Pending);
    }
    guest.interrupt();
    let error = guest.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::Interrupted);
}

#[test]
fn an_export_of_a_component_with_async_functions_cannot_be_brief() {
    let component = compiled(&QUIET, "");
    let linker = component.linker(None, None);
    linker.define("", "pause", Box::new(|call| call.reply(&words(&[0]))));
    linker.brief(STACK);
    let error = linker.finish().err().expect("it is refused");
    assert_eq!(error.kind, hfb_kind::MayWait);
    assert!(error.message.contains("`stack`") && error.message.contains("async functions"), "{error:?}");
}
