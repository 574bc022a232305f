// SPDX-License-Identifier: Apache-2.0
//! An instance's life: it builds, idles, runs, and ends in one of a few ways, each told by its kind.
mod support;

use holdfast_bridge::abi::{hfb_kind, hfb_slice, hfb_state};
use holdfast_bridge::direct::{hfb_direct_call, hfb_direct_free, hfb_direct_new};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use support::{ENGINE, Engine, HostCall, QUIET, Told, empty, guest, no_limits, slice, take, told};

/// Works, traps, loops, sleeps in the host, and keeps a stack pointer that shows an unwound call.
const SHOP: &str = r#"(component
  (import "sleep" (func $sleep (param "ticket" u32) (result u32)))
  (core module $m
    (import "" "sleep" (func $sleep (param i32) (result i32)))
    (memory (export "mem") 1)
    (global $sp (mut i32) (i32.const 65536))
    (global $count (mut i32) (i32.const 0))
    (func (export "add") (param i32 i32) (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.add (local.get 0) (local.get 1)))
    (func $deep (unreachable))
    (func (export "trap") (call $deep))
    (func (export "spin") (loop (br 0)))
    (func (export "sleep") (param i32) (result i32)
      (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
      (call $sleep (local.get 0))
      (global.set $sp (i32.add (global.get $sp) (i32.const 16))))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "count") (result i32) (global.get $count)))
  (core func $s (canon lower (func $sleep)))
  (core instance $i (instantiate $m (with "" (instance (export "sleep" (func $s))))))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "sleep") (param "ticket" u32) (result u32) (canon lift (core func $i "sleep")))
  (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $i "grow")))
  (func (export "count") (result u32) (canon lift (core func $i "count"))))"#;

const ADD: u32 = 0;
const TRAP: u32 = 1;
const SPIN: u32 = 2;
const SLEEP: u32 = 3;
const GROW: u32 = 4;

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The shop, with each sleep handed to the test. No tick comes: a poll ends where the guest waits or is done.
fn shop() -> (support::Blueprint, mpsc::Receiver<HostCall>) {
    shop_on(&QUIET)
}

/// The same where the clock runs.
fn ticking_shop() -> (support::Blueprint, mpsc::Receiver<HostCall>) {
    shop_on(&ENGINE)
}

fn shop_on(engine: &Engine) -> (support::Blueprint, mpsc::Receiver<HostCall>) {
    let (sender, sleeps) = mpsc::channel();
    let sender = Mutex::new(sender);
    let component = engine.compile(SHOP.as_bytes()).expect("it compiles");
    let linker = component.linker(None, None);
    linker.define("", "sleep", Box::new(move |call| sender.lock().unwrap().send(call).expect("the test waits")));
    // A definition that no import asks for is ignored.
    linker.define("no:such/interface", "f", Box::new(|call| call.reply(&[])));
    (linker.finish().expect("it links"), sleeps)
}

#[test]
fn a_call_answers_and_the_next_one_finds_the_same_guest() {
    let (blueprint, _sleeps) = shop();
    let shop = blueprint.ready();
    assert_eq!(shop.call(ADD, &words(&[2, 3])).unwrap(), words(&[5]));
    assert_eq!(shop.call(ADD, &words(&[u32::MAX, 1])).unwrap(), words(&[0]));
    assert_eq!(shop.call(5, &[]).unwrap(), words(&[2]));
    assert_eq!(shop.result(), [0u8; 0], "a result is taken once");
    assert_eq!(shop.memory(), 65_536);
}

#[test]
fn an_instance_moves_between_threads() {
    let (blueprint, _sleeps) = shop();
    let mut shop = blueprint.ready();
    for i in 0..8 {
        shop = std::thread::spawn(move || {
            assert_eq!(shop.call(ADD, &words(&[i, i])).unwrap(), words(&[2 * i]));
            shop
        })
        .join()
        .unwrap();
    }
}

