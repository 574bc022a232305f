// SPDX-License-Identifier: Apache-2.0
//! Several calls in one instance, for C: of components with async functions.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_kind, hfb_slice};
use crate::among::{ALONE, Accepted};
use crate::blueprint::hfb_blueprint;
use crate::body::check;
use crate::engine::Concurrency;
use crate::error::{failure, guard, guard_or, hfb_error};
use crate::instance::{Phase, hfb_instance};
use crate::lower::Args;
use std::sync::atomic::Ordering;

/// Begins a call beside those in flight, of an instance whose component has async functions; polls run it. `call` is its
/// number, which no other call in flight has, and not `UINT64_MAX`.
///
/// Not before the instance is idle for the first time, and not beside `hfb_instance_start` or `_start_drop`. The bytes of
/// `args`, and those they refer to, stay alive and unchanged until `hfb_instance_next_ended` tells of the call, a poll
/// answers `failed`, or the instance is freed.
///
/// An interrupt that came for others holds on.
///
/// Errors: as for `hfb_instance_start`; `internal` also where the component has no async functions.
///
/// # Safety
/// As for `hfb_instance_start`, with that promise about `args`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_begin(
    instance: *mut hfb_instance,
    call: u64,
    function: u32,
    args: hfb_slice,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let (instance, args) = unsafe { (&*instance, args.bytes()) };
        if instance.blueprint.component.code.concurrency == Concurrency::Off || call == ALONE {
            return Err(failure(hfb_kind::Internal, "the instance runs one call at a time"));
        }
        if !instance.shared.slot(|slot| slot.phase == Phase::Running && slot.serving) {
            instance.idle()?;
        }
        let number = function as usize;
        // SAFETY: the caller's promise about references.
        let checked = unsafe { Args::new(args, &instance.shared.outside.handles) };
        check(&instance.blueprint, number, &checked)?;
        instance.shared.slot(|slot| {
            if slot.phase == Phase::Idle {
                instance.shared.outside.interrupted.store(false, Ordering::Relaxed);
            }
            slot.phase = Phase::Running;
            slot.serving = true;
            slot.calls.accepted.push_back(Accepted { call, number, args: Some(args) });
        });
        Ok(())
    })
}

/// Takes the packed result of a call that `hfb_instance_begin` began and that has ended, in the order of their ends.
/// False: there is none. To be asked after each poll: a poll answers `ready` only when all have ended, and every task that
/// they left behind.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `call` and `result` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_next_ended(
    instance: *mut hfb_instance,
    call: *mut u64,
    result: *mut hfb_bytes,
) -> bool {
    // SAFETY: the caller's promise.
    let instance = unsafe { &*instance };
    guard_or(false, || {
        let Some((number, answer)) = instance.shared.slot(|slot| slot.calls.ended.pop_front()) else { return false };
        let packed = answer.into_vec();
        // SAFETY: the caller's promise.
        unsafe {
            *call = number;
            *result = if packed.capacity() == 0 { hfb_bytes::empty() } else { hfb_bytes::from_vec(packed) };
        }
        true
    })
}

/// Whether a call that was begun now would wait: the guest has raised its back-pressure, or one of its tasks has the store
/// to itself, between two slices or while it waits for a host function that is not async. The waker is called when that
/// is over. A guest that is idle and holds back does so for good, as does one that has failed.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_holds_back(instance: *const hfb_instance) -> bool {
    // SAFETY: the caller's promise.
    let shared = &unsafe { &*instance }.shared;
    shared.outside.held.load(Ordering::Relaxed)
        || guard_or(false, || shared.slot(|slot| slot.calls.held_back || slot.phase == Phase::Failed))
}

/// Whether an idle instance was woken: what comes through streams and futures that its guest passed on may have to move. A
/// poll of it answers as ever.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_stirs(instance: *const hfb_instance) -> bool {
    // SAFETY: the caller's promise.
    let instance = unsafe { &*instance };
    guard_or(false, || instance.stirs())
}

/// Whether a call of this exported function may keep others, begun later, from being entered until it has ended: it is
/// lifted synchronously, or nobody can say.
///
/// # Safety
/// `blueprint` is a live blueprint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_blueprint_runs_alone(blueprint: *const hfb_blueprint, function: u32) -> bool {
    // SAFETY: the caller's promise.
    let description = &unsafe { &*blueprint }.shared.component.description;
    guard_or(true, || {
        let export = description.exports.get(function as usize);
        export.is_none_or(|export| !(export.is_async && description.lifts_async))
    })
}

/// After a poll answered `failed`: the call whose task ran when the store was lost. False: it was none in particular.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `call` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_failed_call(instance: *const hfb_instance, call: *mut u64) -> bool {
    // SAFETY: the caller's promise.
    let failed = guard_or(None, || unsafe { &*instance }.shared.slot(|slot| slot.calls.failed));
    let Some(number) = failed.filter(|&number| number != ALONE) else { return false };
    // SAFETY: the caller's promise.
    unsafe { *call = number };
    true
}
