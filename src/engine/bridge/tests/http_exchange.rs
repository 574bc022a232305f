// SPDX-License-Identifier: Apache-2.0
//! Requests of HTTP on their way through a guest: bodies in both directions, and what becomes of them when the guest ends,
//! is lost, or its client leaves.
mod support;

use holdfast_bridge::abi::{hfb_kind, hfb_slice, hfb_state, hfb_waker};
use holdfast_bridge::http_exchange::hfb_exchange_fault as fault;
use holdfast_bridge::pipe::hfb_flow;
use holdfast_bridge::serving::*;
use std::ffi::c_void;
use std::ptr::null;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Blueprint, ENGINE, Instance, QUIET, Told, empty, slice, take, told};

const TEXT: &str = include_str!("../../../../guests/text/http.wat");

fn blueprint() -> Blueprint {
    ENGINE.compile(TEXT.as_bytes()).expect("it compiles").blueprint().expect("it links")
}

/// The same component with an async function, so that it goes to the engine with concurrency.
fn with_tasks() -> String {
    let end = TEXT.rfind(')').expect("a component ends");
    let more = r#"
  (core func $told (canon task.return))
  (core module $tasks
    (import "" "told" (func $told))
    (func (export "quick") (result i32) call $told i32.const 0)
    (func (export "back") (param i32 i32 i32) (result i32) unreachable))
  (core instance $tasks (instantiate $tasks (with "" (instance (export "told" (func $told))))))
  (func (export "quick") async (canon lift (core func $tasks "quick") async (callback (core func $tasks "back")))))
"#;
    format!("{}{more}", &TEXT[..end])
}

struct Exchange(*mut hfb_exchange);
unsafe impl Send for Exchange {}
unsafe impl Sync for Exchange {}

impl Drop for Exchange {
    fn drop(&mut self) {
        unsafe { hfb_exchange_free(self.0) }
    }
}

/// A callback, which counts how often it was called and dropped.
#[derive(Default)]
struct Counts {
    woken: AtomicUsize,
    dropped: AtomicUsize,
}

unsafe extern "C" fn wake(context: *mut c_void) {
    unsafe { &*(context as *const Counts) }.woken.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn forget(context: *mut c_void) {
    unsafe { Arc::from_raw(context as *const Counts) }.dropped.fetch_add(1, Ordering::SeqCst);
}

fn waker(counts: &Arc<Counts>) -> hfb_waker {
    hfb_waker { context: Arc::into_raw(counts.clone()) as *mut c_void, wake: Some(wake), drop: Some(forget) }
}

fn head<'a>(target: &'a str, authority: &'a str) -> hfb_request_head {
    hfb_request_head {
        method: slice(b"POST"),
        scheme: slice(b"http"),
        authority: slice(authority.as_bytes()),
        target: slice(target.as_bytes()),
        fields: hfb_slice { data: null(), size: 0 },
    }
}

impl Exchange {
    fn make(head: &hfb_request_head) -> Result<Self, Told> {
        let mut out = std::ptr::null_mut();
        told(unsafe { hfb_exchange_new(head, &mut out) })?;
        Ok(Self(out))
    }

    fn of(target: &str) -> Self {
        Self::make(&head(target, "shop.example")).expect("a request")
    }

    fn news(&self) -> hfb_flow {
        unsafe { hfb_exchange_news(self.0, null()) }
    }

    fn room(&self) -> hfb_flow {
        unsafe { hfb_exchange_room(self.0, null()) }
    }

    fn push(&self, bytes: &[u8]) -> usize {
        unsafe { hfb_exchange_push(self.0, slice(bytes)) }
    }

    fn end(&self) {
        unsafe { hfb_exchange_end_push(self.0, false) }
    }

    fn status(&self) -> Option<u16> {
        let (mut status, mut fields) = (0, empty());
        unsafe { hfb_exchange_take_head(self.0, &mut status, &mut fields) }.then(|| {
            take(fields);
            status
        })
    }

    fn read(&self) -> Vec<u8> {
        let mut into = vec![0; 8192];
        let size = unsafe { hfb_exchange_read(self.0, into.as_mut_ptr(), into.len()) };
        into.truncate(size);
        into
    }