#[test]
fn a_trap_is_told_with_its_backtrace_and_ends_the_instance_for_good() {
    let (blueprint, _sleeps) = shop();
    let shop = blueprint.ready();
    let error = shop.call(TRAP, &[]).unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("unreachable"), "{error:?}");
    assert!(error.detail.contains("deep") && error.detail.lines().count() == 2, "{error:?}");
    assert_eq!(shop.error(), None, "an error is taken once");
    let again = shop.start(ADD, &words(&[1, 1])).unwrap_err();
    assert_eq!(again.kind, hfb_kind::Internal);
    assert!(again.message.contains("never entered again"), "{again:?}");
    assert_eq!(shop.poll(), hfb_state::Failed);
}

#[test]
fn misuse_is_an_error_and_hurts_nothing() {
    let (blueprint, _sleeps) = shop();
    let shop = blueprint.instance();
    assert!(shop.start(ADD, &words(&[1, 1])).unwrap_err().message.contains("not instantiated"));
    shop.settle().unwrap();
    assert_eq!(shop.start(99, &[]).unwrap_err().kind, hfb_kind::Internal);
    shop.start(ADD, &words(&[1, 2])).unwrap();
    assert!(shop.start(ADD, &words(&[1, 1])).unwrap_err().message.contains("busy"));
    shop.settle().unwrap();
    assert_eq!(shop.result(), words(&[3]));
}

#[test]
fn a_loop_yields_at_each_tick_and_an_interrupt_ends_it() {
    let (blueprint, _sleeps) = ticking_shop();
    let shop = blueprint.ready();
    shop.start(SPIN, &[]).unwrap();
    for _ in 0..3 {
        assert_eq!(shop.poll(), hfb_state::Pending);
        shop.woken();
    }
    shop.interrupt();
    let error = shop.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::Interrupted);
    assert!(error.detail.contains('!'), "the guest's frames are told: {error:?}");
}

#[test]
fn an_interrupt_that_comes_too_late_for_its_call_does_not_hurt_the_next() {
    let (blueprint, _sleeps) = shop();
    let shop = blueprint.ready();
    shop.call(ADD, &words(&[1, 1])).unwrap();
    shop.interrupt();
    assert_eq!(shop.call(ADD, &words(&[1, 2])).unwrap(), words(&[3]));
}

#[test]
fn an_interrupt_before_the_first_poll_ends_the_call_before_the_guest_is_entered() {
    let (blueprint, _sleeps) = shop();
    let shop = blueprint.ready();
    shop.start(ADD, &words(&[1, 1])).unwrap();
    shop.interrupt();
    let error = shop.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::Interrupted);
    assert!(error.message.contains("before the guest was entered"));
}

#[test]
fn a_start_function_that_loops_is_cut_like_any_call() {
    let text = r#"(component
      (core module $m (func $f (loop (br 0))) (start $f))
      (core instance (instantiate $m)))"#;
    let instance = ENGINE.compile(text.as_bytes()).unwrap().blueprint().unwrap().instance();
    assert_eq!(instance.poll(), hfb_state::Pending);
    instance.interrupt();
    assert_eq!(instance.settle().unwrap_err().kind, hfb_kind::Interrupted);
}

#[test]
fn a_start_function_that_traps_fails_the_instance() {
    let text = r#"(component
      (core module $m (func $f unreachable) (start $f))
      (core instance (instantiate $m)))"#;
    let instance = ENGINE.compile(text.as_bytes()).unwrap().blueprint().unwrap().instance();
    assert_eq!(instance.settle().unwrap_err().kind, hfb_kind::Trap);
}

