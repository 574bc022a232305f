// SPDX-License-Identifier: Apache-2.0
//! Many resident instances, called directly in an order that no cache foresees: what cold caches cost without Holdfast.

use crate::guest::{Blueprint, Instance, Size, block_on};
use wasmtime::{Engine, Result, bail};

pub struct Many {
    engine: Engine,
    /// In the order of the calls.
    instances: Vec<Instance>,
    next: usize,
}

impl Many {
    pub fn new(component: &[u8], count: u32) -> Result<Self> {
        let blueprint = Blueprint::new(component, &Size::small(count))?;
        let mut instances = (0..count).map(|_| block_on(blueprint.instantiate())).collect::<Result<Vec<_>>>()?;
        // A linear congruential generator is random enough for a shuffle of memory.
        let mut state = 5_u64;
        for i in (1..instances.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            instances.swap(i, (state >> 33) as usize % (i + 1));
        }
        Ok(Self { engine: blueprint.engine().clone(), instances, next: 0 })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// One call of each in turn, so many in all.
    pub fn add(&mut self, calls: u32) -> Result<()> {
        for i in 0..calls {
            if block_on(self.instances[self.next].add(i, 7))? != i.wrapping_add(7) {
                bail!("add answered another sum");
            }
            self.next = (self.next + 1) % self.instances.len();
        }
        Ok(())
    }
}
