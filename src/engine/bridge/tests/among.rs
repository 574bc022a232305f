// SPDX-License-Identifier: Apache-2.0
//! Components with async functions, one call at a time: each form of lifting, what a task does after its result, and
//! what becomes of one that is cut while it waits.
mod support;

use holdfast_bridge::abi::{hfb_kind, hfb_state};
use std::sync::{Mutex, mpsc};
use support::{Blueprint, Component, ENGINE, HostCall, Instance, QUIET};

/// Its `pause` is answered by the test when it likes.
const FRAME: &str = include_str!("../../../../guests/text/tasks.wat");

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
    let whole = FRAME.trim_end().strip_suffix(')').expect("it is one component");
    engine.compile(format!("{whole} {more})").as_bytes()).expect("it compiles")
}

/// Each pause is handed to the test.
fn linked(component: &Component) -> (Blueprint, mpsc::Receiver<HostCall>) {
    let (sender, pauses) = mpsc::channel();
    let sender = Mutex::new(sender);
    let linker = component.linker(None, None);
    linker.define(
        "holdfast:demo/host",
        "pause",
        Box::new(move |call| sender.lock().unwrap().send(call).expect("the test waits")),
    );
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
        assert_eq!(pause.of(), None, "there is only one");
        pause.reply(&words(&[ticket + 100]));
        guest.settle().unwrap();
        assert_eq!(guest.result(), words(&[ticket + 100]));
    }
    assert_eq!(guest.call(STACK, &[]).unwrap(), words(&[65_536]));
}

#[test]
fn an_async_import_may_answer_at_once() {
    let component = compiled(&QUIET, "");
    let linker = component.linker(None, None);
    linker.define("holdfast:demo/host", "pause", Box::new(|call| call.reply(&words(&[9]))));
    let blueprint = linker.finish().expect("it links");
    let guest = blueprint.ready();
    for which in [PAUSED, STACKFUL] {
        assert_eq!(guest.call(which, &words(&[3])).unwrap(), words(&[9]));
    }
    assert_eq!(guest.call(TAIL, &words(&[3])).unwrap(), words(&[3]));
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
    linker.define("holdfast:demo/host", "pause", Box::new(|call| call.reply(&words(&[0]))));
    linker.brief(STACK);
    let error = linker.finish().err().expect("it is refused");
    assert_eq!(error.kind, hfb_kind::MayWait);
    assert!(error.message.contains("`stack`") && error.message.contains("async functions"), "{error:?}");
}

// Several at once.

#[test]
fn calls_in_one_instance_end_in_whatever_order_their_imports_answer() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    for call in 1..=4 {
        guest.begin(call, if call == 4 { STACKFUL } else { PAUSED }, &words(&[call as u32])).unwrap();
    }
    assert_eq!(guest.poll(), hfb_state::Pending);
    let mut waiting: Vec<_> = pauses.try_iter().map(Some).collect();
    assert_eq!(waiting.len(), 4, "none waits for another");
    for pause in waiting.iter().flatten() {
        assert_eq!(words(&[pause.of().expect("it is of one of them") as u32]), pause.args());
    }
    for call in [3, 1, 4, 2] {
        let at = waiting.iter().position(|one| one.as_ref().is_some_and(|one| one.args() == words(&[call])));
        waiting[at.unwrap()].take().unwrap().reply(&words(&[call * 10]));
        let state = guest.poll();
        assert_eq!(guest.ended(), Some((u64::from(call), words(&[call * 10]))));
        assert_eq!(guest.ended(), None);
        assert_eq!(state, if call == 2 { hfb_state::Ready } else { hfb_state::Pending });
    }
    assert_eq!(guest.call(ADD, &words(&[1, 1])).unwrap(), words(&[2]));
}

#[test]
fn a_call_that_waits_keeps_no_other_from_beginning_and_ending() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    guest.begin(1, PAUSED, &words(&[1])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    for call in 2..100 {
        guest.begin(call, ADD, &words(&[call as u32, 1])).unwrap();
        guest.begin(1000 + call, TEXT, &words(&[5])).unwrap();
        assert_eq!(guest.poll(), hfb_state::Pending);
        assert_eq!(guest.ended(), Some((call, words(&[call as u32 + 1]))));
        assert_eq!(guest.ended(), Some((1000 + call, packed_text("hello"))));
    }
    pauses.try_recv().unwrap().reply(&words(&[7]));
    assert_eq!(guest.poll(), hfb_state::Ready);
    assert_eq!(guest.ended(), Some((1, words(&[7]))));
}