#[test]
fn a_guest_parked_in_the_host_goes_on_with_the_reply() {
    let (blueprint, sleeps) = shop();
    let mut mark = 0u8;
    let user = (&raw mut mark).cast();
    let shop = blueprint.instance_for(user);
    shop.settle().unwrap();
    shop.start(SLEEP, &words(&[7])).unwrap();
    assert_eq!(shop.poll(), hfb_state::Pending);
    let call = sleeps.try_recv().expect("the guest called");
    assert_eq!((call.args(), call.user(), call.abandoned()), (words(&[7]), user, false));
    assert_eq!(shop.poll(), hfb_state::Pending, "still parked");
    std::thread::spawn(move || call.reply(&words(&[8]))).join().unwrap();
    shop.woken();
    shop.settle().unwrap();
    assert_eq!(shop.result(), words(&[8]));
    assert_eq!(shop.call(ADD, &words(&[1, 1])).unwrap(), words(&[2]));
}

#[test]
fn a_host_function_that_fails_or_answers_nonsense_ends_the_guest() {
    let (blueprint, sleeps) = shop();
    type Answer = fn(HostCall);
    let answers: [(Answer, &str); 4] = [
        (|call| call.fail("the shop is on fire"), "the shop is on fire"),
        (|call| call.reply(&[1]), "another type"),
        (|call| call.reply(&[1, 2, 3, 4, 5]), "left over"),
        (|call| call.reply(&[]), "another type"),
    ];
    for (answer, says) in answers {
        let shop = blueprint.ready();
        shop.start(SLEEP, &words(&[1])).unwrap();
        assert_eq!(shop.poll(), hfb_state::Pending);
        answer(sleeps.try_recv().unwrap());
        let error = shop.settle().unwrap_err();
        assert_eq!(error.kind, hfb_kind::HostFailed);
        assert!(error.message.contains(says), "{error:?}");
    }
}

#[test]
fn freeing_an_instance_in_flight_abandons_its_host_call_and_a_late_reply_goes_nowhere() {
    let (blueprint, sleeps) = shop();
    let shop = blueprint.ready();
    shop.start(SLEEP, &words(&[1])).unwrap();
    assert_eq!(shop.poll(), hfb_state::Pending);
    let call = sleeps.try_recv().unwrap();
    assert!(!call.abandoned());
    let wakes = shop.wakes.clone();
    drop(shop);
    assert!(call.abandoned());
    call.reply(&words(&[1]));
    assert!(wakes.dropped.load(Ordering::SeqCst), "the waker is given back with the last reference");
    assert_eq!(blueprint.ready().call(ADD, &words(&[1, 1])).unwrap(), words(&[2]));
}

#[test]
fn freeing_a_looping_instance_between_polls_leaves_its_slot_usable() {
    let (blueprint, _sleeps) = ticking_shop();
    // More often than the pool has slots: a leaked one would show.
    for _ in 0..100 {
        let shop = blueprint.ready();
        shop.start(SPIN, &[]).unwrap();
        assert_eq!(shop.poll(), hfb_state::Pending);
        drop(shop);
    }
}

#[test]
fn an_exhausted_pool_says_so_and_recovers() {
    let (blueprint, _sleeps) = shop();
    let config = holdfast_bridge::abi::hfb_engine_config { max_instances: 2, ..support::small() };
    let engine = support::Engine::with(&config).unwrap();
    let component =
        engine.compile(b"(component (core module $m (memory 1)) (core instance (instantiate $m)))").unwrap();
    let tight = component.blueprint().unwrap();
    let (first, second) = (tight.ready(), tight.ready());
    assert_eq!(tight.instance().settle().unwrap_err().kind, hfb_kind::NoResources);
    drop(first);
    tight.ready();
    drop((second, blueprint));
}

