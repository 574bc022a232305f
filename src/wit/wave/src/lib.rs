// SPDX-License-Identifier: Apache-2.0
//! Packed values of Holdfast and their WAVE text, with the C functions that C++ calls.
//!
//! Values never take a detour through a tree of their own: text is parsed by the `wasm-wave` crate into its syntax
//! tree, which is walked beside the packed type and written as packed bytes; printing walks the packed bytes.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]

pub mod abi;
pub mod packed;
pub mod parse;
pub mod print;
pub mod types;
