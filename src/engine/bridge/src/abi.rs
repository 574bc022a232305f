// SPDX-License-Identifier: Apache-2.0
//! The plain types of the C boundary.
//!
//! Two rules carry the whole interface. A `hfb_bytes` belongs to whoever received it and goes back through
//! `hfb_bytes_free`; a `hfb_slice` is lent for the length of one call. Every function that can fail answers a
//! `hfb_error`, null for success; whoever receives one frees it.
#![allow(non_camel_case_types)]

use std::ffi::c_void;

/// Bytes owned by the bridge's allocator. Freed by `hfb_bytes_free`, never by `free`.
#[repr(C)]
pub struct hfb_bytes {
    pub data: *mut u8,
    pub size: usize,
    pub capacity: usize,
}

impl hfb_bytes {
    pub(crate) fn empty() -> Self {
        Self { data: std::ptr::null_mut(), size: 0, capacity: 0 }
    }

    pub(crate) fn from_vec(bytes: Vec<u8>) -> Self {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self { data: bytes.as_mut_ptr(), size: bytes.len(), capacity: bytes.capacity() }
    }
}

/// Bytes lent for the length of one call. `data` may be null where `size` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_slice {
    pub data: *const u8,
    pub size: usize,
}

impl hfb_slice {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), size: bytes.len() }
    }

    /// # Safety
    /// `data` points at `size` readable bytes that outlive `'a` and do not change meanwhile, or `size` is 0.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 || self.data.is_null() {
            return &[];
        }
        // SAFETY: the caller's promise, and the pointer is not null.
        unsafe { std::slice::from_raw_parts(self.data, self.size) }
    }
}

/// What went wrong. The numbers are fixed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum hfb_kind {
    /// Not WebAssembly at all.
    NotWasm = 1,
    /// A core module where a component is needed.
    CoreModule = 2,
    /// A component that does not parse or validate; the message has the offset.
    Malformed = 3,
    /// A component that needs a feature this engine does not have; the message names it.
    Unsupported = 4,
    /// Imports that nobody defines; the message names each.
    UnknownImport = 5,
    /// An import is defined with another type.
    TypeMismatch = 6,
    /// A description over its bound, or more data from a guest than its limit.
    TooLarge = 7,
    /// The compile cache's directory cannot be trusted.
    Cache = 8,
    /// The instance could not be made.
    Instantiation = 9,
    /// The guest trapped or broke the canonical ABI.
    Trap = 10,
    /// A host function failed, or answered something that is not of its type.
    HostFailed = 11,
    /// Stopped by `hfb_instance_interrupt`.
    Interrupted = 12,
    /// A trap or a failed instantiation after a growth was refused by the memory or table limit.
    MemoryLimit = 13,
    /// Arguments that are not of the function's type. The guest was not entered, the instance is unhurt.
    BadValue = 14,
    /// The pool of instances is exhausted, or could not be reserved.
    NoResources = 15,
    /// A bug in the bridge, or a misuse of it.
    Internal = 16,
    /// The call used up its fuel.
    OutOfFuel = 17,
    /// A call of a brief export was not done within its slice.
    SliceOver = 18,
    /// An export cannot be brief: the component imports what may wait. The message names both.
    MayWait = 19,
    /// What is played to the instance is not what its guest asks for; the message names both.
    Diverged = 20,
}

/// Where the result of a call may go at once, so that nobody packs it: lent for the length of one poll.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_landing {
    pub context: *mut c_void,
    /// Gets the bytes of a string, as UTF-8, or the elements of a list of numbers or chars, aligned as one and checked.
    /// They lie in the guest's memory, so they are there for the length of this call only, in which nothing of the
    /// instance may be touched. True: the result is taken, and packed it is empty. False: it is packed as any other.
    pub take: Option<unsafe extern "C" fn(context: *mut c_void, run: hfb_slice) -> bool>,
}

/// What a poll answers.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum hfb_state {
    /// More to do; the waker is called when it is worth polling again.
    Pending = 0,
    /// Idle: instantiated, and the last command has ended.
    Ready = 1,
    /// Over for good; only `take_error` and `free` make sense.
    Failed = 2,
}

