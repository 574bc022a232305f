// SPDX-License-Identifier: Apache-2.0
//! The floor of a call: `TypedFunc::call_async`, polled on the caller's thread.
//!
//! What the floor lacks is what Holdfast adds: nobody may leave such a call.

use crate::guest::{Blueprint, Instance, Size, block_on};
use wasmtime::component::TypedFunc;
use wasmtime::{Engine, Result};

pub struct Floor {
    pub blueprint: Blueprint,
    instance: Instance,
    /// Another one, which is called without a fiber.
    plain: Instance,
    /// Its argument's lifetime is chosen anew for each call, see `echo`.
    echo: TypedFunc<(&'static [u8],), (Vec<u8>,)>,
}

impl Floor {
    /// Compiles `component`, text or binary, and makes the one instance that the calls are of. `instances`: how many the
    /// engine has room for.
    pub fn new(component: &[u8], instances: u32) -> Result<Self> {
        let blueprint = Blueprint::new(component, &Size { instances, ..Size::USUAL })?;
        let mut instance = block_on(blueprint.instantiate())?;
        let echo = instance.echo()?;
        let mut plain = block_on(blueprint.instantiate())?;
        plain.never_yields();
        Ok(Self { blueprint, instance, plain, echo })
    }

    pub fn engine(&self) -> &Engine {
        self.blueprint.engine()
    }

    pub fn add(&mut self, a: u32, b: u32) -> Result<u32> {
        block_on(self.instance.add(a, b))
    }

    /// The floor of a brief call: `TypedFunc::call`.
    pub fn add_here(&mut self, a: u32, b: u32) -> Result<u32> {
        self.plain.add_here(a, b)
    }

    pub fn echo(&mut self, data: &[u8]) -> Result<Vec<u8>> {
        // SAFETY: the parameter's type differs from the checked one in its lifetime only.
        let echo = unsafe { TypedFunc::<(&[u8],), (Vec<u8>,)>::new_unchecked(*self.echo.func()) };
        Ok(block_on(echo.call_async(&mut self.instance.store, (data,)))?.0)
    }

    /// Calls `add` in an instance of its own: a store is made, used once and dropped.
    pub fn add_in_new(&self, a: u32, b: u32) -> Result<u32> {
        block_on(async { self.blueprint.instantiate().await?.add(a, b).await })
    }
}
