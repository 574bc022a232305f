// SPDX-License-Identifier: Apache-2.0
//! The C interface in the hands of a test: owned handles, and a poll loop that waits for its waker.
#![allow(dead_code)]

use holdfast_bridge::abi::*;
use holdfast_bridge::blueprint::*;
use holdfast_bridge::component::*;
use holdfast_bridge::engine::*;
use holdfast_bridge::error::*;
use holdfast_bridge::host_call::*;
use holdfast_bridge::instance::*;
use holdfast_bridge::many::*;
use holdfast_bridge::play::*;
use std::ffi::c_void;
use std::ptr::null;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

/// What an error says, copied out and freed.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub kind: hfb_kind,
    pub message: String,
    pub detail: String,
}

fn text(slice: hfb_slice) -> String {
    if slice.size == 0 {
        return String::new();
    }
    let bytes = unsafe { std::slice::from_raw_parts(slice.data, slice.size) };
    String::from_utf8(bytes.to_vec()).expect("the bridge speaks UTF-8")
}

pub fn told(error: *mut hfb_error) -> Result<(), Told> {
    if error.is_null() {
        return Ok(());
    }
    unsafe {
        let told = Told {
            kind: hfb_error_kind(error),
            message: text(hfb_error_message(error)),
            detail: text(hfb_error_detail(error)),
        };
        hfb_error_free(error);
        Err(told)
    }
}

pub fn slice(bytes: &[u8]) -> hfb_slice {
    hfb_slice { data: bytes.as_ptr(), size: bytes.len() }
}

pub fn take(mut bytes: hfb_bytes) -> Vec<u8> {
    let copy = match bytes.size {
        0 => Vec::new(),
        size => unsafe { std::slice::from_raw_parts(bytes.data, size) }.to_vec(),
    };
    unsafe { hfb_bytes_free(&mut bytes) };
    assert!(bytes.data.is_null());
    copy
}

/// Handles are used from the threads that the test says.
macro_rules! handle {
    ($name:ident, $raw:ident, $free:ident) => {
        pub struct $name(pub *mut $raw);
        unsafe impl Send for $name {}
        unsafe impl Sync for $name {}
        impl Drop for $name {
            fn drop(&mut self) {
                unsafe { $free(self.0) }
            }
        }
    };
}
handle!(Engine, hfb_engine, hfb_engine_free);
handle!(Component, hfb_component, hfb_component_free);
handle!(Linker, hfb_linker, hfb_linker_free);
handle!(Blueprint, hfb_blueprint, hfb_blueprint_free);

pub fn small() -> hfb_engine_config {
    hfb_engine_config {
        max_instances: 32,
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
    }
}

pub fn no_limits() -> hfb_limits {
    hfb_limits {
        memory_bytes: 0,
        table_elements: 0,
        memories: 0,
        tables: 0,
        instances: 0,
        hostcall_bytes: 0,
        random_bytes: 0,
        resources: 0,
        handles: 0,
        ends: 0,
        http_field_bytes: 0,
        http_chunk_bytes: 0,
        fuel: 0,
    }
}

impl Engine {
    pub fn with(config: &hfb_engine_config) -> Result<Self, Told> {
        let mut out = std::ptr::null_mut();
        told(unsafe { hfb_engine_new(config, &mut out) })?;
        Ok(Self(out))
    }

    pub fn compile(&self, bytes: &[u8]) -> Result<Component, Told> {
        self.compile_cached(bytes, "")
    }

    pub fn compile_deterministic(&self, bytes: &[u8], directory: &str) -> Result<Component, Told> {
        let mut out = std::ptr::null_mut();
        told(unsafe {
            hfb_component_compile(self.0, slice(bytes), slice(directory.as_bytes()), false, true, &mut out)
        })?;
        Ok(Component(out))
    }

    pub fn compile_cached(&self, bytes: &[u8], directory: &str) -> Result<Component, Told> {
        let mut out = std::ptr::null_mut();
        told(unsafe {
            hfb_component_compile(self.0, slice(bytes), slice(directory.as_bytes()), false, false, &mut out)
        })?;
        Ok(Component(out))
    }

    pub fn tick(&self) {
        unsafe { hfb_engine_tick(self.0) }
    }
}

/// One engine for the tests of a binary, with its clock running.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let engine = Engine::with(&small()).expect("the pool fits");
    let clock = EnginePointer(engine.0);
    std::thread::spawn(move || {
        let clock = clock;
        loop {
            std::thread::sleep(Duration::from_millis(1));
            // The engine lives as long as the process: it is a static.
            unsafe { hfb_engine_tick(clock.0) };
        }
    });
    engine
});

/// One engine whose clock stands still: a poll runs a guest until it waits, however slow the machine.
pub static QUIET: LazyLock<Engine> = LazyLock::new(|| Engine::with(&small()).expect("the pool fits"));

struct EnginePointer(*mut hfb_engine);
unsafe impl Send for EnginePointer {}

impl Component {
    pub fn describe(&self) -> Vec<u8> {
        let mut out = empty();
        told(unsafe { hfb_component_describe(self.0, &mut out) }).expect("a compiled component is described");
        take(out)
    }

