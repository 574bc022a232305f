// SPDX-License-Identifier: Apache-2.0
//! The guest resources that the host holds for one instance, each under a number.
//!
//! Numbers are drawn from one counter for the whole process, so a number of another instance, or of an earlier
//! generation, is never mistaken for a live one.

use crate::ends::Ends;
use crate::error::TooManyHandles;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
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

#[derive(Default)]
struct Held {
    map: HashMap<u64, ResourceAny>,
    /// How many there were when the call under way began.
    before: usize,
}

pub(crate) struct Handles {
    // Touched only for values that hold resources; instances are driven by one thread at a time.
    held: Mutex<Held>,
    limit: usize,
    types: OnceLock<Types>,
    /// What else the two sides have of each other.
    pub ends: Arc<Ends>,
}

impl Handles {
    pub(crate) fn new(limit: usize, ends: usize) -> Self {
        Self { held: Mutex::default(), limit, types: OnceLock::new(), ends: Arc::new(Ends::new(ends)) }
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
        self.lock().map.get(&number).copied()
    }

    pub(crate) fn take(&self, number: u64) -> Option<ResourceAny> {
        self.lock().map.remove(&number)
    }

    /// How many there may be.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().map.len()
    }

    /// A call that may bring some is about to begin. It is refused where there is no room, rather than to fail when it
    /// has run, and the instance with it, for what others hold; one that begins may bring as many as the limit says.
    pub(crate) fn make_way(&self) -> Result<(), TooManyHandles> {
        let mut held = self.lock();
        held.before = held.map.len();
        if held.before < self.limit { Ok(()) } else { Err(TooManyHandles(self.limit)) }
    }

    /// Keeps what a lifted value brought along, under the numbers that the value already has.
    pub(crate) fn keep(&self, brought: Vec<(u64, ResourceAny)>) -> Result<(), TooManyHandles> {
        if brought.is_empty() {
            return Ok(());
        }
        let mut held = self.lock();
        if held.map.len() + brought.len() > held.before + self.limit {
            return Err(TooManyHandles(self.limit));
        }
        held.map.extend(brought);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        // Nothing here can panic half-way through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
