// SPDX-License-Identifier: Apache-2.0
//! The floor of calls that share an instance: `TypedFunc::call_concurrent`, so many at once, polled on the caller's thread.

use crate::guest::{Blueprint, Instance, Size, block_on};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wasmtime::{Engine, Result, bail};

pub struct Concurrent {
    engine: Engine,
    instance: Instance,
}

impl Concurrent {
    pub fn new(component: &[u8]) -> Result<Self> {
        let blueprint = Blueprint::new(component, &Size { concurrency: true, instances: 1, ..Size::USUAL })?;
        let instance = block_on(blueprint.instantiate())?;
        Ok(Self { engine: blueprint.engine().clone(), instance })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// So many calls of `add`, of which so many are in flight at any time.
    pub fn add(&mut self, in_flight: u32, calls: u32) -> Result<()> {
        let add = self.instance.add;
        let all = self.instance.store.run_concurrent(async |accessor| {
            let begin = async |i: u32| (i, add.call_concurrent(accessor, (i, 7)).await);
            let mut flying = FuturesUnordered::new();
            let mut begun = 0;
            while begun < calls.min(in_flight) {
                flying.push(begin(begun));
                begun += 1;
            }
            while let Some((i, sum)) = flying.next().await {
                if sum?.0 != i.wrapping_add(7) {
                    bail!("add answered another sum");
                }
                if begun < calls {
                    flying.push(begin(begun));
                    begun += 1;
                }
            }
            Ok(())
        });
        block_on(all)?
    }
}
