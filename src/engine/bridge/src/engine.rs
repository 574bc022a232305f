// SPDX-License-Identifier: Apache-2.0
//! Wasmtime's engines with their pools of slots, their epoch, and the reactor that WASI waits on.
//!
//! Code that counts fuel is other code, and so is code whose instances run several tasks at once, and code that does the
//! same on every machine: each combination has an engine of its own, made when the first such component comes, six at
//! most. Support for tasks costs every call about four times what it costs without, so only components that need it get
//! it; it does not go together with determinism.
//!
//! Everything made from an engine keeps it alive, so the order in which C frees things does not matter.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_engine_config, hfb_kind};
use crate::error::{Failure, causes, failure, guard, guard_or, hfb_error};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::runtime::{Builder, Handle, Runtime};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What the pool guards each linear memory with; Wasmtime's own default, which compiled code relies on.
const GUARD: u64 = 32 * MIB;

/// What is put back in place of each memory and table of an ended instance at least.
const LEAST_RESIDENT: u64 = 64 << 10;

/// User space has 128 TiB on the machines we run on; a pool that wants more than this part of it is a mistake.
const MOST_ADDRESS_SPACE: u64 = 100 << 40;

/// An engine, opaque to C.
pub struct hfb_engine {
    pub(crate) shared: Arc<EngineShared>,
}

pub(crate) struct EngineShared {
    /// By `Code::number`; the plain one is there from the start.
    engines: [OnceLock<wasmtime::Engine>; Code::KINDS],
    /// Held while an engine is made: it reserves a pool, so there must not be two of a kind.
    making: Mutex<()>,
    pub(crate) settings: Settings,
    runtime: Option<Runtime>,
}

/// Whether code counts the fuel that it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metering {
    Off,
    On,
}

/// Whether an instance can run several tasks at once: the component model's async, WASI 0.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concurrency {
    Off,
    On,
}

/// Whether code does the same wherever it learns the same from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Determinism {
    Off,
    On,
}

/// What code is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub metering: Metering,
    pub concurrency: Concurrency,
    /// Never together with concurrency.
    pub determinism: Determinism,
}

impl Code {
    const KINDS: usize = 6;
    const PLAIN: Self = Self { metering: Metering::Off, concurrency: Concurrency::Off, determinism: Determinism::Off };

    fn number(self) -> usize {
        let kind = match (self.determinism, self.concurrency) {
            (Determinism::On, _) => 2,
            (Determinism::Off, Concurrency::On) => 1,
            (Determinism::Off, Concurrency::Off) => 0,
        };
        usize::from(self.metering == Metering::On) + 2 * kind
    }
}

