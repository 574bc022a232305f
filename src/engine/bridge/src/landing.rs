// SPDX-License-Identifier: Apache-2.0
//! Where the result of the poll that runs on this thread may land.
//!
//! `Lift` is Wasmtime's and knows nothing of ours, so what a poll was given waits for it here. A guest's stack changes
//! threads between polls, never within one.

use crate::abi::{hfb_landing, hfb_slice};
use std::cell::Cell;

thread_local! {
    static LENT: Cell<Option<hfb_landing>> = const { Cell::new(None) };
}

/// Ends what `lend` began.
pub(crate) struct Lent {
    before: Option<hfb_landing>,
}

/// Lends a landing place, or none, to what this thread lifts, until the answer is dropped.
///
/// One poll inside another, from a host function, has its own: a result must never land in another call's place.
pub(crate) fn lend(place: Option<hfb_landing>) -> Lent {
    Lent { before: LENT.replace(place) }
}

impl Drop for Lent {
    fn drop(&mut self) {
        LENT.set(self.before);
    }
}

/// Gives a checked result away. False: nobody wants it. Once a poll: the place is empty then.
pub(crate) fn take(run: &[u8]) -> bool {
    match LENT.take() {
        // SAFETY: whoever polls promised that the function may be called with its context until the poll ends, and the
        // place is lent no longer than that.
        Some(hfb_landing { context, take: Some(take) }) => unsafe { take(context, hfb_slice::of(run)) },
        _ => false,
    }
}
