// SPDX-License-Identifier: Apache-2.0
//! What people wrote beside their functions: the doc comments of WIT files, and the custom sections of components.
//!
//! Mechanism only. What a comment means, and which function of a component it is about, is for C++ to say.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]

pub mod abi;
mod files;
pub mod section;
pub mod source;
