// SPDX-License-Identifier: Apache-2.0
//! The problem that Holdfast solves, shown on the real engine: here a caller owns the future of its call, and drops it
//! when it leaves, while the store lives on.
//!
//! The only place where a call's future is dropped without its store. Nothing but the demonstration uses it.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_kind, hfb_slice};
use crate::blueprint::{BlueprintShared, hfb_blueprint};
use crate::body::{Body, Outside, check, store};
use crate::error::{Failure, failure, guard, guard_or, hfb_error};
use crate::guest::Foreign;
use crate::lower::Args;
use std::ffi::c_void;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use wasmtime::UpdateDeadline;

/// An instance whose callers own their calls, opaque to C. One thread at a time.
pub struct hfb_direct {
    blueprint: Arc<BlueprintShared>,
    outside: Outside,
    body: Body,
}

/// How long a call may sit without a wake before it counts as stuck for ever.
const STUCK: Duration = Duration::from_secs(60);

/// Blocks a thread until its future is worth polling again.
#[derive(Default)]
struct Parker {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

impl Parker {
    /// False when nothing came in time.
    fn park(&self) -> bool {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut woken, timeout) =
            self.changed.wait_timeout_while(woken, STUCK, |woken| !*woken).unwrap_or_else(PoisonError::into_inner);
        *woken = false;
        !timeout.timed_out()
    }
}

/// Polls `future` on this thread. `None`: it was still pending after `polls` polls (0: never) and was dropped.
fn run<T>(future: impl Future<Output = Result<T, Failure>>, polls: u32) -> Result<Option<T>, Failure> {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(parker.clone());
    let mut future = pin!(future);
    let mut left = polls;
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return outcome.map(Some);
        }
        left = left.saturating_sub(1);
        if polls != 0 && left == 0 {
            return Ok(None);
        }
        if !parker.park() {
            return Err(failure(hfb_kind::Internal, format!("nothing woke the call for {} s", STUCK.as_secs())));
        }
    }
}

/// Makes an instance for direct calls and instantiates it, blocking.
///
/// # Safety
/// `blueprint` is a live blueprint, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_direct_new(
    blueprint: *const hfb_blueprint,
    user: *mut c_void,
    out: *mut *mut hfb_direct,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let blueprint = unsafe { &*blueprint }.shared.clone();
        let _reactor = blueprint.component.engine.reactor().enter();
        let outside = Outside::new(&blueprint.limits, blueprint.tape_bytes);
        let store = store(&blueprint, &outside, Foreign(user), || UpdateDeadline::Yield(1))?;
        let Some(body) = run(Body::instantiate(store, &blueprint, &outside), 0)? else {
            return Err(failure(hfb_kind::Internal, "an instantiation was left"));
        };
        let direct = hfb_direct { blueprint: blueprint.clone(), outside, body };
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(direct)) };
        Ok(())
    })
}

/// Calls exported function number `function`, blocking, with the call's future in this caller's hands: when it is still
/// pending after `leave_after_polls` polls (0: never leave), the caller leaves and the future is dropped; `*left` is
/// true then and there is no result. The store stays, and what became of it is what the next call shows: its error is
/// Wasmtime's own. A tick of the engine ends a poll too.
///
/// # Safety
/// `direct` is live with no other call on it, `args` is readable for the call (references included), `result` and
/// `left` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_direct_call(
    direct: *mut hfb_direct,
    function: u32,
    args: hfb_slice,
    leave_after_polls: u32,
    result: *mut hfb_bytes,
    left: *mut bool,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (direct, args) = unsafe { (&mut *direct, args.bytes()) };
        // SAFETY: the caller's promise about references.
        let args = unsafe { Args::new(args, &direct.outside.handles) };
        let number = function as usize;
        check(&direct.blueprint, number, &args)?;
        let _reactor = direct.blueprint.component.engine.reactor().enter();
        let outcome = run(direct.body.call(number, &args, &direct.outside), leave_after_polls)?;
        // SAFETY: the caller's promises.
        unsafe {
            *left = outcome.is_none();
            *result = outcome.map_or_else(hfb_bytes::empty, |answer| hfb_bytes::from_vec(answer.into_vec()));
        }
        Ok(())
    })
}

/// Frees it. Null is fine.
///
/// # Safety
/// `direct` is null or live with no call on it, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_direct_free(direct: *mut hfb_direct) {
    if !direct.is_null() {
        // SAFETY: it came from `hfb_direct_new`; the caller gives it up.
        guard_or((), || {
            let direct = unsafe { Box::from_raw(direct) };
            let engine = direct.blueprint.component.engine.clone();
            let _reactor = engine.reactor().enter();
            drop(direct);
        });
    }
}
