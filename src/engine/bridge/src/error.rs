// SPDX-License-Identifier: Apache-2.0
//! What went wrong, as one value that crosses to C++: a kind to act on, a line to print, and the guest's backtrace.
//!
//! Nothing unwinds out of here: `guard` turns a panic into an error of kind `internal`.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_kind, hfb_slice};
use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

/// An error, opaque to C. Freed by `hfb_error_free`.
#[derive(Debug)]
pub struct hfb_error {
    pub(crate) kind: hfb_kind,
    pub(crate) message: String,
    pub(crate) detail: String,
}

pub(crate) type Failure = Box<hfb_error>;

pub(crate) fn failure(kind: hfb_kind, message: impl Into<String>) -> Failure {
    Box::new(hfb_error { kind, message: message.into(), detail: String::new() })
}

/// A host function said that it failed, or answered what is not of its type. Rides inside Wasmtime's error.
#[derive(Debug)]
pub(crate) struct HostFailed(pub String);

impl std::fmt::Display for HostFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostFailed {}

/// A value that lowering refused although the check before the call had passed.
#[derive(Debug)]
pub(crate) struct BadValue(pub String);

impl std::fmt::Display for BadValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadValue {}

/// What is played to a guest is not what it asks for.
#[derive(Debug)]
pub(crate) struct Diverged(pub String);

impl std::fmt::Display for Diverged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Diverged {}

/// More handles than the instance may hold.
#[derive(Debug)]
pub(crate) struct TooManyHandles(pub usize);

impl std::fmt::Display for TooManyHandles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the host already holds {} resources of this instance, its limit", self.0)
    }
}

impl std::error::Error for TooManyHandles {}

/// Why a call that may open ends of streams or futures, or the result that brought them, is refused.
#[derive(Debug)]
pub(crate) struct TooManyEnds {
    pub open: usize,
    pub limit: usize,
}

impl std::fmt::Display for TooManyEnds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} streams and futures between the instance and its host, the limit is {}", self.open, self.limit)
    }
}

impl std::error::Error for TooManyEnds {}

/// Text of several lines on one, without their indentation.
pub(crate) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Most bytes of a name in a backtrace, of a message, and of a backtrace.
const MOST_NAME: usize = 512;
const MOST_TEXT: usize = 64 << 10;

