// SPDX-License-Identifier: Apache-2.0
//! What it costs to give a slot of the pool to the next instance, by how its memory is put back.

use crate::guest::{Data, Size, data, engine, prepare};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Result, Store, UpdateDeadline, ensure};

pub struct Slots {
    engine: Engine,
    pre: InstancePre<Data>,
}

impl Slots {
    /// `keep_resident`: bytes of a memory that are written back and not given to the kernel. `scan`: the kernel is asked
    /// which pages those are, else they are the lowest; without PAGEMAP_SCAN in the kernel that is an error.
    pub fn new(component: &[u8], keep_resident: usize, scan: bool) -> Result<Self> {
        let engine = engine(&Size { instances: 4, keep_resident, scan, ..Size::USUAL })?;
        let component = Component::new(&engine, component)?;
        let pre = Linker::<Data>::new(&engine).instantiate_pre(&component)?;
        Ok(Self { engine, pre })
    }

    /// A new instance that writes to so many pages of its memory, and its end.
    pub fn touch(&self, pages: u32) -> Result<()> {
        let mut store = Store::new(&self.engine, data());
        prepare(&mut store);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
        let instance = self.pre.instantiate(&mut store)?;
        let touch = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "touch")?;
        ensure!(touch.call(&mut store, (pages,))?.0 == pages, "touch answered another number");
        Ok(())
    }
}
