// SPDX-License-Identifier: Apache-2.0
//! The ends of streams and futures that one instance has open towards its embedder: how many, and whether they are lost.

use crate::error::TooManyEnds;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) struct Ends {
    lost: AtomicBool,
    open: AtomicUsize,
    limit: usize,
}

impl Ends {
    pub(crate) fn new(limit: usize) -> Self {
        Self { lost: AtomicBool::new(false), open: AtomicUsize::new(0), limit }
    }

    /// The instance is about to go: what ends with it was not ended by the guest.
    pub(crate) fn lose(&self) {
        // Relaxed, as all here: whoever sets it is who drops the ends.
        self.lost.store(true, Ordering::Relaxed);
    }

    /// A call that may open some is about to begin. It is refused where too many are open already, rather than to fail when
    /// it has run, and the instance with it, for what others hold.
    pub(crate) fn make_way(&self) -> Result<(), TooManyEnds> {
        let open = self.open.load(Ordering::Relaxed);
        if open < self.limit { Ok(()) } else { Err(TooManyEnds { open, limit: self.limit }) }
    }

    /// Whether one result may bring so many.
    pub(crate) fn admit(&self, brought: usize) -> Result<(), TooManyEnds> {
        if brought <= self.limit { Ok(()) } else { Err(TooManyEnds { open: brought, limit: self.limit }) }
    }
}

/// One of them, for as long as it lives.
pub(crate) struct Open(Arc<Ends>);

impl Open {
    pub(crate) fn new(of: Arc<Ends>) -> Self {
        of.open.fetch_add(1, Ordering::Relaxed);
        Self(of)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
