// SPDX-License-Identifier: Apache-2.0
//! What lives inside a store: the limits of one instance, its WASI state, and the way out for its text.

use crate::abi::{hfb_grants, hfb_kind, hfb_limits, hfb_output};
use crate::among::Tasks;
use crate::error::{Failure, failure};
use crate::handles::Handles;
use crate::object::Kinds;
use crate::sending::{Host, Requests};
use crate::tape::Tape;
use bytes::Bytes;
use holdfast_wave::packed::{Malformed, Reader};
use std::ffi::c_void;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// A pointer of the embedder's, carried but never followed here.
#[derive(Clone, Copy)]
pub(crate) struct Foreign(pub *mut c_void);

// SAFETY: the pointer is only handed back to the embedder, whose interface says that this happens on any thread.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

/// `hfb_limits` with the defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub memory_bytes: u64,
    pub table_elements: u64,
    pub memories: usize,
    pub tables: usize,
    pub instances: usize,
    pub hostcall_bytes: usize,
    pub random_bytes: u64,
    pub resources: usize,
    pub handles: usize,
    pub ends: usize,
    pub http_field_bytes: usize,
    pub http_chunk_bytes: usize,
    pub fuel: u64,
}

fn or<T: Default + PartialEq>(value: T, default: T) -> T {
    if value == T::default() { default } else { value }
}

impl Limits {
    pub(crate) fn of(limits: Option<&hfb_limits>) -> Self {
        let zeros = hfb_limits {
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
        };
        let limits = limits.unwrap_or(&zeros);
        Self {
            memory_bytes: or(limits.memory_bytes, 256 << 20),
            table_elements: or(limits.table_elements, 1 << 18),
            memories: or(limits.memories, 8) as usize,
            tables: or(limits.tables, 128) as usize,
            instances: or(limits.instances, 512) as usize,
            hostcall_bytes: or(limits.hostcall_bytes, 128 << 20) as usize,
            random_bytes: or(limits.random_bytes, 64 << 10),
            resources: or(limits.resources, 4096) as usize,
            handles: or(limits.handles, 1 << 16) as usize,
            ends: or(limits.ends, 256) as usize,
            http_field_bytes: or(limits.http_field_bytes, 128 << 10) as usize,
            http_chunk_bytes: or(limits.http_chunk_bytes, 16 << 10) as usize,
            fuel: limits.fuel,
        }
    }
}

/// `hfb_grants`, copied.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    directories: Vec<(String, String, bool)>,
    network: bool,
    http_hosts: Arc<[Host]>,
}

impl Grants {
    /// # Safety
    /// The slices of `grants` are readable.
    pub(crate) unsafe fn of(grants: Option<&hfb_grants>) -> Result<Self, Failure> {
        let Some(grants) = grants else { return Ok(Self::default()) };
        // SAFETY: the caller's promise.
        let (environment, arguments, directories, http_hosts) = unsafe {
            let (environment, arguments) = (grants.environment.bytes(), grants.arguments.bytes());
            (environment, arguments, grants.directories.bytes(), grants.http_hosts.bytes())
        };
        let wrong = |what: &str| {
            let what = what.to_owned();
            move |error: Malformed| failure(hfb_kind::Internal, format!("the granted {what}: {error}"))
        };
        let http_hosts = list(http_hosts, |reader| Ok(reader.text()?.to_owned())).map_err(wrong("HTTP hosts"))?;
        Ok(Self {
            environment: list(environment, |reader| Ok((reader.text()?.to_owned(), reader.text()?.to_owned())))
                .map_err(wrong("environment"))?,
            arguments: list(arguments, |reader| Ok(reader.text()?.to_owned())).map_err(wrong("arguments"))?,
            directories: list(directories, |reader| {
                Ok((reader.text()?.to_owned(), reader.text()?.to_owned(), reader.bool()?))
            })
            .map_err(wrong("directories"))?,
            network: grants.network,
            http_hosts: http_hosts.iter().map(|host| Host::of(host)).collect::<Result<_, _>>()?,
        })
    }
}

impl Grants {
    /// Whether the guest may learn something that no tape has, or do something outside by another way than functions.
    pub(crate) fn reach_out(&self) -> bool {
        self.network || !self.directories.is_empty() || !self.http_hosts.is_empty()
    }
}

