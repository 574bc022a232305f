// SPDX-License-Identifier: Apache-2.0
//! The embedder's pipes, through which the elements of streams and futures come and go: packed, bounded, with back-pressure
//! both ways. What a guest does with its end of one is `transmit`'s.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_slice, hfb_waker};
use std::ffi::c_void;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};

/// How things stand for one end of a pipe.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum hfb_flow {
    Open = 0,
    /// It has to wait for the other end.
    Waiting = 1,
    /// The other end is done.
    Ended = 2,
    /// For the reader: the writer was lost before it was done.
    Lost = 3,
}

/// The embedder's pipes. Each function may come on any thread, within a poll or as an instance goes; none may block, throw,
/// or call into an instance.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_pipes {
    /// The pipe whose reading end has this number among arguments; it is the guest's from now on. Null: nobody can have it.
    pub take: unsafe extern "C" fn(number: u64) -> *mut c_void,
    /// A pipe whose writing end is a guest's, of plain bytes or of packed elements, of which a future has one. `number` gets
    /// that of the reading end.
    pub make: unsafe extern "C" fn(future: bool, bytes: bool, number: *mut u64) -> *mut c_void,
    /// The reading end of that number, which `make` gave, will be nobody's.
    pub forget: unsafe extern "C" fn(number: u64),
    /// Whether there is something to read. Where it has to wait, `waker` is called when that changes; it is taken over in
    /// every case, and may be null.
    pub filled: unsafe extern "C" fn(pipe: *mut c_void, waker: *const hfb_waker) -> hfb_flow,
    /// Some bytes, or the next element, where there is something. Valid until `pop`.
    pub front: unsafe extern "C" fn(pipe: *mut c_void) -> hfb_slice,
    /// So many bytes, or the element, were read.
    pub pop: unsafe extern "C" fn(pipe: *mut c_void, bytes: usize),
    /// The guest's reading end is closed.
    pub leave: unsafe extern "C" fn(pipe: *mut c_void),
    /// Whether something can be written; as `filled`.
    pub room: unsafe extern "C" fn(pipe: *mut c_void, waker: *const hfb_waker) -> hfb_flow,
    /// Writes what fits of some bytes, and answers how many that are. Where there is room.
    pub write: unsafe extern "C" fn(pipe: *mut c_void, bytes: hfb_slice) -> usize,
    /// Writes an element. Where there is room.
    pub put: unsafe extern "C" fn(pipe: *mut c_void, element: hfb_slice),
    /// The guest's writing end is closed; `lost`: because its instance went.
    pub end: unsafe extern "C" fn(pipe: *mut c_void, lost: bool),
    /// The bridge's reference goes.
    pub drop: unsafe extern "C" fn(pipe: *mut c_void),
}

static PIPES: OnceLock<hfb_pipes> = OnceLock::new();

/// Says where pipes come from, for all engines of the process. The first word stands.
///
/// # Safety
/// The functions of `pipes` may be called for as long as the process lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_use_pipes(pipes: hfb_pipes) {
    // A second engine says the same.
    let _ = PIPES.set(pipes);
}

/// One end of a pipe.
pub(crate) struct Pipe {
    raw: *mut c_void,
    of: &'static hfb_pipes,
}

// SAFETY: the embedder's interface says that its functions may come on any thread.
unsafe impl Send for Pipe {}
// SAFETY: as above.
unsafe impl Sync for Pipe {}

// SAFETY of all below: the embedder promised functions that may be called with a pipe until it is dropped.
impl Pipe {
    pub(crate) fn take(number: u64) -> Option<Self> {
        let of = PIPES.get()?;
        // SAFETY: see above.
        let raw = unsafe { (of.take)(number) };
        (!raw.is_null()).then_some(Self { raw, of })
    }

    pub(crate) fn make(future: bool, bytes: bool) -> Option<(Self, u64)> {
        let of = PIPES.get()?;
        let mut number = 0;
        // SAFETY: see above.
        let raw = unsafe { (of.make)(future, bytes, &mut number) };
        (!raw.is_null()).then_some((Self { raw, of }, number))
    }

    pub(crate) fn forget(number: u64) {
        if let Some(of) = PIPES.get() {
            // SAFETY: see above.
            unsafe { (of.forget)(number) }
        }
    }

    pub(crate) fn filled(&self, context: &Context<'_>) -> hfb_flow {
        self.flow(self.of.filled, context)
    }

    pub(crate) fn room(&self, context: &Context<'_>) -> hfb_flow {
        self.flow(self.of.room, context)
    }

    fn flow(
        &self,
        ask: unsafe extern "C" fn(*mut c_void, *const hfb_waker) -> hfb_flow,
        context: &Context<'_>,
    ) -> hfb_flow {
        // SAFETY: see above.
        match unsafe { ask(self.raw, std::ptr::null()) } {
            hfb_flow::Waiting => {
                let context = Arc::into_raw(Arc::new(context.waker().clone())).cast_mut().cast();
                // SAFETY: see above; the waker's reference is given away.
                unsafe { ask(self.raw, &hfb_waker { context, wake: Some(wake), drop: Some(drop_waker) }) }
            }
            flow => flow,
        }
    }

    pub(crate) fn front(&self) -> &[u8] {
        // SAFETY: see above; the bytes stay until `pop`, which takes no shared reference.
        unsafe { (self.of.front)(self.raw).bytes() }
    }

    pub(crate) fn pop(&mut self, bytes: usize) {
        // SAFETY: see above.
        unsafe { (self.of.pop)(self.raw, bytes) }
    }

    pub(crate) fn leave(&self) {
        // SAFETY: see above.
        unsafe { (self.of.leave)(self.raw) }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> usize {
        // SAFETY: see above.
        unsafe { (self.of.write)(self.raw, hfb_slice { data: bytes.as_ptr(), size: bytes.len() }) }
    }

    pub(crate) fn put(&self, element: &[u8]) {
        // SAFETY: see above.
        unsafe { (self.of.put)(self.raw, hfb_slice { data: element.as_ptr(), size: element.len() }) }
    }

    pub(crate) fn end(&self, lost: bool) {
        // SAFETY: see above.
        unsafe { (self.of.end)(self.raw, lost) }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // SAFETY: see above, and this is the last use.
        unsafe { (self.of.drop)(self.raw) }
    }
}

unsafe extern "C" fn wake(context: *mut c_void) {
    // SAFETY: `flow` made the context of a waker that lives until `drop_waker`.
    unsafe { &*context.cast::<Waker>() }.wake_by_ref();
}

unsafe extern "C" fn drop_waker(context: *mut c_void) {
    // SAFETY: as above, and this comes once.
    drop(unsafe { Arc::from_raw(context.cast::<Waker>()) });
}