    fn read_all(&self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.read() {
                some if some.is_empty() => return all,
                some => all.extend(some),
            }
        }
    }

    fn fault(&self) -> (fault, String) {
        let mut detail = empty();
        let kind = unsafe { hfb_exchange_fault_of(self.0, &mut detail) };
        (kind, String::from_utf8(take(detail)).expect("text"))
    }
}

fn start(instance: &Instance, exchange: &Exchange) -> Result<(), Told> {
    told(unsafe { hfb_instance_start_exchange(instance.raw, 0, exchange.0) })
}

/// Serves a request to the end of its call.
fn serve(instance: &Instance, target: &str) -> (Exchange, Result<(), Told>) {
    let exchange = Exchange::of(target);
    exchange.end();
    start(instance, &exchange).expect("an idle instance takes it");
    let settled = instance.settle();
    (exchange, settled)
}

#[test]
fn a_request_gets_its_response_and_the_instance_serves_the_next() {
    let instance = blueprint().ready();
    for _ in 0..3 {
        let (exchange, settled) = serve(&instance, "/hello");
        settled.unwrap();
        assert_eq!(exchange.status(), Some(200));
        assert_eq!(exchange.read_all(), b"hello");
        assert_eq!(exchange.news(), hfb_flow::Ended);
        assert_eq!(exchange.fault().0, fault::None);
    }
}

#[test]
fn bodies_pass_while_the_guest_runs_and_neither_side_holds_more_than_its_bound() {
    let instance = blueprint().ready();
    let exchange = Exchange::of("/echo");
    start(&instance, &exchange).unwrap();
    let chunk: Vec<u8> = (0..64 << 10).map(|i| i as u8).collect();
    let total = 4 << 20;
    let (mut pushed, mut read, mut held) = (0usize, 0usize, 0usize);
    while read < total {
        if pushed < total {
            let from = pushed % chunk.len();
            pushed += exchange.push(&chunk[from..]);
        }
        if pushed == total {
            exchange.end();
        }
        instance.poll();
        held = held.max(pushed - read);
        exchange.status();
        let got = exchange.read_all();
        assert!(got.iter().enumerate().all(|(i, byte)| *byte == (read + i) as u8), "what comes back is what went in");
        read += got.len();
    }
    instance.settle().unwrap();
    assert_eq!((pushed, read, exchange.news()), (total, total, hfb_flow::Ended));
    assert!(held <= (64 << 10) * 3, "{held} bytes were on their way at once");
}

#[test]
fn whoever_writes_waits_until_the_guest_has_read() {
    let instance = blueprint().ready();
    let exchange = Exchange::of("/echo");
    let some = vec![7; 100 << 10];
    assert_eq!(exchange.push(&some), 64 << 10);
    assert_eq!(exchange.push(&some), 0);
    let counts = Arc::new(Counts::default());
    assert_eq!(unsafe { hfb_exchange_room(exchange.0, &waker(&counts)) }, hfb_flow::Waiting);
    assert_eq!(counts.woken.load(Ordering::SeqCst), 0);
    start(&instance, &exchange).unwrap();
    while exchange.room() == hfb_flow::Waiting {
        assert_eq!(instance.poll(), hfb_state::Pending);
    }
    assert_eq!(counts.woken.load(Ordering::SeqCst), 1);
    assert_eq!(counts.dropped.load(Ordering::SeqCst), 1);
    assert_eq!(exchange.room(), hfb_flow::Open);
}