impl EngineShared {
    /// The engine for code of that kind.
    pub(crate) fn engine(&self, code: Code) -> Result<&wasmtime::Engine, Failure> {
        let place = &self.engines[code.number()];
        if let Some(made) = place.get() {
            return Ok(made);
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = place.get() {
            return Ok(made);
        }
        let made = self.settings.engine(code)?;
        Ok(place.get_or_init(|| made))
    }

    fn made(&self) -> impl Iterator<Item = &wasmtime::Engine> {
        self.engines.iter().filter_map(OnceLock::get)
    }

    fn tick(&self) {
        self.made().for_each(wasmtime::Engine::increment_epoch);
    }

    pub(crate) fn reactor(&self) -> &Handle {
        // Taken away in `drop` only.
        self.runtime.as_ref().expect("a live engine has its reactor").handle()
    }
}

impl Drop for EngineShared {
    fn drop(&mut self) {
        // The last reference may go on a thread of the reactor itself, which must not wait for its own end.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The configuration with its defaults filled in. Part of the key of each cache entry.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Settings {
    pub instances: u32,
    pub memory_bytes: u64,
    pub reservation: u64,
    pub memories: u32,
    pub tables: u32,
    pub core_instances: u32,
    pub table_elements: u32,
    pub wasm_stack: u64,
    pub async_stack: u64,
    pub reactor_threads: u32,
    pub signal_traps: bool,
    pub reuse_pages: bool,
}

fn or<T: Default + PartialEq>(value: T, default: T) -> T {
    if value == T::default() { default } else { value }
}

impl Settings {
    fn of(config: Option<&hfb_engine_config>) -> Result<Self, Failure> {
        let Some(config) = config else {
            let zeros = hfb_engine_config {
                max_instances: 0,
                max_memory_bytes: 0,
                memory_reservation: 0,
                max_memories_per_component: 0,
                max_tables_per_component: 0,
                max_core_instances_per_component: 0,
                max_table_elements: 0,
                max_wasm_stack: 0,
                async_stack: 0,
                reactor_threads: 0,
                signal_traps: true,
                reuse_pages: false,
            };
            return Self::of(Some(&zeros));
        };
        let memory_bytes = or(config.max_memory_bytes, 4 * GIB);
        let wasm_stack = or(config.max_wasm_stack, MIB);
        let settings = Self {
            instances: or(config.max_instances, 1000),
            memory_bytes,
            reservation: or(config.memory_reservation, 4 * GIB).max(memory_bytes),
            memories: or(config.max_memories_per_component, 4),
            tables: or(config.max_tables_per_component, 64),
            core_instances: or(config.max_core_instances_per_component, 256),
            table_elements: or(config.max_table_elements, 65_536),
            wasm_stack,
            async_stack: or(config.async_stack, wasm_stack.saturating_add(MIB)),
            reactor_threads: or(config.reactor_threads, 1),
            signal_traps: config.signal_traps,
            reuse_pages: config.reuse_pages && PoolingAllocationConfig::is_pagemap_scan_available(),
        };
        // A host function runs above the guest on the same stack; without room it meets the guard page, and
        // that ends the process.
        if settings.async_stack < settings.wasm_stack.saturating_add(256 << 10) {
            return Err(failure(
                hfb_kind::Internal,
                format!(
                    "a call's stack of {} bytes leaves no room for host functions over {} bytes of guest stack",
                    settings.async_stack, settings.wasm_stack
                ),
            ));
        }
        if settings.memory_bytes > 4 * GIB {
            return Err(failure(hfb_kind::Internal, "a linear memory of more than 4 GiB does not exist"));
        }
        Ok(settings)
    }

    fn slot(&self) -> u64 {
        self.reservation.saturating_add(GUARD)
    }

    fn total_memories(&self) -> u32 {
        self.instances.saturating_mul(self.memories)
    }

    /// As many as the instances may have together, though most have few: who was promised an instance must get it,
    /// whatever tables its neighbours have. Those that nobody uses cost address space alone, and little beside memories.
    fn total_tables(&self) -> u32 {
        self.instances.saturating_mul(self.tables)
    }

    /// A stack for each instance that is alive, and some for destructors that run inside a host function.
    fn total_stacks(&self) -> u32 {
        self.instances.saturating_add(16)
    }

    fn gc_heaps(&self) -> u32 {
        self.instances
    }

    /// Bytes of each memory of an ended instance that are put back in place. Without a scan those are the lowest, written or
    /// not; with it they stay resident. Tables are never scanned: one whose page is missed would hold pointers into what was
    /// freed.
    fn keep_resident(&self) -> u64 {
        if self.reuse_pages {
            (256 * MIB / u64::from(self.instances.max(1))).clamp(LEAST_RESIDENT, MIB)
        } else {
            LEAST_RESIDENT
        }
    }

    /// Bytes of address space that one pool reserves.
    fn address_space(&self) -> u64 {
        let memories = u64::from(self.total_memories()).saturating_add(u64::from(self.gc_heaps()));
        let tables = u64::from(self.total_tables()).saturating_mul(u64::from(self.table_elements) * 8);
        let stacks = u64::from(self.total_stacks()).saturating_mul(self.async_stack.saturating_add(4096));
        memories.saturating_mul(self.slot()).saturating_add(tables).saturating_add(stacks)
    }

    /// Makes an engine and reserves its pool.
    fn engine(&self, code: Code) -> Result<wasmtime::Engine, Failure> {
        let wanted = self.address_space();
        let numbers = || {
            format!(
                "{} instances of up to {} memories of {} MiB address space each, {} MiB in all",
                self.instances,
                self.memories,
                self.slot() / MIB,
                wanted / MIB
            )
        };
        if wanted > MOST_ADDRESS_SPACE {
            return Err(failure(
                hfb_kind::NoResources,
                format!("the pool cannot be reserved: {}, more than {} MiB", numbers(), MOST_ADDRESS_SPACE / MIB),
            ));
        }
        wasmtime::Engine::new(&self.config(code)?).map_err(|error| {
            failure(hfb_kind::NoResources, format!("the pool cannot be reserved: {}: {}", numbers(), causes(&error)))
        })
    }