#[test]
fn a_result_is_told_before_what_its_task_does_after_it_has_ended() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    guest.begin(1, TAIL, &words(&[4])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending, "not idle yet");
    assert_eq!(guest.ended(), Some((1, words(&[4]))));
    guest.begin(2, ADD, &words(&[4, 4])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    assert_eq!(guest.ended(), Some((2, words(&[8]))));
    pauses.try_recv().unwrap().reply(&words(&[0]));
    assert_eq!(guest.poll(), hfb_state::Ready);
    assert_eq!(guest.ended(), None);
}

#[test]
fn a_trap_takes_its_siblings_along_and_tells_whose_it_was() {
    for trapped in [1, 2, 3] {
        let (blueprint, pauses) = guest();
        let guest = blueprint.ready();
        for call in 1..=3 {
            guest.begin(call, if call == trapped { FAILS_LATE } else { PAUSED }, &words(&[call as u32])).unwrap();
        }
        assert_eq!(guest.poll(), hfb_state::Pending);
        let waiting: Vec<_> = pauses.try_iter().collect();
        assert_eq!(waiting.len(), 3);
        for pause in waiting {
            if pause.args() == words(&[trapped as u32]) {
                pause.reply(&words(&[0]));
            } else {
                std::mem::forget(pause);
            }
        }
        assert_eq!(guest.poll(), hfb_state::Failed);
        assert_eq!(guest.failed_call(), Some(trapped));
        assert_eq!(guest.error().unwrap().kind, hfb_kind::Trap);
        assert_eq!(guest.ended(), None);
        assert!(guest.begin(9, ADD, &words(&[1, 1])).is_err());
    }
}

#[test]
fn a_call_that_ended_before_a_sibling_trapped_has_its_result() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.ready();
    guest.begin(1, FAILS_LATE, &words(&[1])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    guest.begin(2, ADD, &words(&[1, 1])).unwrap();
    pauses.try_recv().unwrap().reply(&words(&[0]));
    assert_eq!(guest.poll(), hfb_state::Failed);
    assert_eq!(guest.ended(), Some((2, words(&[2]))));
    assert_eq!(guest.ended(), None);
}

#[test]
fn one_that_computes_for_ever_is_interrupted_and_named_while_others_wait() {
    let (blueprint, pauses) = linked(&compiled(&ENGINE, ""));
    let guest = blueprint.ready();
    guest.begin(1, PAUSED, &words(&[1])).unwrap();
    guest.poll();
    guest.begin(2, SPIN, &words(&[0])).unwrap();
    for _ in 0..3 {
        assert_eq!(guest.poll(), hfb_state::Pending);
    }
    guest.interrupt();
    guest.begin(3, ADD, &words(&[1, 1])).unwrap();
    let error = guest.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::Interrupted);
    assert_eq!(guest.failed_call(), Some(2));
    assert!(pauses.try_recv().unwrap().abandoned());
}

#[test]
fn calls_that_are_lifted_synchronously_come_one_after_the_other_and_keep_the_others_waiting() {
    let (blueprint, pauses) = linked(&compiled(&QUIET, SYNC_ONES));
    let guest = blueprint.ready();
    for call in 1..=3 {
        guest.begin(call, SYNC, &words(&[call as u32])).unwrap();
    }
    for call in 1..=3 {
        assert_eq!(guest.poll(), hfb_state::Pending);
        let pause = pauses.try_recv().expect("its turn has come");
        assert!(pauses.try_recv().is_err(), "and nobody else's");
        assert_eq!(pause.args(), words(&[call]));
        pause.reply(&words(&[call * 10]));
        guest.poll();
        assert_eq!(guest.ended(), Some((u64::from(call), words(&[call * 10]))));
    }
    assert_eq!(guest.poll(), hfb_state::Ready);
}

