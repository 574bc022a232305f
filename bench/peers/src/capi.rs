// SPDX-License-Identifier: Apache-2.0
//! The echo through Wasmtime's official C API, by the same functions and values that a C program has.
//!
//! A list is an array of tagged values there, one a byte. Calls are the API's synchronous ones, which need no stack of
//! their own: its asynchronous ones cost more.

use std::mem::MaybeUninit;
use std::ptr;
use wasmtime::component::{Func, Instance};
use wasmtime_c_api as c;

pub struct CApi {
    store: Box<c::wasmtime_store_t>,
    echo: Func,
}

/// A failure's text, freed.
fn check(error: Option<Box<c::wasmtime_error_t>>) -> Result<(), String> {
    match error {
        None => Ok(()),
        Some(error) => Err(format!("{:?}", wasmtime::Error::from(*error))),
    }
}

impl CApi {
    pub fn new(component: &[u8]) -> Result<Self, String> {
        let mut config = c::wasm_config_new();
        c::wasmtime_config_concurrency_support_set(&mut config, false);
        let engine = c::wasm_engine_new_with_config(config);
        let mut compiled = ptr::null_mut();
        // SAFETY: the slice is readable, the rest are live objects of this function.
        let compiled = unsafe {
            check(c::wasmtime_component_new(&engine, component.as_ptr(), component.len(), &mut compiled))?;
            Box::from_raw(compiled)
        };
        let mut store = c::wasmtime_store_new(&engine, ptr::null_mut(), None);
        let linker = c::wasmtime_component_linker_new(&engine);
        let mut instance = MaybeUninit::<Instance>::uninit();
        let mut echo = MaybeUninit::<Func>::uninit();
        let name = b"echo";
        // SAFETY: as in C: the outputs are written where the call succeeds, and read only then.
        let echo = unsafe {
            let made = &mut *instance.as_mut_ptr();
            check(c::wasmtime_component_linker_instantiate(
                &linker,
                c::wasmtime_store_context(&mut store),
                &compiled,
                made,
            ))?;
            let index = c::wasmtime_component_instance_get_export_index(
                made,
                c::wasmtime_store_context(&mut store),
                ptr::null(),
                name.as_ptr(),
                name.len(),
            )
            .ok_or("there is no export `echo`")?;
            let found = &mut *echo.as_mut_ptr();
            if !c::wasmtime_component_instance_get_func(made, c::wasmtime_store_context(&mut store), &index, found) {
                return Err("`echo` is no function".into());
            }
            *found
        };
        Ok(Self { store, echo })
    }

    /// From bytes to bytes, as a C program has them.
    pub fn echo(&mut self, data: &[u8]) -> Result<Vec<u8>, String> {
        let mut list = c::wasmtime_component_vallist_t::default();
        c::wasmtime_component_vallist_new_uninit(&mut list, data.len());
        for (slot, byte) in list.as_uninit_slice().iter_mut().zip(data) {
            slot.write(c::wasmtime_component_val_t::U8(*byte));
        }
        let arguments = [c::wasmtime_component_val_t::List(list)];
        let mut results = [c::wasmtime_component_val_t::Bool(false)];
        // SAFETY: both arrays have the lengths given.
        check(unsafe {
            c::wasmtime_component_func_call(
                &self.echo,
                c::wasmtime_store_context(&mut self.store),
                arguments.as_ptr(),
                arguments.len(),
                results.as_mut_ptr(),
                results.len(),
            )
        })?;
        let [c::wasmtime_component_val_t::List(back)] = &results else { return Err("echo answered no list".into()) };
        back.as_slice()
            .iter()
            .map(|value| match value {
                c::wasmtime_component_val_t::U8(byte) => Ok(*byte),
                _ => Err("echo answered no bytes".to_string()),
            })
            .collect()
    }
}
