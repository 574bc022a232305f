// SPDX-License-Identifier: Apache-2.0
//! HTTP requests to a component that exports `wasi:http/incoming-handler`, for C.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_kind, hfb_slice, hfb_waker};
use crate::among::{ALONE, Accepted};
use crate::blueprint::BlueprintShared;
use crate::body::may_begin_exchange;
use crate::engine::Concurrency;
use crate::error::{Failure, failure, guard, guard_or, hfb_error};
use crate::http_exchange::{Exchange, Fault, Request, Told, hfb_exchange_fault};
use crate::instance::{Command, Phase, Shared, hfb_instance};
use crate::pipe::hfb_flow;
use holdfast_wave::packed::{Reader, Writer};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

/// A request and its response on their way through one call of a guest, opaque to C. Its functions may be called from any
/// thread, beside polls of the instance too, by one thread for the request's body and one for the response at a time.
/// They never block, and no lock is held while they call back.
pub struct hfb_exchange {
    shared: Arc<Exchange>,
}

/// The head of a request. All of it is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_request_head {
    pub method: hfb_slice,
    /// `http` or `https`.
    pub scheme: hfb_slice,
    /// Host and port as the client named them; they take the place of a field `host`.
    pub authority: hfb_slice,
    /// Path and query.
    pub target: hfb_slice,
    /// Packed: count, then text name and bytes value each. Fields that are of one connection are left out.
    pub fields: hfb_slice,
}

fn text<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| bad(format!("the {what} is not text")))
}

fn bad(why: impl Into<String>) -> Failure {
    failure(hfb_kind::BadValue, why)
}

/// # Safety
/// The slices of `head` are readable.
unsafe fn request(head: &hfb_request_head) -> Result<Request, Failure> {
    // SAFETY: the caller's promise.
    let (method, scheme, authority, target, fields) = unsafe {
        (head.method.bytes(), head.scheme.bytes(), head.authority.bytes(), head.target.bytes(), head.fields.bytes())
    };
    let scheme = text(scheme, "scheme")?;
    let known = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => return Err(bad(format!("the scheme is `{}`, not http or https", other.escape_debug()))),
    };
    let uri = http::Uri::builder().scheme(scheme).authority(authority).path_and_query(target).build();
    let uri = uri.map_err(|error| bad(format!("the request's authority or target: {error}")))?;
    let mut made = http::Request::builder().method(method).uri(uri);
    let mut reader = Reader::new(fields);
    let count = if fields.is_empty() { 0 } else { reader.count(8).map_err(|error| bad(error.to_string()))? };
    for _ in 0..count {
        let name = reader.text().map_err(|error| bad(format!("the request's fields: {error}")))?;
        let value = reader.run(1).map_err(|error| bad(format!("the request's fields: {error}")))?;
        made = made.header(name, value);
    }
    reader.finish().map_err(|error| bad(format!("the request's fields: {error}")))?;
    let head = made.body(()).map_err(|error| bad(format!("the request's head: {error}")))?;
    Ok(Request { scheme: known, head })
}

/// Makes an exchange of a request's head; its body follows by `hfb_exchange_push`.
///
/// Errors: `bad_value`, which names what is wrong with the head.
///
/// # Safety
/// `head` is readable, with readable slices; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_new(
    head: *const hfb_request_head,
    out: *mut *mut hfb_exchange,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let request = unsafe { request(&*head) }?;
        let exchange = hfb_exchange { shared: Exchange::new(request) };
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(exchange)) };
        Ok(())
    })
}

/// # Safety
/// `waker` is null or readable; it is taken over.
unsafe fn told(waker: *const hfb_waker) -> Option<Told> {
    // SAFETY: the caller's promise.
    unsafe { waker.as_ref() }.map(|waker| Told::new(*waker))
}

/// Whether more of the request's body can be pushed: `open`; `waiting`; `ended`: nobody reads it any more, or its end was
/// pushed. Where it waits, `waker` is called once when that changes, in place of one that was given before; it is taken
/// over in every case, and may be null.
///
/// # Safety
/// `exchange` is a live exchange; `waker` is null or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_room(exchange: *const hfb_exchange, waker: *const hfb_waker) -> hfb_flow {
    // SAFETY: the caller's promises.
    guard_or(hfb_flow::Ended, || unsafe { (*exchange).shared.room(told(waker)) })
}

