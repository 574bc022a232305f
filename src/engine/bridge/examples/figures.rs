// SPDX-License-Identifier: Apache-2.0
//! What the bridge costs over a typed direct call: `add` of two numbers, a 64 KiB echo, and a new instance. Both sides
//! run on the same kind of engine (pool, epochs, limits), in turns; the medians of many rounds are printed.
//!
//!     cargo run --release --package holdfast-bridge --example figures [part of a figure's name]
use holdfast_bridge::abi::*;
use holdfast_bridge::blueprint::*;
use holdfast_bridge::component::*;
use holdfast_bridge::engine::*;
use holdfast_bridge::instance::*;
use std::hint::black_box;
use std::pin::pin;
use std::ptr::{null, null_mut};
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits, UpdateDeadline,
};

const TEXT: &str = r#"(component
  (core module $m (memory (export "mem") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "echo") (param "x" (list u8)) (result (list u8))
    (canon lift (core func $i "echo") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))"#;

fn slice(bytes: &[u8]) -> hfb_slice {
    hfb_slice { data: bytes.as_ptr(), size: bytes.len() }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nobody ticks here, so nothing waits"),
    }
}

struct Bridge {
    blueprint: *mut hfb_blueprint,
    instance: *mut hfb_instance,
}

impl Bridge {
    fn new() -> Self {
        unsafe {
            let (mut engine, mut component, mut linker, mut blueprint) =
                (null_mut(), null_mut(), null_mut(), null_mut());
            assert!(hfb_engine_new(null(), &mut engine).is_null());
            let nothing = slice(&[]);
            assert!(
                hfb_component_compile(engine, slice(TEXT.as_bytes()), nothing, false, false, &mut component).is_null()
            );
            assert!(hfb_linker_new(component, null(), null(), null(), 0, &mut linker).is_null());
            assert!(hfb_linker_finish(linker, &mut blueprint).is_null());
            let instance = Self::instance(blueprint);
            Self { blueprint, instance }
        }
    }

    fn instance(blueprint: *mut hfb_blueprint) -> *mut hfb_instance {
        let waker = hfb_waker { context: null_mut(), wake: None, drop: None };
        let mut instance = null_mut();
        unsafe {
            assert!(hfb_instance_new(blueprint, waker, null_mut(), &mut instance).is_null());
            assert_eq!(hfb_instance_poll(instance), hfb_state::Ready);
        }
        instance
    }

    fn call(&self, function: u32, args: &[u8]) -> usize {
        let mut result = hfb_bytes { data: null_mut(), size: 0, capacity: 0 };
        unsafe {
            assert!(hfb_instance_start(self.instance, function, slice(args)).is_null());
            assert_eq!(hfb_instance_poll(self.instance), hfb_state::Ready);
            hfb_instance_take_result(self.instance, &mut result);
            let size = black_box(result.size);
            hfb_bytes_free(&mut result);
            size
        }
    }
}

fn nanoseconds(times: u32, mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        run();
    }
    start.elapsed().as_nanos() as f64 / f64::from(times)
}

fn compare(name: &str, times: u32, mut direct: impl FnMut(), mut bridge: impl FnMut()) {
    if std::env::args().nth(1).is_some_and(|part| !name.contains(&part)) {
        return;
    }
    let (mut floors, mut values) = (Vec::new(), Vec::new());
    for _ in 0..61 {
        floors.push(nanoseconds(times, &mut direct));
        values.push(nanoseconds(times, &mut bridge));
    }
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (floor, value) = (median(floors), median(values));
    println!("{name:<24} direct {floor:>9.1} ns   bridge {value:>9.1} ns   ratio {:.2}", value / floor);
}

fn main() {
    let bridge = Bridge::new();

    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(1000).linear_memory_keep_resident(64 << 10).table_keep_resident(64 << 10);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .concurrency_support(false);
    let engine = Engine::new(&config).unwrap();
    let component = Component::new(&engine, TEXT).unwrap();
    let pre = Linker::<StoreLimits>::new(&engine).instantiate_pre(&component).unwrap();
    let make = || {
        let mut store = Store::new(&engine, StoreLimits::default());
        store.limiter(|limits| limits);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        store.set_epoch_deadline(1);
        let instance = now(pre.instantiate_async(&mut store)).unwrap();
        (store, instance)
    };
    let (mut store, instance) = make();
    let add = instance.get_typed_func::<(u32, u32), (u32,)>(&mut store, "add").unwrap();
    let echo = instance.get_typed_func::<(&[u8],), (Vec<u8>,)>(&mut store, "echo").unwrap();

    let args = [1u32.to_le_bytes(), 2u32.to_le_bytes()].concat();
    compare(
        "add(u32, u32)",
        20_000,
        || {
            store.set_epoch_deadline(1);
            black_box(now(add.call_async(&mut store, (1, 2))).unwrap());
        },
        || {
            black_box(bridge.call(0, &args));
        },
    );

    for size in [64usize, 4 << 10, 64 << 10] {
        let bytes = vec![7u8; size];
        let inline = [&(size as u32).to_le_bytes()[..], &bytes].concat();
        let mut reference = (size as u32 | 1 << 31).to_le_bytes().to_vec();
        reference.extend((bytes.as_ptr() as u64).to_le_bytes());
        for (how, args) in [("inline", &inline), ("by reference", &reference)] {
            compare(
                &format!("echo {size} {how}"),
                2_000,
                || {
                    store.set_epoch_deadline(1);
                    black_box(now(echo.call_async(&mut store, (&bytes,))).unwrap());
                },
                || assert_eq!(bridge.call(1, args), size + 4),
            );
        }
    }

    compare(
        "new instance",
        2_000,
        || drop(black_box(make())),
        || unsafe { hfb_instance_free(Bridge::instance(bridge.blueprint)) },
    );
}
