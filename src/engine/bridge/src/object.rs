// SPDX-License-Identifier: Apache-2.0
//! Resources whose objects are the embedder's: the guest has handles, C++ has the objects.
//!
//! An object is known by two numbers of the embedder's: its kind, which is the resource's type, and itself. Wasmtime
//! runs no destructor of a host's resource when a store goes, so the embedder ends what is left after it has freed the
//! instance; in between each object ends by exactly one `drop`.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_kind, hfb_slice};
use crate::blueprint::hfb_linker;
use crate::error::{Failure, TooManyHandles, causes, failure, guard, hfb_error};
use crate::guest::Guest;
use crate::handles::{Handles, fresh_number};
use crate::shape::unknown_handle;
use std::ffi::c_void;
use std::sync::Arc;
use wasmtime::component::{Linker, ResourceAny, ResourceDynamic, ResourceType};
use wasmtime::{Result, StoreContextMut};

/// Set in the handle number of an object: bits 32 to 62 are its kind, the low 32 bits the object. Numbers of guests'
/// resources never get there.
const OBJECT: u64 = 1 << 63;

/// Called when a guest, or whoever held it outside, gives up an object: nobody in the instance has it any more. Runs
/// inside a poll, on the polling thread; it must not throw or call into the instance. `user` is the instance's.
pub type hfb_object_drop = unsafe extern "C" fn(user: *mut c_void, object: u32);

/// An object among the arguments of a host call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hfb_object {
    /// As it stands in the packed arguments.
    pub number: u64,
    pub kind: u32,
    pub object: u32,
    /// Given away by the guest, not lent.
    pub owned: bool,
}

/// The handle number by which the packed result of a host call gives an object to the guest.
#[unsafe(no_mangle)]
pub extern "C" fn hfb_object_number(kind: u32, object: u32) -> u64 {
    OBJECT | u64::from(kind & (u32::MAX >> 1)) << 32 | u64::from(object)
}

/// The kinds of a blueprint and how their objects end.
pub(crate) type Kinds = Vec<(u32, hfb_object_drop)>;

fn kind_of(kinds: &Kinds, ty: ResourceType) -> Option<u32> {
    kinds.iter().map(|(kind, _)| *kind).find(|kind| ResourceType::host_dynamic(*kind) == ty)
}

fn drop_object(store: &StoreContextMut<'_, Guest>, number: u64) {
    let kind = (number & !OBJECT) >> 32;
    let guest = store.data();
    if let Some((_, drop)) = guest.kinds.iter().find(|(known, _)| u64::from(*known) == kind) {
        // SAFETY: the embedder promised a function that may be called with the instance's `user` during a poll.
        unsafe { drop(guest.user.0, number as u32) }
    }
}

/// The resources that a host call's arguments brought, sorted by whose they are.
#[derive(Default)]
pub(crate) struct Taken {
    /// The guest's own, under fresh numbers.
    pub brought: Vec<(u64, ResourceAny)>,
    pub objects: Vec<hfb_object>,
}

impl Taken {
    /// Takes one resource over from Wasmtime and answers its number.
    pub(crate) fn take(&mut self, store: &mut StoreContextMut<'_, Guest>, resource: ResourceAny) -> Result<u64> {
        let Some(kind) = kind_of(&store.data().kinds, resource.ty()) else {
            let number = fresh_number();
            self.brought.push((number, resource));
            return Ok(number);
        };
        if self.objects.len() >= store.data().handles.limit() {
            return Err(TooManyHandles(store.data().handles.limit()).into());
        }
        // Wasmtime forgets it here: an owned one is ours from now on, a lent one stays with the guest, which waits.
        let object = resource.try_into_resource_dynamic(&mut *store)?;
        let number = hfb_object_number(kind, object.rep());
        self.objects.push(hfb_object { number, kind, object: object.rep(), owned: object.owned() });
        Ok(number)
    }
}

/// The objects that a host call may give to the guest with its result: those that it was given, and its own.
pub(crate) struct Offered(pub Vec<u64>);

impl Offered {
    /// The resource that a handle number in the result means; each object can be given once.
    pub(crate) fn give(
        &mut self,
        store: &mut StoreContextMut<'_, Guest>,
        handles: &Handles,
        number: u64,
        ty: &ResourceType,
    ) -> Result<ResourceAny, String> {
        const OTHER: &str = "a handle is of another resource";
        if number & OBJECT == 0 {
            let found = handles.get(number).ok_or_else(|| unknown_handle(number))?;
            if found.ty() != *ty {
                return Err(OTHER.to_owned());
            }
            handles.take(number);
            return Ok(found);
        }
        let Some(at) = self.0.iter().position(|offered| *offered == number) else {
            return Err("a handle is not this call's to give, or was given already".to_owned());
        };
        let kind = ((number & !OBJECT) >> 32) as u32;
        if ResourceType::host_dynamic(kind) != *ty {
            return Err(OTHER.to_owned());
        }
        self.0.swap_remove(at);
        let object = ResourceDynamic::new_own(number as u32, kind);
        object.try_into_resource_any(store).map_err(|error| causes(&error))
    }

    /// What was not given to the guest ends here.
    pub(crate) fn end(self, store: &StoreContextMut<'_, Guest>) {
        self.0.into_iter().for_each(|number| drop_object(store, number));
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>, interface: &str, name: &str, kind: u32) -> Result<()> {
    let root = linker.root();
    let mut place = match interface {
        "" => root,
        interface => root.into_instance(interface)?,
    };
    place.resource(name, ResourceType::host_dynamic(kind), move |store, object| {
        drop_object(&store, hfb_object_number(kind, object));
        Ok(())
    })
}

impl hfb_linker {
    fn define_resource(
        &mut self,
        interface: &str,
        name: &str,
        kind: u32,
        drop: hfb_object_drop,
    ) -> Result<(), Failure> {
        if kind >= 1 << 31 {
            return Err(failure(hfb_kind::Internal, "the kind of a resource has 31 bits"));
        }
        if !self.imports_resource(interface, name) {
            return Ok(());
        }
        link(&mut self.linker, interface, name, kind).map_err(|error| {
            failure(hfb_kind::Internal, format!("`{interface}#{name}` cannot be defined: {}", causes(&error)))
        })?;
        let kinds = Arc::make_mut(&mut self.kinds);
        kinds.retain(|(known, _)| *known != kind);
        kinds.push((kind, drop));
        Ok(())
    }
}

/// Defines an imported resource whose objects are the embedder's; of an interface, or of the root where `interface` is
/// empty. Resources of the same kind are one type. A definition for an import that the component does not have is
/// ignored.
///
/// `drop` ends one object that the guest owned. What the guest still has when its instance is freed, the embedder ends
/// after that by itself.
///
/// Errors: `internal` for a kind of more than 31 bits.
///
/// # Safety
/// `linker` is a live linker, the slices are readable UTF-8 for the call, and `drop` may be called with the `user` of
/// each instance that comes of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_define_resource(
    linker: *mut hfb_linker,
    interface: hfb_slice,
    name: hfb_slice,
    kind: u32,
    drop: hfb_object_drop,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (linker, interface, name) = unsafe { (&mut *linker, interface.bytes(), name.bytes()) };
        let text = |bytes| {
            std::str::from_utf8(bytes).map_err(|_| failure(hfb_kind::Internal, "an import's name is not UTF-8"))
        };
        linker.define_resource(text(interface)?, text(name)?, kind, drop)
    })
}
