// SPDX-License-Identifier: Apache-2.0
//! The guest as an embedder without Holdfast has it: an engine, a linked component, and stores with an instance each.
//!
//! The engine is set up as the bridge's `engine.rs` and `body.rs` set theirs up; a change there belongs here too.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, TypedFunc};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store, StoreLimits,
    StoreLimitsBuilder, UpdateDeadline,
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

const MIB: usize = 1 << 20;
const GIB: u64 = 1 << 30;

/// The data of the store, as an embedder with WASI has it.
pub struct Data {
    limits: StoreLimits,
    context: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }
}

/// What instances are made from. Cheap to copy.
#[derive(Clone)]
pub struct Blueprint {
    engine: Engine,
    pre: InstancePre<Data>,
}

/// One instance in its store.
pub struct Instance {
    pub store: Store<Data>,
    pub add: TypedFunc<(u32, u32), (u32,)>,
    instance: wasmtime::component::Instance,
}

/// How large an engine is.
pub struct Size {
    pub instances: u32,
    pub memory: usize,
    pub reservation: u64,
    pub wasm_stack: usize,
    pub keep_resident: usize,
    /// Whether the kernel is asked which pages those are.
    pub scan: bool,
    /// Whether its components may have async functions.
    pub concurrency: bool,
}

impl Size {
    /// As `engine_options` has it by default.
    pub const USUAL: Self = Self {
        instances: 256,
        memory: GIB as usize,
        reservation: 4 * GIB,
        wasm_stack: MIB,
        keep_resident: 64 << 10,
        scan: false,
        concurrency: false,
    };

    /// Many small ones, as bench/cells.cpp has them.
    pub fn small(instances: u32) -> Self {
        Self { instances, memory: MIB, reservation: MIB as u64, wasm_stack: 128 << 10, ..Self::USUAL }
    }
}

/// As the bridge makes its own.
pub fn engine(size: &Size) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(size.instances)
        .total_core_instances(size.instances)
        .total_memories(size.instances)
        .total_tables(size.instances)
        .total_stacks(size.instances)
        .max_memory_size(size.memory)
        .linear_memory_keep_resident(size.keep_resident)
        .table_keep_resident(size.keep_resident)
        .pagemap_scan(if size.scan { Enabled::Yes } else { Enabled::No });
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .concurrency_support(size.concurrency)
        .wasm_component_model_async(size.concurrency)
        .max_wasm_stack(size.wasm_stack)
        .async_stack_size(size.wasm_stack + MIB)
        .memory_reservation(size.reservation)
        .memory_guard_size(32 * MIB as u64)
        .signals_based_traps(true);
    Engine::new(&config)
}

/// The smallest executor: the guest never waits, it only yields at a tick, and is then polled again at once.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// The data of a store whose instance is granted nothing.
pub fn data() -> Data {
    Data {
        limits: StoreLimitsBuilder::new().memory_size(256 * MIB).table_elements(1 << 18).build(),
        context: WasiCtxBuilder::new().build(),
        table: ResourceTable::new(),
    }
}

/// Bounds what runs in it. What happens at a tick is left open.
pub fn prepare(store: &mut Store<Data>) {
    store.limiter(|data| &mut data.limits);
    store.set_hostcall_fuel(128 * MIB);
    store.set_epoch_deadline(1);
}

impl Blueprint {
    /// Compiles `component`, text or binary, and links it.
    pub fn new(component: &[u8], size: &Size) -> Result<Self> {
        let engine = engine(size)?;
        let component = Component::new(&engine, component)?;
        let mut linker = Linker::<Data>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let pre = linker.instantiate_pre(&component)?;
        Ok(Self { engine, pre })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub async fn instantiate(&self) -> Result<Instance> {
        let mut store = Store::new(&self.engine, data());
        prepare(&mut store);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let instance = self.pre.instantiate_async(&mut store).await?;
        let add = instance.get_typed_func(&mut store, "add")?;
        Ok(Instance { store, add, instance })
    }
}

impl Instance {
    pub async fn add(&mut self, a: u32, b: u32) -> Result<u32> {
        Ok(self.add.call_async(&mut self.store, (a, b)).await?.0)
    }

    /// From now on it can be called without a fiber: it does not yield at a tick.
    pub fn never_yields(&mut self) {
        self.store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
    }

    /// On the stack of this thread.
    pub fn add_here(&mut self, a: u32, b: u32) -> Result<u32> {
        self.store.set_epoch_deadline(1);
        Ok(self.add.call(&mut self.store, (a, b))?.0)
    }

    pub fn echo(&mut self) -> Result<TypedFunc<(&'static [u8],), (Vec<u8>,)>> {
        self.instance.get_typed_func(&mut self.store, "echo")
    }
}
