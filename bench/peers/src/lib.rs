// SPDX-License-Identifier: Apache-2.0
//! What Holdfast's figures are compared with: the same guest under the same engine, called directly.
//!
//! One archive holds this crate and the bridge, so a benchmark links each crate of the engine once. A C call makes a
//! whole batch of guest calls: what is timed is the calls, not the way to them. The C side is `include/holdfast_peers.h`.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]

mod floor;
mod ticker;

use floor::Floor;
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

/// See the C header.
///
/// # Safety
/// `component` points at `size` readable bytes, `message` at `room` writable ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_new(
    component: *const u8,
    size: usize,
    tick_ns: u64,
    message: *mut u8,
    room: usize,
) -> *mut hfp_guest {
    // SAFETY: the caller's promise.
    let component = unsafe { std::slice::from_raw_parts(component, size) };
    match Floor::new(component) {
        Ok(floor) => {
            let ticker = Ticker::start(floor.engine().clone(), Duration::from_nanos(tick_ns));
            Box::into_raw(Box::new(hfp_guest { floor, _ticker: ticker }))
        }
        Err(error) => {
            // SAFETY: the caller's promise.
            unsafe { tell(&format!("{error:?}"), message, room) };
            std::ptr::null_mut()
        }
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
/// As for `hfp_guest_add`, and `data` points at `size` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_echo(guest: *mut hfp_guest, data: *const u8, size: usize, calls: u32) -> bool {
    // SAFETY: the caller's promises.
    let (guest, data) = unsafe { (&mut *guest, std::slice::from_raw_parts(data, size)) };
    // The ends only: comparing all of it would be a third of the time.
    (0..calls).all(|_| match guest.floor.echo(data) {
        Ok(back) => back.len() == data.len() && back.first() == data.first() && back.last() == data.last(),
        Err(_) => false,
    })
}

/// See the C header.
///
/// # Safety
/// `guest` is null or a live guest, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfp_guest_free(guest: *mut hfp_guest) {
    if !guest.is_null() {
        // SAFETY: it came from `hfp_guest_new`; the caller gives it up.
        drop(unsafe { Box::from_raw(guest) });
    }
}