/// Pushes some of the request's body, and answers how much there was room for. What the guest does not read any more is
/// taken and dropped.
///
/// # Safety
/// `exchange` is a live exchange, `bytes` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_push(exchange: *const hfb_exchange, bytes: hfb_slice) -> usize {
    // SAFETY: the caller's promises.
    guard_or(0, || unsafe { (*exchange).shared.push(bytes.bytes()) })
}

/// The request's body has ended; `lost`: before it was whole, which its guest reads as an error.
///
/// # Safety
/// `exchange` is a live exchange.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_end_push(exchange: *const hfb_exchange, lost: bool) {
    // SAFETY: the caller's promise.
    guard_or((), || unsafe { (*exchange).shared.end_push(lost) });
}

/// Whether there is something of the response, its head first and then its body: `open`; `waiting`; `ended`: the body is
/// whole; `lost`: no more comes, and `hfb_exchange_fault_of` says why. As `hfb_exchange_room`.
///
/// # Safety
/// As for `hfb_exchange_room`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_news(exchange: *const hfb_exchange, waker: *const hfb_waker) -> hfb_flow {
    // SAFETY: the caller's promises.
    guard_or(hfb_flow::Lost, || unsafe { (*exchange).shared.news(told(waker)) })
}

/// Takes the response's head: its status, and its fields packed as those of a request. False: it is not there, or was
/// taken.
///
/// # Safety
/// `exchange` is a live exchange; `status` and `fields` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_take_head(
    exchange: *const hfb_exchange,
    status: *mut u16,
    fields: *mut hfb_bytes,
) -> bool {
    // SAFETY: the caller's promise.
    let exchange = unsafe { &*exchange };
    guard_or(false, || {
        let Some(head) = exchange.shared.take_head() else { return false };
        let mut writer = Writer::new();
        writer.length(head.fields.len());
        for (name, value) in &head.fields {
            writer.text(name.as_str());
            writer.length(value.as_bytes().len());
            writer.raw(value.as_bytes());
        }
        // SAFETY: the caller's promise.
        unsafe {
            *status = head.status;
            *fields = hfb_bytes::from_vec(writer.bytes);
        }
        true
    })
}

/// Copies what is there of the response's body, and answers how much that is. Only after its head was taken.
///
/// # Safety
/// `exchange` is a live exchange; `into` points at `size` writable, initialized bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_read(exchange: *const hfb_exchange, into: *mut u8, size: usize) -> usize {
    if size == 0 {
        return 0;
    }
    // SAFETY: the caller's promises.
    guard_or(0, || unsafe { (*exchange).shared.read(std::slice::from_raw_parts_mut(into, size)) })
}

/// Why there is no response, or no more of it, and a sentence about it: it may quote the guest, is escaped as messages of
/// errors are, and belongs to the caller. `detail` may be null.
///
/// # Safety
/// `exchange` is a live exchange; `detail` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_fault_of(
    exchange: *const hfb_exchange,
    detail: *mut hfb_bytes,
) -> hfb_exchange_fault {
    // SAFETY: the caller's promise.
    let (kind, text) = guard_or((hfb_exchange_fault::Lost, String::new()), || unsafe {
        (*exchange).shared.with_fault(|fault| match fault {
            Some(fault) => (fault.kind, fault.detail.clone()),
            None => (hfb_exchange_fault::None, String::new()),
        })
    });
    if !detail.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *detail = hfb_bytes::from_vec(text.into_bytes()) };
    }
    kind
}

/// No guest will be entered for it any more, and why: it ends as `not_begun`. One whose call has ended is as before.
///
/// # Safety
/// `exchange` is a live exchange, `why` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_refuse(exchange: *const hfb_exchange, why: hfb_slice) {
    // SAFETY: the caller's promises.
    guard_or((), || unsafe { (*exchange).shared.refuse(&String::from_utf8_lossy(why.bytes())) });
}

/// The client is gone. The guest goes on: what it writes is taken and dropped, and reading the request's body ends with an
/// error. Nobody is told any more.
///
/// # Safety
/// `exchange` is a live exchange.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_abandon(exchange: *const hfb_exchange) {
    // SAFETY: the caller's promise.
    guard_or((), || unsafe { (*exchange).shared.abandon() });
}

