// SPDX-License-Identifier: Apache-2.0
//! Compiled components: from bytes or text, through the cache where there is one.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_kind, hfb_slice};
use crate::cache::Cache;
use crate::describe::{Description, describe};
use crate::engine::{Code, Concurrency, Determinism, EngineShared, Metering, hfb_engine};
use crate::error::{Failure, causes, failure, guard, guard_or, hfb_error, one_line};
use crate::lifted::all_async;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use wasmtime::component::Component;

/// A compiled component, opaque to C. Immutable; any thread.
pub struct hfb_component {
    pub(crate) shared: Arc<ComponentShared>,
}

pub(crate) struct ComponentShared {
    pub(crate) engine: Arc<EngineShared>,
    pub(crate) code: Code,
    pub(crate) component: Component,
    pub(crate) description: Description,
}

/// What the input looks like, judged by its first bytes only.
enum Input {
    Binary,
    Text,
}

fn look(bytes: &[u8]) -> Result<Input, Failure> {
    if bytes.is_empty() {
        return Err(failure(hfb_kind::NotWasm, "the input is empty"));
    }
    if !bytes.starts_with(b"\0asm") {
        if starts_like_text(bytes) {
            return Ok(Input::Text);
        }
        if b"\0asm".starts_with(bytes) {
            return Err(failure(hfb_kind::Malformed, "the component is truncated within its header"));
        }
        return Err(failure(hfb_kind::NotWasm, "the input is neither a WebAssembly component nor component text"));
    }
    match bytes.get(4..8) {
        None => Err(failure(hfb_kind::Malformed, "the component is truncated within its header")),
        Some([_, _, 0, 0]) => Err(failure(hfb_kind::CoreModule, "this is a core WebAssembly module, not a component")),
        Some(_) => Ok(Input::Binary),
    }
}

/// Text begins with `(`, after white space and comments. Anything else is not tried as text, so that a stray file
/// gets a plain answer and not a parser's.
fn starts_like_text(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        match rest {
            [b' ' | b'\t' | b'\r' | b'\n', tail @ ..] => rest = tail,
            [b';', b';', tail @ ..] => {
                let end = tail.iter().position(|&byte| byte == b'\n').unwrap_or(tail.len());
                rest = &tail[end..];
            }
            [b'(', b';', tail @ ..] => {
                let mut depth = 1;
                let mut at = 0;
                while depth > 0 {
                    match tail.get(at..at + 2) {
                        Some(b"(;") => (depth, at) = (depth + 1, at + 2),
                        Some(b";)") => (depth, at) = (depth - 1, at + 2),
                        Some(_) => at += 1,
                        None => return false,
                    }
                }
                rest = &tail[at..];
            }
            [first, ..] => return *first == b'(',
            [] => return false,
        }
    }
}

/// Sorts a refusal of the compiler by its text; the texts are pinned with Wasmtime's version and tested.
fn refused(error: &wasmtime::Error) -> Failure {
    let text = causes(error);
    if text.contains("unexpected end") || text.contains("is out of bounds (bound") {
        return failure(hfb_kind::Malformed, format!("the component is truncated: {text}"));
    }
    if (text.contains("requires the") && text.contains("feature")) || text.contains("must be enabled") {
        return failure(hfb_kind::Unsupported, format!("the component needs a feature that is not supported: {text}"));
    }
    if text.contains("exceeds the") || text.contains("more than the") || text.contains("maximum") {
        let cause = one_line(&error.root_cause().to_string());
        return failure(hfb_kind::TooLarge, format!("the component is larger than an instance may be: {cause}"));
    }
    failure(hfb_kind::Malformed, format!("the component is not valid: {text}"))
}

/// What is wrong with a text, and where, on one line. The parser draws a picture of the place, below an arrow that
/// names a file the text never had: only the line and the column of it are kept.
fn text_refused(error: &wat::Error) -> Failure {
    let drawn = error.to_string();
    let line = match drawn.split_once("--> <anon>:") {
        Some((what, place)) => {
            let place = place.lines().next().unwrap_or_default().replace(':', ", column ");
            format!("{}, at line {place}", one_line(what))
        }
        None => one_line(&drawn),
    };
    failure(hfb_kind::Malformed, format!("the component text is not valid: {line}"))
}