#[test]
fn a_refused_growth_is_told_when_the_guest_then_traps() {
    let text = r#"(component
      (core module $m (memory (export "mem") 1)
        (func (export "grow") (param i32) (result i32)
          (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable))
          (memory.size))
        (func (export "trap") unreachable))
      (core instance $i (instantiate $m))
      (func (export "grow") (param "pages" u32) (result u32) (canon lift (core func $i "grow")))
      (func (export "trap") (canon lift (core func $i "trap"))))"#;
    let component = ENGINE.compile(text.as_bytes()).unwrap();
    let mut limits = no_limits();
    limits.memory_bytes = 4 * 65_536;
    let blueprint = component.linker(Some(&limits), None).finish().unwrap();
    let instance = blueprint.ready();
    assert_eq!(instance.call(0, &words(&[3])).unwrap(), words(&[4]));
    assert_eq!(instance.memory(), 4 * 65_536);
    let error = instance.call(0, &words(&[1])).unwrap_err();
    assert_eq!(error.kind, hfb_kind::MemoryLimit);
    assert!(error.message.contains("327680 bytes") && error.message.contains("262144 bytes"), "{error:?}");
    // Without a refusal before it, the same trap is a trap.
    assert_eq!(blueprint.ready().call(1, &[]).unwrap_err().kind, hfb_kind::Trap);

    limits.memory_bytes = 1;
    let none = component.linker(Some(&limits), None).finish().unwrap().instance();
    let error = none.settle().unwrap_err();
    assert_eq!(error.kind, hfb_kind::MemoryLimit);
    assert!(error.message.contains("65536 bytes"), "{error:?}");
}

#[test]
fn a_refused_growth_that_the_guest_takes_well_is_no_failure() {
    let (blueprint, _sleeps) = shop();
    let shop = blueprint.ready();
    assert_eq!(shop.call(GROW, &words(&[65_535])).unwrap(), words(&[u32::MAX]));
    assert_eq!(shop.memory(), 65_536);
    assert_eq!(shop.call(TRAP, &[]).unwrap_err().kind, hfb_kind::Trap, "an old refusal explains no new trap");
}

#[test]
fn growths_that_fail_do_not_make_room_for_more() {
    let component = QUIET.compile(SHOP.as_bytes()).unwrap();
    let mut limits = no_limits();
    limits.memory_bytes = 4 * 65_536;
    let linker = component.linker(Some(&limits), None);
    linker.define("", "sleep", Box::new(|call| call.reply(&[0; 4])));
    let shop = linker.finish().unwrap().ready();
    let grow = |pages: u32| u32::from_le_bytes(shop.call(GROW, &words(&[pages])).unwrap().try_into().unwrap());
    for _ in 0..8 {
        grow(1);
        // Overflows before the limiter is asked, and is reported to it as failed.
        assert_eq!(grow(u32::MAX), u32::MAX);
    }
    assert_eq!(grow(0), 4, "the guest has its limit and no more");
    assert_eq!(shop.memory(), 4 * 65_536);
}

#[test]
fn a_result_larger_than_its_limit_is_too_large() {
    let text = r#"(component
      (core module $m (memory (export "mem") 4)
        (func (export "f") (result i32)
          (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 200000)) (i32.const 0)))
      (core instance $i (instantiate $m))
      (func (export "f") (result (list u8)) (canon lift (core func $i "f") (memory (core memory $i "mem")))))"#;
    let component = ENGINE.compile(text.as_bytes()).unwrap();
    assert_eq!(component.blueprint().unwrap().ready().call(0, &[]).unwrap().len(), 200_004);
    let mut limits = no_limits();
    limits.hostcall_bytes = 100_000;
    let tight = component.linker(Some(&limits), None).finish().unwrap().ready();
    assert_eq!(tight.call(0, &[]).unwrap_err().kind, hfb_kind::TooLarge);
}