/// Abandons the exchange and gives it up. A guest that has it keeps what it needs. Null is fine.
///
/// # Safety
/// `exchange` is null or a live exchange, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_exchange_free(exchange: *mut hfb_exchange) {
    if !exchange.is_null() {
        // SAFETY: it came from `hfb_exchange_new`; the caller gives it up.
        let exchange = unsafe { Box::from_raw(exchange) };
        guard_or((), || {
            exchange.shared.abandon();
            drop(exchange);
        });
    }
}

fn prepare(blueprint: &BlueprintShared, number: usize, exchange: &Exchange) -> Result<(), Failure> {
    may_begin_exchange(blueprint, number)?;
    exchange.claim(blueprint.component.engine.reactor())
}

/// Begins a call of exported function number `function`, which is `wasi:http/incoming-handler#handle`, with an exchange
/// in place of arguments. Otherwise as `hfb_instance_start`. The exchange learns of the call's end before the poll that
/// tells it, or as the instance is freed, and may be freed earlier.
///
/// Errors: `bad_value` where the exchange was begun before, or refused; `unsupported` for another export, and with a tape;
/// `internal` for misuse.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `exchange` is a live exchange.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_start_exchange(
    instance: *mut hfb_instance,
    function: u32,
    exchange: *const hfb_exchange,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (instance, exchange) = unsafe { (&*instance, (*exchange).shared.clone()) };
        instance.idle()?;
        let number = function as usize;
        prepare(&instance.blueprint, number, &exchange)?;
        instance.shared.outside.interrupted.store(false, Ordering::Relaxed);
        instance.accept(Command::Exchange { number })?;
        instance.shared.carry(ALONE, exchange);
        if instance.blueprint.component.code.concurrency == Concurrency::On {
            instance.shared.slot(|slot| slot.calls.accepted.push_back(Accepted::exchange(ALONE, number)));
        }
        Ok(())
    })
}

/// The same beside other calls in flight, as `hfb_instance_begin`.
///
/// # Safety
/// As for `hfb_instance_start_exchange`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_begin_exchange(
    instance: *mut hfb_instance,
    call: u64,
    function: u32,
    exchange: *const hfb_exchange,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (instance, exchange) = unsafe { (&*instance, (*exchange).shared.clone()) };
        if instance.blueprint.component.code.concurrency == Concurrency::Off || call == ALONE {
            return Err(failure(hfb_kind::Internal, "the instance runs one call at a time"));
        }
        if !instance.shared.slot(|slot| slot.phase == Phase::Running && slot.serving) {
            instance.idle()?;
        }
        let number = function as usize;
        prepare(&instance.blueprint, number, &exchange)?;
        instance.shared.carry(call, exchange);
        instance.shared.slot(|slot| {
            if slot.phase == Phase::Idle {
                instance.shared.outside.interrupted.store(false, Ordering::Relaxed);
            }
            slot.phase = Phase::Running;
            slot.serving = true;
            slot.calls.accepted.push_back(Accepted::exchange(call, number));
        });
        Ok(())
    })
}

/// The exchanges of the calls of one instance.
impl Shared {
    fn carry(&self, call: u64, exchange: Arc<Exchange>) {
        self.slot(|slot| slot.exchanges.push((call, exchange)));
    }

    pub(crate) fn carried(&self, call: u64) -> Option<Arc<Exchange>> {
        self.slot(|slot| slot.exchanges.iter().find(|(of, _)| *of == call).map(|(_, exchange)| exchange.clone()))
    }

    /// The guest has returned.
    pub(crate) fn carried_out(&self, call: u64) {
        let ended = self.slot(|slot| {
            let found = slot.exchanges.iter().position(|(of, _)| *of == call)?;
            Some(slot.exchanges.swap_remove(found).1)
        });
        if let Some(exchange) = ended {
            exchange.settle(None);
        }
    }

    /// The store is about to go.
    pub(crate) fn lose_exchanges(&self, why: &str) {
        for (_, exchange) in self.slot(|slot| std::mem::take(&mut slot.exchanges)) {
            exchange.settle(Some(Fault { kind: hfb_exchange_fault::Lost, detail: why.to_owned() }));
        }
    }
}
