// SPDX-License-Identifier: Apache-2.0
//! Segments of an instance's tape: what is recorded, taken and played.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_kind, hfb_slice};
use crate::error::{Failure, failure, guard, guard_or, hfb_error};
use crate::instance::{Phase, hfb_instance};
use crate::tape::Tape;

impl hfb_instance {
    fn tape(&self) -> Result<&Tape, Failure> {
        let none = || failure(hfb_kind::Internal, "the instance has no tape: its blueprint was linked without");
        self.shared.outside.tape.as_deref().ok_or_else(none)
    }
}

/// What comes next, be it the instantiation or a call, learns what these bytes have, which `hfb_instance_take_tape` once
/// answered, and not from outside: no host function is called, no clock waited for, and what the guest says is dropped.
/// Where it asks for anything else, or for more, it fails as `diverged`. The bytes are copied. What nobody plays is
/// recorded. Before the first poll, or while idle.
///
/// Errors: `internal` for misuse.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `tape` is readable for the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_play(instance: *mut hfb_instance, tape: hfb_slice) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (instance, tape) = unsafe { (&*instance, tape.bytes()) };
        let to = instance.tape()?;
        if instance.shared.slot(|slot| slot.phase) != Phase::Building {
            instance.idle()?;
        }
        to.play(tape.to_vec());
        Ok(())
    })
}

/// Ends a segment, which began where the last one was ended, and records the next: what the guest learned from outside,
/// maybe nothing. False: that was more than the limit, or was played, or there is no tape; `out` is empty then. Before
/// the first poll, or while no call is under way.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_take_tape(instance: *mut hfb_instance, out: *mut hfb_bytes) -> bool {
    // SAFETY: the caller's promise.
    let instance = unsafe { &*instance };
    let taken = guard_or(None, || instance.tape().ok()?.take());
    let is_there = taken.is_some();
    // SAFETY: the caller's promise.
    unsafe {
        *out = match taken {
            Some(tape) if tape.capacity() != 0 => hfb_bytes::from_vec(tape),
            _ => hfb_bytes::empty(),
        };
    }
    is_there
}

/// Ends a segment that was played, and records the next. Null where all of it was used, and where none was played, which
/// changes nothing.
///
/// Errors: `diverged`, which names what comes next.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_end_play(instance: *mut hfb_instance) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let left = unsafe { &*instance }.shared.outside.tape.as_ref().and_then(|tape| tape.end_play());
        left.map_or(Ok(()), |left| Err(failure(hfb_kind::Diverged, left.0)))
    })
}