/// A guest with a resource of its own; `drops` counts its destructor's runs.
const RESOURCES: &str = r#"(component
  (core module $d (memory (export "mem") 1)
    (global $drops (mut i32) (i32.const 0))
    (func (export "dtor") (param i32) (global.set $drops (i32.add (global.get $drops) (i32.const 1))))
    (func (export "drops") (result i32) (global.get $drops)))
  (core instance $d (instantiate $d))
  (type $book' (resource (rep i32) (dtor (core func $d "dtor"))))
  (export $book "book" (type $book'))
  (core func $new (canon resource.new $book'))
  (core func $drop (canon resource.drop $book'))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "read") (param i32) (result i32) (local.get 0))
    (func (export "burn") (param i32) (call $drop (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "make") (param "pages" u32) (result (own $book)) (canon lift (core func $i "make")))
  (func (export "read") (param "book" (borrow $book)) (result u32) (canon lift (core func $i "read")))
  (func (export "burn") (param "book" (own $book)) (canon lift (core func $i "burn")))
  (func (export "drops") (result u32) (canon lift (core func $d "drops"))))"#;

#[test]
fn resources_are_numbers_that_only_their_instance_knows() {
    let blueprint = ENGINE.compile(RESOURCES.as_bytes()).unwrap().blueprint().unwrap();
    let (here, elsewhere) = (blueprint.ready(), blueprint.ready());
    let book = here.call(0, &words(&[320])).unwrap();
    assert_eq!(book.len(), 8);
    assert_eq!(here.call(1, &book).unwrap(), words(&[320]));
    assert_eq!(here.call(1, &book).unwrap(), words(&[320]), "a borrow leaves it with the host");
    let number = u64::from_le_bytes(book[..].try_into().unwrap());
    let error = elsewhere.call(1, &book).unwrap_err();
    assert_eq!(error.kind, hfb_kind::BadValue);
    assert!(error.message.contains(&format!("handle {number} does not belong to this instance")), "{error:?}");
    here.call(2, &book).unwrap();
    assert_eq!(here.call(1, &book).unwrap_err().kind, hfb_kind::BadValue, "an owned one is gone when passed");
    assert_eq!(here.call(3, &[]).unwrap(), words(&[1]));

    let other = here.call(0, &words(&[1])).unwrap();
    let number = u64::from_le_bytes(other[..].try_into().unwrap());
    told(unsafe { holdfast_bridge::instance::hfb_instance_start_drop(here.raw, number) }).unwrap();
    here.settle().unwrap();
    assert_eq!(here.call(3, &[]).unwrap(), words(&[2]), "its destructor ran");
    let gone = told(unsafe { holdfast_bridge::instance::hfb_instance_start_drop(here.raw, number) }).unwrap_err();
    assert_eq!(gone.kind, hfb_kind::BadValue);
}

#[test]
fn handles_are_bounded() {
    let component = ENGINE.compile(RESOURCES.as_bytes()).unwrap();
    let mut limits = no_limits();
    limits.handles = 2;
    let guest = component.linker(Some(&limits), None).finish().unwrap().ready();
    let book = guest.call(0, &words(&[1])).unwrap();
    guest.call(0, &words(&[1])).unwrap();
    let error = guest.call(0, &words(&[1])).unwrap_err();
    assert_eq!(error.kind, hfb_kind::TooLarge);
    assert!(error.message.contains("holds 2 resources"), "{error:?}");
    assert_eq!(guest.call(1, &book).unwrap(), words(&[1]), "refused before it ran, and the instance is unhurt");
    guest.call(2, &book).unwrap();
    guest.call(0, &words(&[1])).expect("there is room again");
}

#[test]
fn the_future_of_a_call_dropped_by_its_caller_spoils_the_store_for_everyone() {
    let (blueprint, sleeps) = shop();
    let mut direct = std::ptr::null_mut();
    told(unsafe { hfb_direct_new(blueprint.0, std::ptr::null_mut(), &mut direct) }).unwrap();
    let call = |function: u32, args: &[u8], polls: u32| -> Result<(Vec<u8>, bool), Told> {
        let (mut result, mut left) = (empty(), false);
        told(unsafe { hfb_direct_call(direct, function, slice(args), polls, &mut result, &mut left) })?;
        Ok((take(result), left))
    };
    assert_eq!(call(ADD, &words(&[1, 2]), 0).unwrap(), (words(&[3]), false));
    assert_eq!(call(SLEEP, &words(&[1]), 1).unwrap(), (vec![], true), "the caller leaves");
    assert!(sleeps.try_recv().unwrap().abandoned());
    let error = call(ADD, &words(&[1, 2]), 0).unwrap_err();
    assert_eq!(error.kind, hfb_kind::Trap);
    assert!(error.message.contains("cannot enter component instance"), "{error:?}");
    unsafe { hfb_direct_free(direct) };
}

#[test]
fn a_direct_call_that_its_caller_stays_with_ends_well() {
    let (blueprint, sleeps) = shop();
    let mut direct = std::ptr::null_mut();
    told(unsafe { hfb_direct_new(blueprint.0, std::ptr::null_mut(), &mut direct) }).unwrap();
    let answers = std::thread::spawn(move || sleeps.recv().unwrap().reply(&words(&[9])));
    let (mut result, mut left) = (empty(), true);
    let args = words(&[1]);
    told(unsafe { hfb_direct_call(direct, SLEEP, slice(&args), 0, &mut result, &mut left) }).unwrap();
    assert_eq!((take(result), left), (words(&[9]), false));
    answers.join().unwrap();
    unsafe { hfb_direct_free(direct) };
}

#[test]
fn host_functions_carry_every_kind_of_value_and_are_dropped_once() {
    let text = r#"(component
      (type $r (record (field "name" string) (field "tags" (list string)) (field "weight" (option f64))))
      (import "take" (func $take (param "x" (tuple u8 (list u8) (result (list u16) (error string))))
        (result (tuple bool (option string)))))
      (core module $libc (memory (export "mem") 1)
        (global $next (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
          (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
          (global.set $next (i32.add (local.get $at) (local.get 3)))
          (local.get $at)))
      (core instance $libc (instantiate $libc))
      (core func $take (canon lower (func $take) (memory (core memory $libc "mem"))
        (realloc (core func $libc "realloc"))))
      (core module $m
        (import "" "take" (func $take (param i32 i32 i32 i32 i32 i32 i32)))
        (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32)
          (call $take (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
            (i32.const 64))
          (i32.const 64)))
      (core instance $i (instantiate $m (with "" (instance (export "take" (func $take))))))
      (func (export "run") (param "x" (tuple u8 (list u8) (result (list u16) (error string))))
        (result (tuple bool (option string)))
        (canon lift (core func $i "run") (memory (core memory $libc "mem")) (realloc (core func $libc "realloc")))))"#;
    let component = ENGINE.compile(text.as_bytes()).unwrap();
    let linker = component.linker(None, None);
    let dropped = Arc::new(AtomicU64::new(0));
    struct Count(Arc<AtomicU64>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (sent, seen) = mpsc::channel();
    let (sent, count) = (Mutex::new(sent), Count(dropped.clone()));
    let answer = [&[1][..], &[1, 0, 0, 0], &[2, 0, 0, 0], "ok".as_bytes()].concat();
    let reply = answer.clone();
    linker.define(
        "",
        "take",
        Box::new(move |call| {
            let _whole = &count;
            sent.lock().unwrap().send(call.args()).unwrap();
            call.reply(&reply);
        }),
    );
    let blueprint = linker.finish().unwrap();
    let guest = blueprint.ready();
    let args = [&[7][..], &[3, 0, 0, 0, 1, 2, 3], &[0, 0, 0, 0], &[2, 0, 0, 0, 1, 0, 2, 0]].concat();
    assert_eq!(guest.call(0, &args).unwrap(), answer);
    assert_eq!(seen.recv().unwrap(), args);
    let args = [&[7][..], &[0, 0, 0, 0], &[1, 0, 0, 0], &[3, 0, 0, 0], "é!".as_bytes()].concat();
    assert_eq!(guest.call(0, &args).unwrap(), answer);
    assert_eq!(seen.recv().unwrap(), args);
    drop(blueprint);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    drop(guest);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn an_empty_slice_may_have_no_address() {
    let shop = guest(
        "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
        (func (export \"f\") (canon lift (core func $i \"f\"))))",
    );
    let nothing = hfb_slice { data: std::ptr::null(), size: 0 };
    told(unsafe { holdfast_bridge::instance::hfb_instance_start(shop.raw, 0, nothing) }).unwrap();
    shop.settle().unwrap();
    assert_eq!(shop.result(), [0u8; 0]);
}