    fn config(&self, code: Code) -> Result<Config, Failure> {
        let size = |bytes: u64| {
            usize::try_from(bytes).map_err(|_| failure(hfb_kind::Internal, "a size does not fit this machine"))
        };
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.instances)
            .total_core_instances(self.instances.saturating_mul(self.core_instances))
            .total_memories(self.total_memories())
            .total_tables(self.total_tables())
            .total_stacks(self.total_stacks())
            .total_gc_heaps(self.gc_heaps())
            .max_core_instances_per_component(self.core_instances)
            .max_memories_per_component(self.memories)
            .max_tables_per_component(self.tables)
            .max_memories_per_module(self.memories)
            .max_tables_per_module(self.tables)
            .max_component_instance_size(size(64 * MIB)?)
            .max_core_instance_size(size(64 * MIB)?)
            .table_elements(self.table_elements as usize)
            .max_memory_size(size(self.memory_bytes)?)
            .linear_memory_keep_resident(size(self.keep_resident())?)
            .table_keep_resident(if self.reuse_pages { 0 } else { size(LEAST_RESIDENT)? })
            .pagemap_scan(if self.reuse_pages { Enabled::Yes } else { Enabled::No });
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .epoch_interruption(true)
            .consume_fuel(code.metering == Metering::On)
            .concurrency_support(code.concurrency == Concurrency::On)
            .max_wasm_stack(size(self.wasm_stack)?)
            .async_stack_size(size(self.async_stack)?)
            .memory_reservation(self.reservation)
            .memory_guard_size(GUARD)
            .signals_based_traps(self.signal_traps);
        if code.determinism == Determinism::On {
            config.cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true).wasm_threads(false);
        }
        if code.concurrency == Concurrency::On {
            config
                .wasm_component_model_async(true)
                .wasm_component_model_more_async_builtins(true)
                .wasm_component_model_async_stackful(true);
        }
        Ok(config)
    }
}

fn make(config: Option<&hfb_engine_config>) -> Result<hfb_engine, Failure> {
    let settings = Settings::of(config)?;
    let plain = settings.engine(Code::PLAIN)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(settings.reactor_threads as usize)
        .max_blocking_threads(16)
        .thread_name("holdfast-wasi")
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| failure(hfb_kind::NoResources, format!("the reactor's threads cannot start: {error}")))?;
    let engines = [const { OnceLock::new() }; Code::KINDS];
    let _ = engines[Code::PLAIN.number()].set(plain);
    Ok(hfb_engine {
        shared: Arc::new(EngineShared { engines, making: Mutex::new(()), settings, runtime: Some(runtime) }),
    })
}

/// Makes an engine. Costs address space and threads, so a process has few. `config` may be null: all defaults, with
/// signal handlers.
///
/// Errors: `no_resources` when the pool cannot be reserved (the numbers are in the message), `internal` for settings
/// that contradict each other.
///
/// # Safety
/// `config` is null or readable; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_engine_new(config: *const hfb_engine_config, out: *mut *mut hfb_engine) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let engine = make(unsafe { config.as_ref() })?;
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(engine)) };
        Ok(())
    })
}

/// Moves the engine's clock by one tick: each running guest yields at its next check, or stops if it was interrupted.
/// Never blocks; any thread, a signal handler too.
///
/// # Safety
/// `engine` is a live engine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_engine_tick(engine: *const hfb_engine) {
    // SAFETY: the caller's promise.
    unsafe { &*engine }.shared.tick();
}

/// Gives up the engine. What was made from it keeps what it needs. Null is fine.
///
/// # Safety
/// `engine` is null or a live engine, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_engine_free(engine: *mut hfb_engine) {
    if !engine.is_null() {
        // SAFETY: it came from `hfb_engine_new`; the caller gives it up.
        guard_or((), || drop(unsafe { Box::from_raw(engine) }));
    }
}

/// The version of Wasmtime inside, as text such as `48.0.8`.
///
/// # Safety
/// `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_version(out: *mut hfb_bytes) {
    let version = guard_or(hfb_bytes::empty(), || hfb_bytes::from_vec(crate::WASMTIME_VERSION.as_bytes().to_vec()));
    // SAFETY: the caller's promise.
    unsafe { *out = version };
}
