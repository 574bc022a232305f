// SPDX-License-Identifier: Apache-2.0
//! Calls of exports that are declared brief: they have one slice, so they never yield, and need no stack of their own.
//!
//! Such a call runs as a plain function on the stack of the thread that polls, where that has as much left as a stack of
//! its own would have. Where it has not, as on a thread of few bytes or inside a stackful coroutine, the call runs on a
//! fiber as every other does, and differs in nothing else.

use std::cell::Cell;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Nanoseconds. A call that has run for less since its first tick goes on at the second: its thread was kept waiting by
/// others, and that is not the guest's doing. A tenth of the longest tick.
const LEAST_RUN: u64 = 500_000;

/// The slice of the brief call under way. Relaxed everywhere: only the driving thread comes here.
pub(crate) struct Slice {
    /// `NONE`, `FRESH`, or what the thread had run when the first tick was seen.
    since: AtomicU64,
    over: AtomicBool,
}

const NONE: u64 = 0;
const FRESH: u64 = 1;

impl Slice {
    pub(crate) const fn new() -> Self {
        Self { since: AtomicU64::new(NONE), over: AtomicBool::new(false) }
    }

    pub(crate) fn begin(&self) {
        self.since.store(FRESH, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.since.store(NONE, Ordering::Relaxed);
    }

    /// A tick came by. `None`: no brief call is under way; otherwise whether its slice is over.
    ///
    /// The first tick may come at once, so the second is the end: a slice is one tick at least and two at most.
    pub(crate) fn tick(&self) -> Option<bool> {
        let over = match self.since.load(Ordering::Relaxed) {
            NONE => return None,
            FRESH => {
                self.since.store(has_run().max(FRESH + 1), Ordering::Relaxed);
                false
            }
            since => has_run().saturating_sub(since) >= LEAST_RUN,
        };
        self.over.store(over, Ordering::Relaxed);
        Some(over)
    }

    /// Whether the call was cut for it.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Nanoseconds for which this thread has had a processor.
fn has_run() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes the one structure that it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64)
}

thread_local! {
    /// Where this thread's stack may be used, once it was looked up: the system reads a file for it.
    static STACK: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Bytes that are left of the calling thread's stack; 0 where it runs on another one, such as a coroutine's.
pub(crate) fn stack_left() -> usize {
    let mark = 0u8;
    let here = black_box(&raw const mark).addr();
    let (low, high) = STACK.get().unwrap_or_else(|| {
        let found = bounds();
        STACK.set(Some(found));
        found
    });
    if (low..high).contains(&here) { here - low } else { 0 }
}

fn bounds() -> (usize, usize) {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut start, mut size, mut guard) = (std::ptr::null_mut(), 0, 0);
    // SAFETY: the attributes are filled in before they are read, and given back once; the rest are our own variables.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return (0, 0);
        }
        libc::pthread_attr_getstack(attributes.as_ptr(), &mut start, &mut size);
        libc::pthread_attr_getguardsize(attributes.as_ptr(), &mut guard);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
    }
    // The C library may count the guard as part of the stack.
    (start.addr() + guard, start.addr() + size)
}
