// SPDX-License-Identifier: Apache-2.0
//! The guest resources that the host holds for one instance, each under a number.
//!
//! Numbers are drawn from one counter for the whole process, so a number of another instance, or of an earlier
//! generation, is never mistaken for a live one.

use crate::error::TooManyHandles;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use wasmtime::component::ResourceAny;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that was never used before. Relaxed: only its being unique matters.
pub(crate) fn fresh_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) struct Handles {
    // Touched only for values that hold resources; instances are driven by one thread at a time.
    map: Mutex<HashMap<u64, ResourceAny>>,
    limit: usize,
}

impl Handles {
    pub(crate) fn new(limit: usize) -> Self {
        Self { map: Mutex::default(), limit }
    }

    pub(crate) fn get(&self, number: u64) -> Option<ResourceAny> {
        self.lock().get(&number).copied()
    }

    pub(crate) fn take(&self, number: u64) -> Option<ResourceAny> {
        self.lock().remove(&number)
    }

    /// How many there may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Keeps what a lifted value brought along, under the numbers that the value already has.
    pub(crate) fn keep(&self, brought: Vec<(u64, ResourceAny)>) -> Result<(), TooManyHandles> {
        if brought.is_empty() {
            return Ok(());
        }
        let mut map = self.lock();
        if map.len() + brought.len() > self.limit {
            return Err(TooManyHandles(self.limit));
        }
        map.extend(brought);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, ResourceAny>> {
        // Nothing here can panic half-way through a change.
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
