// SPDX-License-Identifier: Apache-2.0
//! What Holdfast's figures are compared with, under the same engine: the direct call, the usual cure around it, and the
//! official C API.
//!
//! One archive holds this crate and the bridge, so a benchmark links each crate of the engine once. A C call makes a
//! whole batch of guest calls: what is timed is the calls, not the way to them. The C side is `include/holdfast_peers.h`.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]

mod actor;
mod capi;
mod concurrent;
mod floor;
mod guest;
mod histogram;
mod many;
mod slots;
mod ticker;

use actor::Actor;
use capi::CApi;
use concurrent::Concurrent;
use floor::Floor;
use histogram::hfp_histogram;
use many::Many;
use slots::Slots;
use std::time::Duration;
use ticker::Ticker;

/// The bridge's C functions are part of this library.
pub use holdfast_bridge as bridge;

/// A guest that is called directly, opaque to C.
pub struct hfp_guest {
    floor: Floor,
    /// Stopped with the guest.
    _ticker: Ticker,
}

/// Many instances of the guest, opaque to C.
pub struct hfp_many {
    many: Many,
    /// Stopped with them.
    _ticker: Ticker,
}

/// An instance that calls share, opaque to C.
pub struct hfp_concurrent {
    concurrent: Concurrent,
    /// Stopped with it.
    _ticker: Ticker,
}

/// Short-lived instances, opaque to C.
pub struct hfp_slots {
    slots: Slots,
}

/// The same guest behind a task of its own, opaque to C.
pub struct hfp_actor {
    actor: Actor,
}

/// The same guest behind the official C API, opaque to C.
pub struct hfp_capi {
    api: CApi,
}

/// Text handed to C; cut where it does not fit, always ended by a zero.
///
/// # Safety
/// `message` points at `room` writable bytes, or `room` is 0.
unsafe fn tell(text: &str, message: *mut u8, room: usize) {
    let Some(most) = room.checked_sub(1) else { return };
    let size = text.len().min(most);
    // SAFETY: the caller's promise; `size` is below `room`.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), message, size);
        message.add(size).write(0);
    }
}

/// What was made, or null and the reason in `message`.
///
/// # Safety
/// As for `tell`.
unsafe fn made<T, E: std::fmt::Debug>(result: Result<T, E>, message: *mut u8, room: usize) -> *mut T {
    match result {
        Ok(made) => Box::into_raw(Box::new(made)),
        Err(error) => {
            // SAFETY: the caller's promise.
            unsafe { tell(&format!("{error:?}"), message, room) };
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// `which` is null or came from `made`, and is not used again.
unsafe fn free<T>(which: *mut T) {
    if !which.is_null() {
        // SAFETY: the caller gives it up.
        drop(unsafe { Box::from_raw(which) });
    }
}

/// The ends only: comparing all of it would be a third of the time.
fn same_ends(back: &[u8], data: &[u8]) -> bool {
    back.len() == data.len() && back.first() == data.first() && back.last() == data.last()
}

/// See the C header.
///
/// # Safety
/// `component` points at `size` readable bytes, `message` at `room` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_new(
    component: *const u8,
    size: usize,
    tick_ns: u64,
    instances: u32,
    message: *mut u8,
    room: usize,
) -> *mut hfp_guest {
    // SAFETY: the caller's promises.
    unsafe {
        let guest = Floor::new(std::slice::from_raw_parts(component, size), instances).map(|floor| {
            let ticker = Ticker::start(floor.engine().clone(), Duration::from_nanos(tick_ns));
            hfp_guest { floor, _ticker: ticker }
        });
        made(guest, message, room)
    }
}

/// See the C header.
///
/// # Safety
/// `guest` is a live guest that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_add(guest: *mut hfp_guest, calls: u32) -> bool {
    // SAFETY: the caller's promise.
    let guest = unsafe { &mut *guest };
    (0..calls).all(|i| matches!(guest.floor.add(i, 7), Ok(sum) if sum == i.wrapping_add(7)))
}

/// See the C header.
///
/// # Safety
/// As for `hfp_guest_add`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_add_here(guest: *mut hfp_guest, calls: u32) -> bool {
    // SAFETY: the caller's promise.
    let guest = unsafe { &mut *guest };
    (0..calls).all(|i| matches!(guest.floor.add_here(i, 7), Ok(sum) if sum == i.wrapping_add(7)))
}

/// See the C header.
///
/// # Safety
/// As for `hfp_guest_add`, and `data` points at `size` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_echo(guest: *mut hfp_guest, data: *const u8, size: usize, calls: u32) -> bool {
    // SAFETY: the caller's promises.
    let (guest, data) = unsafe { (&mut *guest, std::slice::from_raw_parts(data, size)) };
    (0..calls).all(|_| guest.floor.echo(data).is_ok_and(|back| same_ends(&back, data)))
}

/// See the C header.
///
/// # Safety
/// `guest` is a live guest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_add_in_new(guest: *const hfp_guest, calls: u32) -> bool {
    // SAFETY: the caller's promise.
    let guest = unsafe { &*guest };
    (0..calls).all(|i| matches!(guest.floor.add_in_new(i, 7), Ok(sum) if sum == i.wrapping_add(7)))
}

/// See the C header.
///
/// # Safety
/// `guest` is null or a live guest, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_free(guest: *mut hfp_guest) {
    // SAFETY: the caller's promise.
    unsafe { free(guest) }
}