/// What a terminal, or an editor that reads a log, would obey instead of show: control characters, and those that
/// break lines, turn the direction of writing or cannot be seen.
fn obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text that can be shown: at most `most` bytes, and nothing in it is obeyed. Lines survive where `lines` says so.
pub(crate) fn shown(text: &str, most: usize, lines: bool) -> String {
    let mut safe = String::with_capacity(text.len().min(most));
    for letter in text.chars() {
        if safe.len() >= most {
            safe.push_str(" [...]");
            break;
        }
        if obeyed(letter) && !(lines && letter == '\n') {
            safe.extend(letter.escape_default());
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// The causes of an error from the outside in, on one line, without the backtrace.
pub(crate) fn causes(error: &wasmtime::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = one_line(&cause.to_string());
        // A backtrace is context too; it goes to the detail.
        if text.starts_with("error while executing at wasm backtrace") {
            continue;
        }
        // Some errors repeat their source in their own text.
        if line.ends_with(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

/// A name of the guest's, which cannot end its line and so cannot be taken for a frame of its own.
fn name(text: &str) -> String {
    shown(text, MOST_NAME, false)
}

/// The guest's frames, one a line, innermost first. The names come from the guest.
pub(crate) fn frames(error: &wasmtime::Error) -> String {
    let mut text = String::new();
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return text };
    for (number, frame) in backtrace.frames().iter().enumerate() {
        let module = frame.module().name().map_or_else(|| "<unknown>".to_owned(), name);
        let _ = match frame.func_name().map(name) {
            Some(name) => writeln!(text, "{number}: {module}!{name}"),
            None => writeln!(text, "{number}: {module}!<function {}>", frame.func_index()),
        };
    }
    text
}

/// Why a guest's run or instantiation ended, told from Wasmtime's error.
///
/// `otherwise` is the kind of what nothing here recognizes, `stopped` that of a guest that was stopped at a tick.
pub(crate) fn of_run(error: &wasmtime::Error, otherwise: hfb_kind, stopped: hfb_kind) -> Failure {
    let kind = if error.is::<HostFailed>() {
        hfb_kind::HostFailed
    } else if error.is::<Diverged>() {
        hfb_kind::Diverged
    } else if error.is::<BadValue>() {
        hfb_kind::BadValue
    } else if error.is::<TooManyHandles>() {
        hfb_kind::TooLarge
    } else if error.is::<PoolConcurrencyLimitError>() {
        hfb_kind::NoResources
    } else if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
        stopped
    } else if matches!(error.downcast_ref::<Trap>(), Some(Trap::OutOfFuel)) {
        hfb_kind::OutOfFuel
    } else if error.root_cause().to_string().contains("fuel allocated for hostcalls") {
        // Wasmtime's type for this is private; the text is pinned with the version.
        hfb_kind::TooLarge
    } else if error.is::<Trap>() || error.is::<wasmtime_wasi::I32Exit>() {
        hfb_kind::Trap
    } else {
        otherwise
    };
    let message = match error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        Some(exit) => format!("the guest exited with status {}", exit.0),
        None => causes(error),
    };
    Box::new(hfb_error { kind, message, detail: frames(error) })
}

pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned());
    failure(hfb_kind::Internal, format!("the bridge panicked: {text}"))
}

/// Hands an error to C. Every error comes by here, and here its text, much of which may be a guest's or a stranger's
/// file's, becomes safe to show: bounded, and with what a terminal would obey escaped.
pub(crate) fn cross(mut failure: Failure) -> *mut hfb_error {
    failure.message = shown(&failure.message, MOST_TEXT, false);
    failure.detail = shown(&failure.detail, MOST_TEXT, true);
    Box::into_raw(failure)
}

/// Runs `body`; its failure or its panic becomes the pointer that C receives, null for success.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Failure>) -> *mut hfb_error {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => std::ptr::null_mut(),
        Ok(Err(failure)) => cross(failure),
        Err(panic) => cross(of_panic(&*panic)),
    }
}

/// Runs `body`, which has no way to tell an error; a panic ends as `fallback`.
pub(crate) fn guard_or<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// The kind of an error.
///
/// # Safety
/// `error` is an error from the bridge, not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_error_kind(error: *const hfb_error) -> hfb_kind {
    // SAFETY: the caller's promise.
    unsafe { &*error }.kind
}

/// One line of UTF-8 that says what went wrong; valid until the error is freed. Parts of it may come from a guest: it has
/// at most 64 KiB and no control characters, which are escaped as in `\u{1b}`.
///
/// # Safety
/// `error` is an error from the bridge, not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_error_message(error: *const hfb_error) -> hfb_slice {
    // SAFETY: the caller's promise.
    hfb_slice::of(unsafe { &*error }.message.as_bytes())
}

/// The guest's backtrace, a frame a line, the innermost first and at most 20, often empty; valid until the error is freed.
/// The names come from the guest: each has at most 512 bytes, and is escaped as the message is.
///
/// # Safety
/// `error` is an error from the bridge, not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_error_detail(error: *const hfb_error) -> hfb_slice {
    // SAFETY: the caller's promise.
    hfb_slice::of(unsafe { &*error }.detail.as_bytes())
}

/// Frees an error. Null is fine.
///
/// # Safety
/// `error` is null or an error from the bridge, not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_error_free(error: *mut hfb_error) {
    if !error.is_null() {
        // SAFETY: every error came from `Box::into_raw`; the caller gives up this one.
        drop(unsafe { Box::from_raw(error) });
    }
}