#[test]
fn whoever_waits_for_the_response_is_woken_once_for_each_wait() {
    let instance = blueprint().ready();
    let exchange = Exchange::of("/hello");
    let (first, second) = (Arc::new(Counts::default()), Arc::new(Counts::default()));
    assert_eq!(unsafe { hfb_exchange_news(exchange.0, &waker(&first)) }, hfb_flow::Waiting);
    assert_eq!(unsafe { hfb_exchange_news(exchange.0, &waker(&second)) }, hfb_flow::Waiting);
    assert_eq!(first.dropped.load(Ordering::SeqCst), 1, "it was replaced");
    start(&instance, &exchange).unwrap();
    instance.settle().unwrap();
    assert_eq!(first.woken.load(Ordering::SeqCst), 0);
    assert_eq!((second.woken.load(Ordering::SeqCst), second.dropped.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(exchange.news(), hfb_flow::Open);
}

#[test]
fn a_guest_that_has_no_response_says_so_in_each_way_there_is() {
    let instance = blueprint().ready();
    for (target, kind, word) in [
        ("/nothing", fault::NoResponse, "returned without"),
        ("/drop", fault::NoResponse, "dropped"),
        ("/r", fault::GuestError, "configuration-error"),
        ("/x", fault::TooLarge, "600 fields"),
    ] {
        let (exchange, settled) = serve(&instance, target);
        settled.unwrap();
        assert_eq!(exchange.news(), hfb_flow::Lost, "{target}");
        let (told, detail) = exchange.fault();
        assert_eq!(told, kind, "{target}");
        assert!(detail.contains(word), "{target}: {detail}");
        assert_eq!(exchange.status(), None);
    }
}

#[test]
fn a_body_that_was_not_ended_is_lost_after_what_came_of_it() {
    let instance = blueprint().ready();
    for target in ["/keep", "/abort"] {
        let (exchange, settled) = serve(&instance, target);
        settled.unwrap();
        assert_eq!(exchange.status(), Some(200));
        assert_eq!(exchange.read_all(), b"hello");
        assert_eq!(exchange.news(), hfb_flow::Lost, "{target}");
        assert_eq!(exchange.fault().0, fault::CutShort, "{target}");
    }
}

#[test]
fn a_trap_loses_the_response_before_and_after_its_head() {
    for (target, status, came) in [("/trap", None, &b""[..]), ("/midway", Some(200), b"hello")] {
        let (exchange, settled) = serve(&blueprint().ready(), target);
        assert_eq!(settled.unwrap_err().kind, hfb_kind::Trap);
        assert_eq!(exchange.status(), status);
        assert_eq!(exchange.read_all(), came);
        assert_eq!(exchange.news(), hfb_flow::Lost);
        let (kind, detail) = exchange.fault();
        assert_eq!(kind, fault::Lost);
        assert!(detail.contains("unreachable"), "{detail}");
    }
}

#[test]
fn an_instance_that_is_freed_in_mid_body_loses_the_response() {
    let instance = blueprint().ready();
    let exchange = Exchange::of("/p");
    start(&instance, &exchange).unwrap();
    while exchange.news() != hfb_flow::Open {
        assert_eq!(instance.poll(), hfb_state::Pending);
    }
    assert_eq!(exchange.status(), Some(200));
    let counts = Arc::new(Counts::default());
    while exchange.news() != hfb_flow::Waiting {
        exchange.read();
    }
    assert_eq!(unsafe { hfb_exchange_news(exchange.0, &waker(&counts)) }, hfb_flow::Waiting);
    drop(instance);
    assert_eq!(counts.woken.load(Ordering::SeqCst), 1);
    assert_eq!(exchange.news(), hfb_flow::Lost);
    assert_eq!(exchange.fault().0, fault::Lost);
}

#[test]
fn a_client_that_leaves_in_mid_body_is_not_told_to_its_guest() {
    let instance = blueprint().ready();
    for _ in 0..2 {
        let exchange = Exchange::of("/large");
        start(&instance, &exchange).unwrap();
        while exchange.status().is_none() {
            instance.poll();
        }
        assert!(!exchange.read().is_empty());
        drop(exchange);
        // It writes 4 MiB, and a write that failed would be a trap.
        instance.settle().unwrap();
    }
    let (exchange, settled) = serve(&instance, "/count");
    settled.unwrap();
    exchange.status();
    assert_eq!(exchange.read_all(), b"3");
}

#[test]
fn a_guest_whose_client_left_reads_an_error_and_not_for_ever() {
    let instance = blueprint().ready();
    let exchange = Exchange::of("/echo");
    exchange.push(b"some");
    start(&instance, &exchange).unwrap();
    while exchange.status().is_none() {
        instance.poll();
    }
    drop(exchange);
    instance.settle().unwrap();
}

#[test]
fn a_body_that_nobody_reads_is_taken_and_dropped() {
    let instance = blueprint().ready();
    let exchange = Exchange::of("/hello");
    let counts = Arc::new(Counts::default());
    assert_eq!(exchange.push(&[1; 64 << 10]), 64 << 10);
    assert_eq!(unsafe { hfb_exchange_room(exchange.0, &waker(&counts)) }, hfb_flow::Waiting);
    start(&instance, &exchange).unwrap();
    instance.settle().unwrap();
    assert_eq!(counts.woken.load(Ordering::SeqCst), 1);
    assert_eq!(exchange.room(), hfb_flow::Ended);
    assert_eq!(exchange.push(&[1; 200 << 10]), 200 << 10);
}

#[test]
fn an_exchange_is_of_one_call() {
    let instance = blueprint().ready();
    let (exchange, settled) = serve(&instance, "/hello");
    settled.unwrap();
    assert_eq!(start(&instance, &exchange).unwrap_err().kind, hfb_kind::BadValue);
    let refused = Exchange::of("/hello");
    unsafe { hfb_exchange_refuse(refused.0, slice(b"the queue is full")) };
    assert_eq!(refused.news(), hfb_flow::Lost);
    assert_eq!(refused.fault(), (fault::NotBegun, "the queue is full".to_owned()));
    assert_eq!(start(&instance, &refused).unwrap_err().kind, hfb_kind::BadValue);
}

#[test]
fn a_head_that_http_does_not_have_is_refused() {
    for (target, authority) in [("/a b\n", "shop.example"), ("/", "shop example"), ("/", "")] {
        let made = Exchange::make(&head(target, authority));
        assert_eq!(made.err().expect("refused").kind, hfb_kind::BadValue, "{target:?} {authority:?}");
    }
    let mut odd = head("/", "shop.example");
    odd.scheme = slice(b"gopher");
    assert!(Exchange::make(&odd).is_err());
    let field = [&1u32.to_le_bytes()[..], &1u32.to_le_bytes(), b"a", &3u32.to_le_bytes(), b"b\r\n"].concat();
    odd = head("/", "shop.example");
    odd.fields = slice(&field);
    assert!(Exchange::make(&odd).is_err());
}

#[test]
fn a_component_with_async_functions_serves_too_one_after_another() {
    let component = QUIET.compile(with_tasks().as_bytes()).expect("it compiles");
    let instance = component.blueprint().expect("it links").ready();
    let exchanges = [Exchange::of("/hello"), Exchange::of("/large"), Exchange::of("/trap")];
    for (number, exchange) in exchanges.iter().enumerate() {
        exchange.end();
        let begun = told(unsafe { hfb_instance_begin_exchange(instance.raw, number as u64, 0, exchange.0) });
        begun.expect("it begins");
    }
    let mut read = [0; 2];
    let lost = loop {
        let state = instance.poll();
        for (exchange, read) in exchanges.iter().zip(&mut read) {
            exchange.status();
            *read += exchange.read_all().len();
        }
        if state == hfb_state::Failed {
            break instance.error().expect("a reason");
        }
    };
    assert_eq!(lost.kind, hfb_kind::Trap);
    assert_eq!(read, [5, 4 << 20]);
    assert_eq!(exchanges.each_ref().map(Exchange::news), [hfb_flow::Ended, hfb_flow::Ended, hfb_flow::Lost]);
}

#[test]
fn another_export_and_a_tape_are_refused() {
    let component = QUIET.compile(with_tasks().as_bytes()).unwrap();
    let instance = component.blueprint().unwrap().ready();
    let exchange = Exchange::of("/hello");
    let begun = told(unsafe { hfb_instance_begin_exchange(instance.raw, 1, 1, exchange.0) });
    assert_eq!(begun.unwrap_err().kind, hfb_kind::Unsupported);
    let taped = ENGINE.compile_deterministic(TEXT.as_bytes(), "").unwrap();
    let taped = taped.taped_linker(1 << 20, None, None).unwrap().finish().unwrap().ready();
    assert_eq!(start(&taped, &exchange).unwrap_err().kind, hfb_kind::Unsupported);
}
