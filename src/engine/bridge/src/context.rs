// SPDX-License-Identifier: Apache-2.0
//! What a guest may know of the attempt that it works on: the interface `holdfast:call/context`.
//!
//! Answered inside the guest's own slice, from what C++ holds for the instance: no wait, no thread, no `Val`.
#![allow(non_camel_case_types)]

use crate::abi::hfb_slice;
use crate::among::{ALONE, working_for};
use crate::blueprint::hfb_linker;
use crate::error::{causes, failure, guard, hfb_error};
use crate::guest::Guest;
use crate::tape::Question;
use crate::taped::ask;
use std::ffi::c_void;
use wasmtime::component::Linker;
use wasmtime::{Result, StoreContextMut};

/// The interface, without its version, and the version that is offered.
const INTERFACE: &str = "holdfast:call/context";
const VERSION: &str = "0.1.0";

/// The attempt that an instance works on.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_attempt {
    /// The call was asked to stop.
    pub stop_requested: bool,
    /// There is a key; otherwise `key` means nothing.
    pub has_key: bool,
    /// Counted from 1; 0: no call is under way, a start function runs.
    pub attempt: u32,
    /// Which instance of its cell this is, counted from 1; 0: nobody knows.
    pub generation: u64,
    /// The caller's name for the request, valid for the length of the call that asked. What is not UTF-8 in it is
    /// replaced.
    pub key: hfb_slice,
}

/// Where guests' questions about their attempt are answered.
///
/// Both run inside a poll, on the polling thread, as often as the guest likes: they must be quick, and must not block,
/// throw, or call into the instance. `user` is the pointer of the instance that asks, `call` the number of the call whose
/// task does, of those that `hfb_instance_begin` began; `UINT64_MAX`: of none, or there is only one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfb_context {
    /// Fills in all of `out`.
    pub look: unsafe extern "C" fn(user: *mut c_void, call: u64, out: *mut hfb_attempt),
    /// Nanoseconds until the attempt is asked to stop, 0 if that is over. False: there is no such limit.
    pub time_left: unsafe extern "C" fn(user: *mut c_void, call: u64, out: *mut u64) -> bool,
}

impl hfb_context {
    fn look<T>(&self, store: &mut StoreContextMut<'_, Guest>, take: impl FnOnce(&hfb_attempt) -> T) -> T {
        let mut attempt = hfb_attempt {
            stop_requested: false,
            has_key: false,
            attempt: 0,
            generation: 0,
            key: hfb_slice { data: std::ptr::null(), size: 0 },
        };
        let call = working_for(store).unwrap_or(ALONE);
        // SAFETY: the embedder promised functions that may be called with the instance's `user` during a poll, and
        // guests run in nothing else. The key is read before anything else of the embedder's runs.
        unsafe { (self.look)(store.data().user.0, call, &mut attempt) };
        take(&attempt)
    }

    fn key(&self, store: &mut StoreContextMut<'_, Guest>) -> Option<String> {
        self.look(store, |attempt| {
            // SAFETY: the embedder keeps the key for the length of this call.
            attempt.has_key.then(|| String::from_utf8_lossy(unsafe { attempt.key.bytes() }).into_owned())
        })
    }

    fn time_left(&self, store: &mut StoreContextMut<'_, Guest>) -> Option<u64> {
        let mut left = 0;
        let call = working_for(store).unwrap_or(ALONE);
        // SAFETY: as in `look`.
        unsafe { (self.time_left)(store.data().user.0, call, &mut left) }.then_some(left)
    }

    fn link(self, linker: &mut Linker<Guest>) -> Result<()> {
        let mut place = linker.instance(&format!("{INTERFACE}@{VERSION}"))?;
        place.func_wrap("stop-requested", move |mut store: StoreContextMut<'_, Guest>, ()| {
            let told = ask(&mut store, Question::STOP_REQUESTED, |store| self.look(store, |at| at.stop_requested));
            Ok((told?,))
        })?;
        place.func_wrap("time-left", move |mut store: StoreContextMut<'_, Guest>, ()| {
            Ok((ask(&mut store, Question::TIME_LEFT, |store| self.time_left(store))?,))
        })?;
        place.func_wrap("key", move |mut store: StoreContextMut<'_, Guest>, ()| {
            Ok((ask(&mut store, Question::KEY, |store| self.key(store))?,))
        })?;
        place.func_wrap("attempt", move |mut store: StoreContextMut<'_, Guest>, ()| {
            Ok((ask(&mut store, Question::ATTEMPT, |store| self.look(store, |at| at.attempt))?,))
        })?;
        place.func_wrap("generation", move |mut store: StoreContextMut<'_, Guest>, ()| {
            Ok((ask(&mut store, Question::GENERATION, |store| self.look(store, |at| at.generation))?,))
        })?;
        Ok(())
    }
}

/// Offers `holdfast:call/context` to the component, if it imports that; a definition by `hfb_linker_define` that comes
/// later takes the place of one of its functions.
///
/// Errors: `internal`.
///
/// # Safety
/// `linker` is a live linker; the functions of `context` may be called with the `user` of each instance that comes of
/// it, whatever that is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_context(linker: *mut hfb_linker, context: hfb_context) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let linker = unsafe { &mut *linker };
        if !linker.imports_interface(INTERFACE) {
            return Ok(());
        }
        let linked = context.link(&mut linker.linker);
        linked.map_err(|error| {
            failure(crate::abi::hfb_kind::Internal, format!("`{INTERFACE}` cannot be defined: {}", causes(&error)))
        })
    })
}