/// Settings of an engine. 0 stands for the default given with each field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_engine_config {
    /// Instances alive at once (default 1000). Address space and mappings follow from it.
    pub max_instances: u32,
    /// Largest linear memory of a slot in bytes (default 4 GiB).
    pub max_memory_bytes: u64,
    /// Address space reserved for each linear memory in bytes (default 4 GiB, at least `max_memory_bytes`). Less than
    /// 4 GiB allows many more slots, and costs guests an explicit bounds check for each access.
    pub memory_reservation: u64,
    /// Linear memories of one component (default 4).
    pub max_memories_per_component: u32,
    /// Tables of one component (default 64: each core module of a Python guest has some).
    pub max_tables_per_component: u32,
    /// Core instances of one component (default 256).
    pub max_core_instances_per_component: u32,
    /// Largest table in elements (default 65,536).
    pub max_table_elements: u32,
    /// Stack for guest code in bytes (default 1 MiB).
    pub max_wasm_stack: u64,
    /// Stack of a call in bytes, guest and host functions together (default `max_wasm_stack` and 1 MiB more).
    pub async_stack: u64,
    /// Threads of the reactor that serves WASI's clocks, files and sockets (default 1).
    pub reactor_threads: u32,
    /// 1: guests' faults are caught by signal handlers. 0: explicit checks, no handler installed.
    pub signal_traps: bool,
    /// 1: the pages that an instance wrote are put back where they lie, if the kernel can tell them (PAGEMAP_SCAN). 0: they
    /// are given to the kernel. One that the kernel has swapped out, or moves just then, is not put back (Wasmtime pull
    /// request 14357): what the last instance wrote there is seen by the next one in the slot.
    pub reuse_pages: bool,
}

/// Bounds of one instance. 0 stands for the default given with each field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_limits {
    /// Linear memory in bytes, all memories of the instance together (default 256 MiB).
    pub memory_bytes: u64,
    /// Table elements, all tables together (default 262,144).
    pub table_elements: u64,
    /// Memories (default 8).
    pub memories: u32,
    /// Tables (default 128).
    pub tables: u32,
    /// Core instances (default 512).
    pub instances: u32,
    /// Bytes that one host call or one result may move out of the guest (default 128 MiB).
    pub hostcall_bytes: u64,
    /// Most bytes of one request for random numbers, during which nothing yields (default 64 KiB).
    pub random_bytes: u64,
    /// WASI resources alive at once: files, streams, pollables (default 4096).
    pub resources: u32,
    /// Guest resources that the host holds when a call begins, and that one call may bring (default 65,536).
    pub handles: u32,
    /// Streams and futures open between the instance and its host when a call begins that may open more, and that one
    /// call may bring (default 256).
    pub ends: u32,
    /// Bytes of one set of HTTP fields in memory (default 128 KiB).
    pub http_field_bytes: u64,
    /// Bytes of one write to an HTTP body (default 16 KiB), of which four wait for whoever takes them at most.
    pub http_chunk_bytes: u64,
    /// Fuel for each call, its post-return and destructors included (default: as much as it likes). An instantiation is
    /// not counted. Needs a component compiled for fuel.
    pub fuel: u64,
}

/// What a guest may reach. Empty slices grant nothing. All of it is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_grants {
    /// Packed: count, then text name and text value each.
    pub environment: hfb_slice,
    /// Packed: count, then text each. The first is the program's name.
    pub arguments: hfb_slice,
    /// Packed: count, then text host path, text guest path and u8 read only each.
    pub directories: hfb_slice,
    /// 1: sockets and name look-up. HTTP requests of the guest do not depend on it.
    pub network: bool,
    /// Packed: count, then text each: hosts to which the guest may send HTTP requests, as `host`, `host:port` or
    /// `*.example.org`; without a port only that of the scheme. An address has to stand here itself, one of IPv6 in
    /// brackets. Others are refused as `HTTP-request-denied`.
    pub http_hosts: hfb_slice,
}

/// Where the text goes that a guest writes to its standard output (stream 1) and error (stream 2).
///
/// `write` runs inside a poll, on the polling thread. It must not block, throw, or call into the same instance.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_output {
    pub context: *mut c_void,
    /// `user` is the pointer of the instance that writes. Null for `write`: the text is dropped.
    pub write:
        Option<unsafe extern "C" fn(context: *mut c_void, user: *mut c_void, stream: u8, data: *const u8, size: usize)>,
    /// Called once, when no instance of the blueprint can write any more. May be null.
    pub drop: Option<unsafe extern "C" fn(context: *mut c_void)>,
}

/// Tells that an instance is worth polling again.
///
/// `wake` comes from any thread, inside a poll too, and also after the instance was freed; it must not poll.
/// `drop` comes once, when the last of the bridge's references to `context` goes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_waker {
    pub context: *mut c_void,
    pub wake: Option<unsafe extern "C" fn(context: *mut c_void)>,
    pub drop: Option<unsafe extern "C" fn(context: *mut c_void)>,
}

/// Frees bytes that the bridge handed out, and makes `*bytes` empty. Null and empty ones are fine.
///
/// # Safety
/// `bytes` is null or points at bytes from the bridge, not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_bytes_free(bytes: *mut hfb_bytes) {
    if bytes.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { &mut *bytes };
    let taken = std::mem::replace(bytes, hfb_bytes::empty());
    if !taken.data.is_null() {
        // SAFETY: `from_vec` took these three from one `Vec`, and the replacement above keeps a second call away.
        drop(unsafe { Vec::from_raw_parts(taken.data, taken.size, taken.capacity) });
    }
}