fn list<T>(bytes: &[u8], mut item: impl FnMut(&mut Reader<'_>) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    let count = reader.count(4)?;
    let items = (0..count).map(|_| item(&mut reader)).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(items)
}

/// The embedder's sink for guests' text, dropped with the last instance.
pub(crate) struct Output(hfb_output);

// SAFETY: the embedder's interface says that `write` and `drop` may come on any thread; the fields do not change.
unsafe impl Send for Output {}
// SAFETY: as above.
unsafe impl Sync for Output {}

impl Output {
    pub(crate) fn new(output: Option<&hfb_output>) -> Self {
        Self(output.copied().unwrap_or(hfb_output { context: std::ptr::null_mut(), write: None, drop: None }))
    }

    fn write(&self, user: Foreign, stream: u8, text: &[u8]) {
        if let Some(write) = self.0.write {
            // SAFETY: the embedder gave the function and its context together, and the bytes live through the call.
            unsafe { write(self.0.context, user.0, stream, text.as_ptr(), text.len()) }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(drop) = self.0.drop {
            // SAFETY: as above, and this is the last use.
            unsafe { drop(self.0.context) }
        }
    }
}

/// A guest's standard output or error.
#[derive(Clone)]
struct Text {
    output: Arc<Output>,
    user: Foreign,
    stream: u8,
    tape: Option<Arc<Tape>>,
}

impl Text {
    fn say(&self, bytes: &[u8]) {
        // It was said when the tape was recorded.
        if !self.tape.as_ref().is_some_and(|tape| tape.plays()) {
            self.output.write(self.user, self.stream, bytes);
        }
    }
}

/// Most bytes that a guest writes at once; it asks again for more.
const TEXT_PERMIT: usize = 64 << 10;

impl IsTerminal for Text {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Text {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Text {
    async fn ready(&mut self) {}
}

impl OutputStream for Text {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        // Nothing else holds the guest to what it was permitted.
        if bytes.len() > TEXT_PERMIT {
            return Err(StreamError::trap("cannot write more than `check-write` permits"));
        }
        self.say(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(TEXT_PERMIT)
    }
}

impl AsyncWrite for Text {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.say(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Counts an instance's memory and tables against its limits, and remembers what it refused.
pub(crate) struct Limiter {
    limits: Arc<Limits>,
    memory: Arc<AtomicU64>,
    tables: u64,
    refused: Option<String>,
}

impl Limiter {
    pub(crate) fn new(limits: Arc<Limits>, memory: Arc<AtomicU64>) -> Self {
        Self { limits, memory, tables: 0, refused: None }
    }

    /// What was refused since the last `forget`.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    pub(crate) fn forget(&mut self) {
        self.refused = None;
    }
}

impl wasmtime::ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        // Relaxed: one thread at a time drives an instance; readers elsewhere only want a figure.
        let total = self.memory.load(Ordering::Relaxed).saturating_add(more);
        if total > self.limits.memory_bytes {
            self.refused = Some(format!(
                "the guest asked for {total} bytes of linear memory, its limit is {} bytes",
                self.limits.memory_bytes
            ));
            return Ok(false);
        }
        if let Some(maximum) = maximum
            && desired > maximum
        {
            self.refused = Some(format!(
                "the guest asked for a linear memory of {desired} bytes, it or its slot may have {maximum} bytes"
            ));
            return Ok(false);
        }
        // Counted for good, also should the engine fail to grow: what it reports as failed includes growths that never
        // came by here, so taking any back would let a guest talk its figure down.
        self.memory.store(total, Ordering::Relaxed);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.tables.saturating_add(desired.saturating_sub(current) as u64);
        if total > self.limits.table_elements || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = Some(format!(
                "the guest asked for {total} table elements, its limit is {}",
                self.limits.table_elements
            ));
            return Ok(false);
        }
        self.tables = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}

/// The WASI state of one instance.
struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Requests,
}

/// The data of a store.
pub(crate) struct Guest {
    pub limiter: Limiter,
    pub user: Foreign,
    pub handles: Arc<Handles>,
    /// The embedder's resources, for handles that cross.
    pub kinds: Arc<Kinds>,
    /// Of a store with concurrency.
    pub calls: Tasks,
    /// The call whose host function failed.
    pub failed: Option<u64>,
    /// `Outside::held`.
    pub held: Arc<AtomicBool>,
    /// What it learns from outside goes through it, where there is one.
    pub tape: Option<Arc<Tape>>,
    wasi: Option<Box<Wasi>>,
}

impl Guest {
    pub(crate) fn new(
        limiter: Limiter,
        user: Foreign,
        handles: Arc<Handles>,
        kinds: Arc<Kinds>,
        held: Arc<AtomicBool>,
        tape: Option<Arc<Tape>>,
    ) -> Self {
        Self { limiter, user, handles, kinds, calls: Tasks::default(), failed: None, held, tape, wasi: None }
    }

    /// Gives the guest its WASI state. Opens the granted directories, so it can fail.
    pub(crate) fn grant(&mut self, grants: &Grants, limits: &Limits, output: &Arc<Output>) -> Result<(), Failure> {
        let text = |stream| Text { output: output.clone(), user: self.user, stream, tape: self.tape.clone() };
        let mut builder = WasiCtxBuilder::new();
        builder
            .envs(&grants.environment)
            .args(&grants.arguments)
            .stdout(text(1))
            .stderr(text(2))
            .max_random_size(limits.random_bytes)
            .allow_tcp(grants.network)
            .allow_udp(grants.network)
            .allow_ip_name_lookup(grants.network);
        if grants.network {
            builder.inherit_network();
        }
        for (host, guest, read_only) in &grants.directories {
            let permissions = if *read_only { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
            builder.preopened_dir(host, guest, permissions).map_err(|error| {
                failure(hfb_kind::Instantiation, format!("the granted directory {host} cannot be opened: {error}"))
            })?;
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.http_field_bytes);
        let hooks = Requests::new(limits.http_chunk_bytes, grants.http_hosts.clone());
        self.wasi = Some(Box::new(Wasi { context: builder.build(), table, http, hooks }));
        Ok(())
    }

    fn wasi(&mut self) -> &mut Wasi {
        // The linker has WASI's functions only where `grant` was called.
        self.wasi.as_mut().expect("a guest that imports WASI was granted it")
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView { hooks: &mut wasi.hooks, table: &mut wasi.table, ctx: &mut wasi.http }
    }
}