/// See the C header.
///
/// # Safety
/// As for `hfp_guest_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_many_new(
    component: *const u8,
    size: usize,
    tick_ns: u64,
    count: u32,
    message: *mut u8,
    room: usize,
) -> *mut hfp_many {
    // SAFETY: the caller's promises.
    unsafe {
        let many = Many::new(std::slice::from_raw_parts(component, size), count).map(|many| {
            let ticker = Ticker::start(many.engine().clone(), Duration::from_nanos(tick_ns));
            hfp_many { many, _ticker: ticker }
        });
        made(many, message, room)
    }
}

/// See the C header.
///
/// # Safety
/// `many` is live and no other thread uses it now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_many_add(many: *mut hfp_many, calls: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { &mut *many }.many.add(calls).is_ok()
}

/// See the C header.
///
/// # Safety
/// `many` is null or live, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_many_free(many: *mut hfp_many) {
    // SAFETY: the caller's promise.
    unsafe { free(many) }
}

/// See the C header.
///
/// # Safety
/// As for `hfp_guest_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_concurrent_new(
    component: *const u8,
    size: usize,
    tick_ns: u64,
    message: *mut u8,
    room: usize,
) -> *mut hfp_concurrent {
    // SAFETY: the caller's promises.
    unsafe {
        let concurrent = Concurrent::new(std::slice::from_raw_parts(component, size)).map(|concurrent| {
            let ticker = Ticker::start(concurrent.engine().clone(), Duration::from_nanos(tick_ns));
            hfp_concurrent { concurrent, _ticker: ticker }
        });
        made(concurrent, message, room)
    }
}

/// See the C header.
///
/// # Safety
/// `concurrent` is live and no other thread uses it now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_concurrent_add(concurrent: *mut hfp_concurrent, in_flight: u32, calls: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { &mut *concurrent }.concurrent.add(in_flight, calls).is_ok()
}

/// See the C header.
///
/// # Safety
/// `concurrent` is null or live, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_concurrent_free(concurrent: *mut hfp_concurrent) {
    // SAFETY: the caller's promise.
    unsafe { free(concurrent) }
}

/// See the C header.
///
/// # Safety
/// `component` points at `size` readable bytes, `message` at `room` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_slots_new(
    component: *const u8,
    size: usize,
    keep_resident: usize,
    scan: bool,
    message: *mut u8,
    room: usize,
) -> *mut hfp_slots {
    // SAFETY: the caller's promises.
    unsafe {
        let slots = Slots::new(std::slice::from_raw_parts(component, size), keep_resident, scan);
        made(slots.map(|slots| hfp_slots { slots }), message, room)
    }
}

/// See the C header.
///
/// # Safety
/// `slots` are live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_slots_touch(slots: *const hfp_slots, pages: u32, times: u32) -> bool {
    // SAFETY: the caller's promise.
    let slots = unsafe { &*slots };
    (0..times).all(|_| slots.slots.touch(pages).is_ok())
}

/// See the C header.
///
/// # Safety
/// `slots` is null or live, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_slots_free(slots: *mut hfp_slots) {
    // SAFETY: the caller's promise.
    unsafe { free(slots) }
}

/// See the C header.
///
/// # Safety
/// `guest` is a live guest, `message` points at `room` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_actor_new(
    guest: *const hfp_guest,
    workers: u32,
    depth: u32,
    message: *mut u8,
    room: usize,
) -> *mut hfp_actor {
    // SAFETY: the caller's promises.
    unsafe {
        let actor = Actor::new(&(*guest).floor.blueprint, workers as usize, depth as usize);
        made(actor.map(|actor| hfp_actor { actor }), message, room)
    }
}

/// See the C header.
///
/// # Safety
/// `actor` is a live actor that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_actor_calls(actor: *const hfp_actor, callers: u32, each: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { &*actor }.actor.calls(callers, each).is_ok()
}

/// See the C header.
///
/// # Safety
/// `actor` is a live actor and `into` a live histogram that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_actor_open_loop(
    actor: *const hfp_actor,
    gap_ns: u64,
    time_ns: u64,
    most: usize,
    into: *mut hfp_histogram,
) -> bool {
    // SAFETY: the caller's promises.
    let (actor, into) = unsafe { (&*actor, &mut *into) };
    let (gap, time) = (Duration::from_nanos(gap_ns), Duration::from_nanos(time_ns));
    actor.actor.open_loop(gap, time, most, |took| into.record(took)).is_ok()
}

/// See the C header.
///
/// # Safety
/// `actor` is null or a live actor, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_actor_free(actor: *mut hfp_actor) {
    // SAFETY: the caller's promise.
    unsafe { free(actor) }
}

/// See the C header.
///
/// # Safety
/// `component` points at `size` readable bytes, `message` at `room` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_capi_new(
    component: *const u8,
    size: usize,
    message: *mut u8,
    room: usize,
) -> *mut hfp_capi {
    // SAFETY: the caller's promises.
    unsafe {
        let api = CApi::new(std::slice::from_raw_parts(component, size));
        made(api.map(|api| hfp_capi { api }), message, room)
    }
}

/// See the C header.
///
/// # Safety
/// `api` is live and no other thread uses it now, `data` points at `size` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_capi_echo(api: *mut hfp_capi, data: *const u8, size: usize, calls: u32) -> bool {
    // SAFETY: the caller's promises.
    let (api, data) = unsafe { (&mut (*api).api, std::slice::from_raw_parts(data, size)) };
    (0..calls).all(|_| api.echo(data).is_ok_and(|back| same_ends(&back, data)))
}

/// See the C header.
///
/// # Safety
/// `api` is null or live, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_capi_free(api: *mut hfp_capi) {
    // SAFETY: the caller's promise.
    unsafe { free(api) }
}