#[test]
fn a_guest_that_raises_its_back_pressure_says_so() {
    let (blueprint, _pauses) = guest();
    let guest = blueprint.ready();
    guest.begin(1, ADD, &words(&[1, 1])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Ready);
    assert!(!guest.holds_back());
    guest.begin(2, REFUSE, &words(&[4])).unwrap();
    guest.poll();
    assert!(guest.holds_back());
    guest.begin(3, ADD, &words(&[1, 1])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    assert!(guest.holds_back());
    assert_eq!(guest.ended(), Some((1, words(&[2]))));
    assert_eq!(guest.ended(), Some((2, words(&[4]))));
    assert_eq!(guest.ended(), None);
}

#[test]
fn calls_begin_only_where_and_when_they_may() {
    let (blueprint, pauses) = guest();
    let guest = blueprint.instance();
    assert!(guest.begin(1, ADD, &words(&[1, 1])).unwrap_err().message.contains("not instantiated"));
    guest.settle().unwrap();
    assert_eq!(guest.begin(1, 99, &[]).unwrap_err().kind, hfb_kind::Internal);
    assert_eq!(guest.begin(1, ADD, &[1]).unwrap_err().kind, hfb_kind::BadValue);
    guest.start(PAUSED, &words(&[1])).unwrap();
    guest.poll();
    assert!(guest.begin(1, ADD, &words(&[1, 1])).unwrap_err().message.contains("busy"));
    pauses.try_recv().unwrap().reply(&words(&[7]));
    guest.settle().unwrap();
    assert_eq!(guest.result(), words(&[7]));
    guest.begin(1, PAUSED, &words(&[1])).unwrap();
    assert!(guest.start(ADD, &words(&[1, 1])).unwrap_err().message.contains("busy"));

    let plain = QUIET.compile(
        br#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))"#,
    );
    let plain = plain.unwrap().blueprint().unwrap();
    assert!(plain.ready().begin(1, 0, &[]).unwrap_err().message.contains("one call at a time"));
}

#[test]
fn an_instance_goes_with_all_its_calls_in_flight() {
    let (blueprint, pauses) = guest();
    for _ in 0..50 {
        let guest = blueprint.ready();
        for call in 0..16 {
            guest.begin(call, [PAUSED, STACKFUL, TAIL, STUCK][call as usize % 4], &words(&[call as u32])).unwrap();
        }
        assert_eq!(guest.poll(), hfb_state::Pending);
        drop(guest);
        assert!(pauses.try_iter().all(|pause| {
            let abandoned = pause.abandoned();
            pause.fail("too late");
            abandoned
        }));
    }
}

/// `yields` gives the turn away so many times before it answers how often that was.
const YIELDS: &str = r#"(component
  (core func $told (canon task.return (result u32)))
  (core func $set (canon context.set i32 0))
  (core func $get (canon context.get i32 0))
  (core instance $env
    (export "told" (func $told)) (export "set" (func $set)) (export "get" (func $get)))
  (core module $code
    (import "" "told" (func $told (param i32)))
    (import "" "set" (func $set (param i32)))
    (import "" "get" (func $get (result i32)))
    (global $passes (mut i32) (i32.const 0))
    (func (export "yields") (param i32) (result i32) (call $set (local.get 0)) (i32.const 1))
    (func (export "go-on") (param i32 i32 i32) (result i32)
      (global.set $passes (i32.add (global.get $passes) (i32.const 1)))
      (if (i32.eqz (call $get)) (then (call $told (global.get $passes)) (return (i32.const 0))))
      (call $set (i32.sub (call $get) (i32.const 1)))
      (i32.const 1)))
  (core instance $guest (instantiate $code (with "" (instance $env))))
  (func (export "yields") async (param "times" u32) (result u32)
    (canon lift (core func $guest "yields") async (callback (core func $guest "go-on")))))"#;

fn yielding() -> Instance {
    QUIET.compile(YIELDS.as_bytes()).expect("it compiles").blueprint().expect("it links").ready()
}

#[test]
fn tasks_that_give_the_turn_away_go_on_within_the_poll() {
    let guest = yielding();
    let before = guest.wakes.so_far();
    guest.begin(1, 0, &words(&[4])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Ready);
    assert_eq!(guest.ended(), Some((1, words(&[5]))));
    assert_eq!(guest.wakes.so_far(), before, "nobody has to poll it again");
}

#[test]
fn a_poll_that_was_gone_on_with_for_long_comes_back_and_wakes_for_the_next() {
    let guest = yielding();
    guest.begin(1, 0, &words(&[1000])).unwrap();
    let mut polls = 1;
    while guest.poll() == hfb_state::Pending {
        guest.woken();
        polls += 1;
    }
    assert!((20..200).contains(&polls), "{polls} polls");
    assert_eq!(guest.ended(), Some((1, words(&[1001]))));
}

#[test]
fn a_poll_comes_back_with_a_result_before_it_goes_on_with_the_others() {
    let guest = yielding();
    guest.begin(1, 0, &words(&[10])).unwrap();
    guest.begin(2, 0, &words(&[2])).unwrap();
    assert_eq!(guest.poll(), hfb_state::Pending);
    assert_eq!(guest.ended(), Some((2, words(&[6]))), "both went on by turns");
    guest.settle().unwrap();
    assert_eq!(guest.ended(), Some((1, words(&[14]))));
}