    pub fn linker(&self, limits: Option<&hfb_limits>, grants: Option<&hfb_grants>) -> Linker {
        self.linker_to(limits, grants, None)
    }

    pub fn linker_to(
        &self,
        limits: Option<&hfb_limits>,
        grants: Option<&hfb_grants>,
        output: Option<&hfb_output>,
    ) -> Linker {
        let mut out = std::ptr::null_mut();
        let pointer = |limits: Option<&hfb_limits>| limits.map_or(null(), |limits| limits as *const _);
        told(unsafe {
            hfb_linker_new(
                self.0,
                pointer(limits),
                grants.map_or(null(), |grants| grants as *const _),
                output.map_or(null(), |output| output as *const _),
                0,
                &mut out,
            )
        })
        .expect("a linker is made");
        Linker(out)
    }

    /// With a tape, of which one segment has at most so many bytes.
    pub fn taped_linker(
        &self,
        tape_bytes: usize,
        grants: Option<&hfb_grants>,
        output: Option<&hfb_output>,
    ) -> Result<Linker, Told> {
        let mut out = std::ptr::null_mut();
        let grants = grants.map_or(null(), |grants| grants as *const _);
        let output = output.map_or(null(), |output| output as *const _);
        told(unsafe { hfb_linker_new(self.0, null(), grants, output, tape_bytes, &mut out) })?;
        Ok(Linker(out))
    }

    pub fn blueprint(&self) -> Result<Blueprint, Told> {
        self.linker(None, None).finish()
    }
}

pub fn empty() -> hfb_bytes {
    hfb_bytes { data: std::ptr::null_mut(), size: 0, capacity: 0 }
}

/// A host function of a test.
pub type Entry = Box<dyn Fn(HostCall) + Send + Sync>;

pub struct HostCall(*mut hfb_host_call);
unsafe impl Send for HostCall {}

impl HostCall {
    pub fn args(&self) -> Vec<u8> {
        let mut out = hfb_slice { data: null(), size: 0 };
        unsafe {
            hfb_host_call_args(self.0, &mut out);
            if out.size == 0 { Vec::new() } else { std::slice::from_raw_parts(out.data, out.size).to_vec() }
        }
    }

    pub fn user(&self) -> *mut c_void {
        unsafe { hfb_host_call_user(self.0) }
    }

    /// The number of the call that it works for.
    pub fn of(&self) -> Option<u64> {
        let mut call = 0;
        unsafe { hfb_host_call_of(self.0, &mut call) }.then_some(call)
    }

    pub fn abandoned(&self) -> bool {
        unsafe { hfb_host_call_abandoned(self.0) }
    }

    pub fn offer(&self, number: u64) {
        unsafe { hfb_host_call_offer(self.0, number) }
    }

    pub fn reply(self, result: &[u8]) {
        unsafe { hfb_host_call_reply(self.0, slice(result)) }
    }

    pub fn fail(self, message: &str) {
        unsafe { hfb_host_call_fail(self.0, slice(message.as_bytes())) }
    }
}

unsafe extern "C" fn enter(context: *mut c_void, call: *mut hfb_host_call) {
    let entry = unsafe { &*(context as *const Entry) };
    entry(HostCall(call));
}

unsafe extern "C" fn forget(context: *mut c_void) {
    drop(unsafe { Box::from_raw(context as *mut Entry) });
}

impl Linker {
    pub fn define(&self, interface: &str, name: &str, entry: Entry) {
        self.define_as(interface, name, entry, false);
    }

    /// The entry replies before it returns.
    pub fn define_at_once(&self, interface: &str, name: &str, entry: Entry) {
        self.define_as(interface, name, entry, true);
    }

    pub fn brief(&self, function: u32) {
        told(unsafe { hfb_linker_brief(self.0, function) }).expect("there is such an export");
    }

    fn define_as(&self, interface: &str, name: &str, entry: Entry, at_once: bool) {
        let context = Box::into_raw(Box::new(entry)) as *mut c_void;
        let defined = told(unsafe {
            let (interface, name) = (slice(interface.as_bytes()), slice(name.as_bytes()));
            hfb_linker_define(self.0, interface, name, enter, at_once, context, Some(forget))
        });
        defined.expect("a function is defined");
    }

    pub fn finish(self) -> Result<Blueprint, Told> {
        let mut out = std::ptr::null_mut();
        let raw = self.0;
        std::mem::forget(self);
        told(unsafe { hfb_linker_finish(raw, &mut out) })?;
        Ok(Blueprint(out))
    }
}

/// Counts wakes, and lets a thread wait for the next.
#[derive(Default)]
pub struct Wakes {
    count: Mutex<usize>,
    changed: Condvar,
    pub dropped: AtomicBool,
}

impl Wakes {
    pub fn so_far(&self) -> usize {
        *self.count.lock().unwrap()
    }
}

unsafe extern "C" fn wake(context: *mut c_void) {
    let wakes = unsafe { &*(context as *const Wakes) };
    *wakes.count.lock().unwrap() += 1;
    wakes.changed.notify_all();
}

