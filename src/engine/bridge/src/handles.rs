// SPDX-License-Identifier: Apache-2.0
//! The guest resources that the host holds for one instance, each under a number.
//!
//! Numbers are drawn from one counter for the whole process, so a number of another instance, or of an earlier
//! generation, is never mistaken for a live one.

use crate::error::TooManyHandles;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use wasmtime::component::{ResourceAny, ResourceType};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number that was never used before. Relaxed: only its being unique matters.
pub(crate) fn fresh_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What the resources of a component's description are in one instance: each has types of its own, and those that it
/// imports are what the linker put there.
pub(crate) struct Types(Vec<Option<ResourceType>>);

impl Types {
    pub(crate) fn new(resources: usize) -> Self {
        Self(vec![None; resources])
    }

    pub(crate) fn note(&mut self, resource: usize, found: ResourceType) {
        self.0[resource] = Some(found);
    }
}

pub(crate) struct Handles {
    // Touched only for values that hold resources; instances are driven by one thread at a time.
    map: Mutex<HashMap<u64, ResourceAny>>,
    limit: usize,
    types: OnceLock<Types>,
}

impl Handles {
    pub(crate) fn new(limit: usize) -> Self {
        Self { map: Mutex::default(), limit, types: OnceLock::new() }
    }

    /// Once, when the instance is there.
    pub(crate) fn resolved(&self, types: Types) {
        // An instance is instantiated once.
        let _ = self.types.set(types);
    }

    /// Whether it is of that resource of the component's description.
    pub(crate) fn is_a(&self, what: ResourceAny, resource: usize) -> bool {
        let known = self.types.get().and_then(|types| types.0.get(resource).copied().flatten());
        known == Some(what.ty())
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