fn compile(
    engine: &Arc<EngineShared>,
    mut code: Code,
    bytes: &[u8],
    directory: &[u8],
) -> Result<hfb_component, Failure> {
    let binary = match look(bytes)? {
        Input::Binary => Cow::Borrowed(bytes),
        Input::Text => {
            let binary = wat::parse_bytes(bytes).map_err(|error| text_refused(&error))?;
            look(&binary)?;
            binary
        }
    };
    let cache = match directory {
        [] => None,
        path => Cache::open(Path::new(OsStr::from_bytes(path)))?,
    };
    let component = match compile_as(code, engine, &binary, cache.as_ref())? {
        Ok(component) => component,
        Err(error) if needs_concurrency(&error) && code.determinism == Determinism::On => {
            let why = "the component has async functions, and what those do cannot be replayed: compile it without determinism";
            return Err(failure(hfb_kind::Unsupported, why));
        }
        Err(error) if needs_concurrency(&error) => {
            code.concurrency = Concurrency::On;
            compile_as(code, engine, &binary, cache.as_ref())?.map_err(|error| refused(&error))?
        }
        Err(error) => return Err(refused(&error)),
    };
    let mut description = describe(&component)?;
    description.lifts_async = code.concurrency == Concurrency::On && all_async(&binary);
    Ok(hfb_component { shared: Arc::new(ComponentShared { engine: engine.clone(), code, component, description }) })
}

/// Compiles, or takes from the cache, for an engine of that kind; the inner error is the compiler's.
fn compile_as(
    code: Code,
    engine: &Arc<EngineShared>,
    binary: &[u8],
    cache: Option<&Cache>,
) -> Result<wasmtime::Result<Component>, Failure> {
    let wasmtime = engine.engine(code)?;
    let cached = cache.and_then(|cache| cache.load(engine, wasmtime, binary)).and_then(|code| {
        // SAFETY: the code verified under the key of a directory that only this user can write, so `store` below
        // wrote it, for this version and these settings.
        unsafe { Component::deserialize(wasmtime, &code) }.ok()
    });
    if let Some(component) = cached {
        return Ok(Ok(component));
    }
    let compiled = Component::from_binary(wasmtime, binary);
    if let (Some(cache), Ok(component)) = (cache, &compiled)
        && let Ok(code) = component.serialize()
    {
        cache.store(engine, wasmtime, binary, &code);
    }
    Ok(compiled)
}

/// Whether it is what a component is refused for that has async functions; the texts are pinned with Wasmtime's version
/// and tested.
fn needs_concurrency(error: &wasmtime::Error) -> bool {
    causes(error).contains("component model async")
}

/// Compiles a component, given in binary or as text. Takes long for a large one, and as long as it likes for a hostile
/// one: bound it from outside where the input is not trusted. Any thread.
///
/// `cache_directory` is a path (bytes, no terminator) or empty for no cache. It is made with mode 0700 where missing.
///
/// `fuel`: the code counts what it uses, and instances may be limited in it. It is some slower, and the first such
/// component makes the engine reserve a second pool.
///
/// `deterministic`: the code does the same on every machine as long as it learns the same from outside, as tapes need it.
/// It is some slower in floating point, and has a pool of its own too. A component with async functions is `unsupported`
/// then.
///
/// Errors: `not_wasm`, `core_module`, `malformed` (truncated too), `unsupported`, `too_large`, `cache`, `no_resources`.
///
/// # Safety
/// `engine` is a live engine, the slices are readable for the call, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_component_compile(
    engine: *const hfb_engine,
    bytes: hfb_slice,
    cache_directory: hfb_slice,
    fuel: bool,
    deterministic: bool,
    out: *mut *mut hfb_component,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (engine, bytes, directory) = unsafe { (&*engine, bytes.bytes(), cache_directory.bytes()) };
        let code = Code {
            metering: if fuel { Metering::On } else { Metering::Off },
            concurrency: Concurrency::Off,
            determinism: if deterministic { Determinism::On } else { Determinism::Off },
        };
        let component = compile(&engine.shared, code, bytes, directory)?;
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(component)) };
        Ok(())
    })
}

/// The imports and exports, in the packed encoding of `src/wit/packed.md`. Any thread.
///
/// # Safety
/// `component` is a live component, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_component_describe(
    component: *const hfb_component,
    out: *mut hfb_bytes,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let packed = unsafe { &*component }.shared.description.packed.clone();
        // SAFETY: the caller's promise.
        unsafe { *out = hfb_bytes::from_vec(packed) };
        Ok(())
    })
}

/// Gives up the component; instances of it live on. Null is fine.
///
/// # Safety
/// `component` is null or a live component, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_component_free(component: *mut hfb_component) {
    if !component.is_null() {
        // SAFETY: it came from `hfb_component_compile`; the caller gives it up.
        guard_or((), || drop(unsafe { Box::from_raw(component) }));
    }
}
