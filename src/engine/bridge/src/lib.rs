// SPDX-License-Identifier: Apache-2.0
//! Wasmtime behind a narrow C boundary: compile, describe, link, instantiate, start and poll, stop, free.
//!
//! Mechanism only; every decision is C++'s. The one promise kept here: the future of a guest's call is dropped only
//! together with its store (`instance`), except where the opposite is the point (`direct`). The C header in `include/`
//! is generated from these sources.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod abi;
mod among;
pub mod blueprint;
mod body;
mod brief;
mod cache;
pub mod component;
pub mod context;
mod describe;
pub mod direct;
mod dynamic;
mod ends;
pub mod engine;
pub mod error;
mod guest;
mod handles;
pub mod host_call;
pub mod http_exchange;
mod http_exchange_ends;
pub mod instance;
mod landing;
mod lift;
mod lifted;
mod lower;
pub mod many;
pub mod object;
pub mod pipe;
pub mod play;
mod sending;
pub mod serving;
mod shape;
mod tape;
mod taped;
mod transmit;
mod waker;

/// The C functions of these crates are part of this library.
pub use {holdfast_docs as docs, holdfast_wave as wave};

/// Wasmtime's own word for its version; part of every cache key.
pub const WASMTIME_VERSION: &str = wasmtime::component::__internal::wasmtime_environ::VERSION;

// The guest's memory is little-endian by definition; lists of scalars are copied as they are.
const _: () = assert!(cfg!(target_endian = "little"), "a big-endian host would have to swap bytes");