unsafe extern "C" fn drop_waker(context: *mut c_void) {
    let wakes = unsafe { Arc::from_raw(context as *const Wakes) };
    wakes.dropped.store(true, Ordering::SeqCst);
}

pub struct Instance {
    pub raw: *mut hfb_instance,
    pub wakes: Arc<Wakes>,
    seen: AtomicUsize,
    /// The bridge borrows the arguments until the command has ended.
    args: Mutex<Vec<u8>>,
}

unsafe impl Send for Instance {}
unsafe impl Sync for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        unsafe { hfb_instance_free(self.raw) }
    }
}

impl Blueprint {
    pub fn instance(&self) -> Instance {
        self.instance_for(std::ptr::null_mut())
    }

    pub fn instance_for(&self, user: *mut c_void) -> Instance {
        let wakes = Arc::new(Wakes::default());
        let waker = hfb_waker {
            context: Arc::into_raw(wakes.clone()) as *mut c_void,
            wake: Some(wake),
            drop: Some(drop_waker),
        };
        let mut raw = std::ptr::null_mut();
        told(unsafe { hfb_instance_new(self.0, waker, user, &mut raw) }).expect("an instance is made");
        Instance { raw, wakes, seen: AtomicUsize::new(0), args: Mutex::default() }
    }

    /// An instance that is instantiated.
    pub fn ready(&self) -> Instance {
        let instance = self.instance();
        instance.settle().expect("it instantiates");
        instance
    }
}

impl Instance {
    pub fn poll(&self) -> hfb_state {
        unsafe { hfb_instance_poll(self.raw) }
    }

    /// Waits for a wake that came since the last one waited for.
    pub fn woken(&self) {
        let seen = self.seen.load(Ordering::SeqCst);
        let (count, timeout) = self
            .wakes
            .changed
            .wait_timeout_while(self.wakes.count.lock().unwrap(), Duration::from_secs(20), |count| *count <= seen)
            .unwrap();
        assert!(!timeout.timed_out(), "a pending instance was never woken");
        self.seen.store(*count, Ordering::SeqCst);
    }

    /// Polls until idle or failed.
    pub fn settle(&self) -> Result<(), Told> {
        loop {
            match self.poll() {
                hfb_state::Ready => return Ok(()),
                hfb_state::Failed => return Err(self.error().expect("a failed instance says why")),
                hfb_state::Pending => self.woken(),
            }
        }
    }

    pub fn error(&self) -> Option<Told> {
        told(unsafe { hfb_instance_take_error(self.raw) }).err()
    }

    pub fn start(&self, function: u32, args: &[u8]) -> Result<(), Told> {
        let copy = args.to_vec();
        told(unsafe { hfb_instance_start(self.raw, function, slice(&copy)) })?;
        // Moving a vector leaves its bytes where they are.
        *self.args.lock().unwrap() = copy;
        Ok(())
    }

    pub fn result(&self) -> Vec<u8> {
        let mut out = empty();
        unsafe { hfb_instance_take_result(self.raw, &mut out) };
        take(out)
    }

    pub fn call(&self, function: u32, args: &[u8]) -> Result<Vec<u8>, Told> {
        self.start(function, args)?;
        self.settle()?;
        Ok(self.result())
    }

    /// Begins a call beside others. The bridge borrows the arguments until it has ended, so here they are kept for good.
    pub fn begin(&self, call: u64, function: u32, args: &[u8]) -> Result<(), Told> {
        let args = Box::leak(args.to_vec().into_boxed_slice());
        told(unsafe { hfb_instance_begin(self.raw, call, function, slice(args)) })
    }

    /// The next call that has ended, with its result.
    pub fn ended(&self) -> Option<(u64, Vec<u8>)> {
        let (mut call, mut result) = (0, empty());
        unsafe { hfb_instance_next_ended(self.raw, &mut call, &mut result) }.then(|| (call, take(result)))
    }

    pub fn holds_back(&self) -> bool {
        unsafe { hfb_instance_holds_back(self.raw) }
    }

    pub fn failed_call(&self) -> Option<u64> {
        let mut call = 0;
        unsafe { hfb_instance_failed_call(self.raw, &mut call) }.then_some(call)
    }

    pub fn play(&self, tape: &[u8]) -> Result<(), Told> {
        told(unsafe { hfb_instance_play(self.raw, slice(tape)) })
    }

    pub fn take_tape(&self) -> Option<Vec<u8>> {
        let mut out = empty();
        unsafe { hfb_instance_take_tape(self.raw, &mut out) }.then(|| take(out))
    }

    pub fn end_play(&self) -> Result<(), Told> {
        told(unsafe { hfb_instance_end_play(self.raw) })
    }

    pub fn interrupt(&self) {
        unsafe { hfb_instance_interrupt(self.raw) }
    }

    pub fn memory(&self) -> u64 {
        unsafe { hfb_instance_memory(self.raw) }
    }
}

/// Compiles, links without host functions, and instantiates component text.
pub fn guest(text: &str) -> Instance {
    ENGINE.compile(text.as_bytes()).expect("it compiles").blueprint().expect("it links").ready()
}
