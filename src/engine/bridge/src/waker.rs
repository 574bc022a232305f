// SPDX-License-Identifier: Apache-2.0
//! The embedder's waker, and what becomes of it while the one whom it would wake polls.

use crate::abi::hfb_waker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::Wake;

/// The embedder's waker as Rust's: one for the whole life of an instance.
pub(crate) struct HostWaker {
    to: hfb_waker,
    /// One of the three below.
    polled: AtomicU8,
    /// The embedder was woken since the last poll began.
    woken: AtomicBool,
}

/// Who wakes wakes the embedder.
const NOT_POLLED: u8 = 0;
/// It is kept until the poll ends.
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

// SAFETY: the embedder's interface says that `wake` and `drop` may come on any thread; what it gave does not change.
unsafe impl Send for HostWaker {}
// SAFETY: as above.
unsafe impl Sync for HostWaker {}

impl HostWaker {
    pub(crate) fn new(to: hfb_waker) -> Arc<Self> {
        Arc::new(Self { to, polled: AtomicU8::new(NOT_POLLED), woken: AtomicBool::new(false) })
    }

    fn pass_on(&self) {
        self.woken.store(true, Ordering::Release);
        if let Some(wake) = self.to.wake {
            // SAFETY: the embedder gave the function and its context together, and `drop` was not called yet.
            unsafe { wake(self.to.context) }
        }
    }

    pub(crate) fn was_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// From here on a wake only leaves its mark, until the end of what is returned.
    pub(crate) fn keep(&self) -> Kept<'_> {
        self.woken.store(false, Ordering::Relaxed);
        self.polled.store(POLLED, Ordering::Release);
        Kept(self)
    }
}

pub(crate) struct Kept<'a>(&'a HostWaker);

impl Kept<'_> {
    /// Takes the mark.
    pub(crate) fn take(&self) -> bool {
        self.0.polled.compare_exchange(WOKEN, POLLED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if self.0.polled.swap(NOT_POLLED, Ordering::AcqRel) == WOKEN {
            self.0.pass_on();
        }
    }
}

impl Wake for HostWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let kept = |now| (now != NOT_POLLED).then_some(WOKEN);
        if self.polled.fetch_update(Ordering::AcqRel, Ordering::Acquire, kept).is_err() {
            self.pass_on();
        }
    }
}

impl Drop for HostWaker {
    fn drop(&mut self) {
        if let Some(drop) = self.to.drop {
            // SAFETY: as above, and this is the last use.
            unsafe { drop(self.to.context) }
        }
    }
}
