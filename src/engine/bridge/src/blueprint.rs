// SPDX-License-Identifier: Apache-2.0
//! From a component to instances: a linker collects the host's functions, a blueprint is what comes of it, checked
//! once, from which instances are made cheaply.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_grants, hfb_kind, hfb_limits, hfb_output, hfb_slice};
use crate::component::{ComponentShared, hfb_component};
use crate::engine::{Concurrency, Determinism, Metering};
use crate::error::{Failure, causes, failure, guard, guard_or, hfb_error};
use crate::guest::{Foreign, Grants, Guest, Limiter, Limits, Output};
use crate::handles::Handles;
use crate::host_call::{Answers, HostEntry, hfb_host_entry};
use crate::object::Kinds;
use crate::taped;
use std::collections::BTreeSet;
use std::ffi::c_void;
use std::sync::Arc;
use wasmtime::Store;
use wasmtime::component::{InstancePre, Linker, ResourceType};

/// Host functions under way to a blueprint, opaque to C. One thread at a time.
pub struct hfb_linker {
    component: Arc<ComponentShared>,
    pub(crate) linker: Linker<Guest>,
    limits: Limits,
    grants: Grants,
    output: Output,
    pub(crate) kinds: Arc<Kinds>,
    /// The embedder's functions that may wait, as they are shown.
    waiting: BTreeSet<String>,
    brief: Vec<bool>,
    tape_bytes: usize,
}

/// What instances are made from, opaque to C. Immutable; any thread.
pub struct hfb_blueprint {
    pub(crate) shared: Arc<BlueprintShared>,
}

pub(crate) struct BlueprintShared {
    pub(crate) component: Arc<ComponentShared>,
    pub(crate) pre: InstancePre<Guest>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) grants: Grants,
    pub(crate) output: Arc<Output>,
    pub(crate) kinds: Arc<Kinds>,
    /// Of each export whether it was declared brief.
    pub(crate) brief: Vec<bool>,
    /// Most of one segment of an instance's tape; 0: instances have none.
    pub(crate) tape_bytes: usize,
}

/// What a failed link complains about.
enum Complaint {
    Missing { interface: Option<String>, name: String, resource: bool },
    Other,
}

/// The first import that does not link, read from the causes of Wasmtime's error, whose texts are pinned with the
/// version and tested.
fn complaint(error: &wasmtime::Error) -> Complaint {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    let mut top = None;
    let mut inner = None;
    let (mut missing, mut resource) = (false, false);
    for cause in error.chain() {
        let text = cause.to_string();
        if text.starts_with("component imports") {
            top = quoted(&text);
        } else if text.starts_with("instance export") {
            inner = quoted(&text);
        } else if text.ends_with("implementation is missing") {
            missing = true;
            resource = text.starts_with("resource");
        }
    }
    match (top, inner, missing) {
        (Some(interface), Some(name), true) => Complaint::Missing { interface: Some(interface), name, resource },
        (Some(name), None, true) => Complaint::Missing { interface: None, name, resource },
        _ => Complaint::Other,
    }
}

impl hfb_linker {
    fn new(
        component: Arc<ComponentShared>,
        limits: Limits,
        grants: Grants,
        output: Output,
        tape_bytes: usize,
    ) -> Result<Self, Failure> {
        if limits.fuel != 0 && component.code.metering == Metering::Off {
            return Err(failure(
                hfb_kind::TooLarge,
                format!("a limit of {} units of fuel needs a component that was compiled for fuel", limits.fuel),
            ));
        }
        if tape_bytes != 0 {
            may_have_tape(&component, &grants)?;
        }
        let mut linker = Linker::new(component.component.engine());
        // The embedder may take the place of a WASI function.
        linker.allow_shadowing(true);
        let linked = link_wasi(&mut linker, &component);
        let linked = linked.and_then(|()| match component.description.uses_wasi && tape_bytes != 0 {
            true => taped::link(&mut linker),
            false => Ok(()),
        });
        linked.map_err(|error| failure(hfb_kind::Internal, format!("WASI does not link: {}", causes(&error))))?;
        let brief = vec![false; component.description.exports.len()];
        let (kinds, waiting) = (Arc::default(), BTreeSet::new());
        Ok(Self { component, linker, limits, grants, output, kinds, waiting, brief, tape_bytes })
    }

    /// Whether the component imports something of an interface, whichever version of it.
    pub(crate) fn imports_interface(&self, interface: &str) -> bool {
        let imports = &self.component.description.imports;
        imports.iter().any(|known| known.interface.split('@').next() == Some(interface))
    }

    /// Whether the component imports that resource.
    pub(crate) fn imports_resource(&self, interface: &str, name: &str) -> bool {
        let resources = &self.component.description.resources;
        resources.iter().any(|(known, resource)| known == interface && resource == name)
    }

    fn define(&mut self, interface: &str, name: &str, entry: HostEntry, answers: Answers) -> Result<(), Failure> {
        // What the component does not import would only be in the way of another version of the interface.
        let imports = &self.component.description.imports;
        let Some(import) = imports.iter().find(|known| known.interface == interface && known.name == name) else {
            return Ok(());
        };
        if import.passes_handles && self.tape_bytes != 0 {
            let why = "resources, streams and futures have no place on a tape";
            return Err(failure(hfb_kind::Unsupported, format!("import {}: {why}", shown(None, &import.full_name()))));
        }
        let answers = if import.is_async { Answers::Meanwhile } else { answers };
        let trouble = |error: wasmtime::Error| {
            failure(hfb_kind::Internal, format!("`{interface}#{name}` cannot be defined: {}", causes(&error)))
        };
        let root = self.linker.root();
        let mut place = match interface {
            "" => root,
            interface => root.into_instance(interface).map_err(trouble)?,
        };
        entry.link(&mut place, import, answers).map_err(trouble)?;
        let shown = shown(Some(interface).filter(|interface| !interface.is_empty()), name);
        match answers {
            Answers::Later | Answers::Meanwhile => self.waiting.insert(shown),
            Answers::AtOnce => self.waiting.remove(&shown),
        };
        Ok(())
    }

    fn finish(self) -> Result<hfb_blueprint, Failure> {
        let pre = self.linker.instantiate_pre(&self.component.component).map_err(|error| self.why(error))?;
        if let Some(first) = self.brief.iter().position(|brief| *brief)
            && (self.component.code.concurrency == Concurrency::On || self.may_wait(&pre))
        {
            return Err(self.not_brief(first));
        }
        Ok(hfb_blueprint {
            shared: Arc::new(BlueprintShared {
                component: self.component,
                pre,
                limits: Arc::new(self.limits),
                grants: self.grants,
                output: Arc::new(self.output),
                kinds: self.kinds,
                brief: self.brief,
                tape_bytes: self.tape_bytes,
            }),
        })
    }

    fn declare_brief(&mut self, number: usize) -> Result<(), Failure> {
        let exports = self.brief.len();
        let brief = self.brief.get_mut(number).ok_or_else(|| {
            let text = format!("there is no exported function number {number}, the component has {exports}");
            failure(hfb_kind::Internal, text)
        })?;
        *brief = true;
        Ok(())
    }

    /// Whether something was linked that only a guest on a fiber can call. Wasmtime tells by a refusal alone, the first
    /// thing that an instantiation without a fiber does; one that may have no core instance gets no further than that.
    fn may_wait(&self, pre: &InstancePre<Guest>) -> bool {
        let none = Limits { instances: 0, ..self.limits.clone() };
        let limiter = Limiter::new(Arc::new(none), Arc::default());
        let nobody = Foreign(std::ptr::null_mut());
        let mut store = Store::new(
            self.component.component.engine(),
            Guest::new(limiter, nobody, Arc::new(Handles::new(0, 0)), self.kinds.clone(), Arc::default(), None),
        );
        store.limiter(|guest| &mut guest.limiter);
        // The text is pinned with the version and tested.
        pre.instantiate(&mut store).is_err_and(|error| error.to_string().contains("`*_async` functions are used"))
    }

    /// Why an export cannot be brief: the embedder's functions that may wait, or else what of WASI there is.
    fn not_brief(&self, number: usize) -> Failure {
        let may_wait = |interface: &str| {
            ["wasi:io/", "wasi:filesystem/", "wasi:sockets/", "wasi:http/"].iter().any(|of| interface.starts_with(of))
        };
        let imports = self.component.description.imports.iter();
        let wasi = || imports.filter(|known| may_wait(&known.interface)).map(|known| shown(None, &known.interface));
        let (what, names) = match self.waiting.is_empty() {
            false => ("calls of the host that may wait", self.waiting.clone()),
            true => ("interfaces of WASI that may wait", wasi().collect()),
        };
        let export = &self.component.description.exports[number].name;
        if self.component.code.concurrency == Concurrency::On {
            let why = "the component has async functions, and its calls may wait for each other";
            return failure(hfb_kind::MayWait, format!("`{export}` cannot be brief: {why}"));
        }
        let list = names.into_iter().collect::<Vec<_>>().join(", ");
        failure(hfb_kind::MayWait, format!("`{export}` cannot be brief: the component imports {what}: {list}"))
    }

    /// Names every import that is missing: Wasmtime stops at the first, so each is filled in on a copy until it links
    /// or complains about something else.
    fn why(&self, mut error: wasmtime::Error) -> Failure {
        let mut linker = self.linker.clone();
        let mut missing = BTreeSet::new();
        loop {
            let (interface, name, resource) = match complaint(&error) {
                Complaint::Missing { interface, name, resource } => (interface, name, resource),
                Complaint::Other => break,
            };
            if !missing.insert(shown(interface.as_deref(), &name))
                || !fill(&mut linker, interface.as_deref(), &name, resource)
            {
                break;
            }
            match linker.instantiate_pre(&self.component.component) {
                Ok(_) => break,
                Err(next) => error = next,
            }
        }
        if missing.is_empty() {
            return failure(hfb_kind::TypeMismatch, format!("an import has another type: {}", causes(&error)));
        }
        let list = missing.into_iter().collect::<Vec<_>>();
        let (noun, verb) = if list.len() == 1 { ("import", "is") } else { ("imports", "are") };
        failure(hfb_kind::UnknownImport, format!("{noun} {} {verb} not defined", list.join(", ")))
    }
}

/// WASI 0.2 and 0.3, each where the component imports something of it: a guest in Python imports 0.2 whatever else it does.
fn link_wasi(linker: &mut Linker<Guest>, component: &ComponentShared) -> wasmtime::Result<()> {
    let description = &component.description;
    if !description.uses_wasi {
        return Ok(());
    }
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    if description.third_wasi().is_none() {
        return Ok(());
    }
    // Without tasks there can be but the functions that are not async.
    if component.code.concurrency == Concurrency::Off {
        return wasmtime_wasi::p3::random::add_to_linker(linker);
    }
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)
}

/// Why instances of the component cannot have tapes.
fn may_have_tape(component: &ComponentShared, grants: &Grants) -> Result<(), Failure> {
    let refuse = |why: String| Err(failure(hfb_kind::Unsupported, why));
    if component.code.determinism == Determinism::Off {
        return refuse("a tape needs a component that was compiled for determinism".to_owned());
    }
    if grants.reach_out() {
        return refuse("a tape has not what directories and the network answer, so none can be granted".to_owned());
    }
    match component.description.third_wasi() {
        Some(interface) => refuse(format!("the component imports `{interface}`, and tapes are for WASI 0.2 alone")),
        None => Ok(()),
    }
}

fn shown(interface: Option<&str>, name: &str) -> String {
    match interface {
        Some(interface) => format!("`{interface}#{name}`"),
        None => format!("`{name}`"),
    }
}

/// Puts something in the place of a missing import, to see what else is missing.
fn fill(linker: &mut Linker<Guest>, interface: Option<&str>, name: &str, resource: bool) -> bool {
    let place = match interface {
        Some(interface) => linker.root().into_instance(interface),
        None => Ok(linker.root()),
    };
    let filled = place.and_then(|mut place| match resource {
        true => place.resource(name, ResourceType::host::<()>(), |_, _| Ok(())),
        false => place.func_new_async(name, |_, _, _, _| Box::new(async { wasmtime::bail!("not defined") })),
    });
    filled.is_ok()
}

/// Begins a blueprint. `limits`, `grants` and `output` may be null: defaults, nothing granted, text dropped. WASI 0.2 and
/// 0.3 are linked only where the component imports something of them.
///
/// `tape_bytes`: what its instances learn from outside goes through a tape each, of which one segment has at most so many
/// bytes (`hfb_instance_play`). That takes a component compiled for determinism, without imports of WASI 0.3, and neither
/// directories nor the network granted; anything else is `unsupported`. 0: no tape.
///
/// `output` is taken over in every case: its `drop` is called also when this fails.
///
/// # Safety
/// `component` is a live component; the others are null or readable, with readable slices; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_new(
    component: *const hfb_component,
    limits: *const hfb_limits,
    grants: *const hfb_grants,
    output: *const hfb_output,
    tape_bytes: usize,
    out: *mut *mut hfb_linker,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promises.
        let (component, limits, grants, output) =
            unsafe { (&*component, limits.as_ref(), grants.as_ref(), output.as_ref()) };
        let output = Output::new(output);
        // SAFETY: the caller's promise.
        let grants = unsafe { Grants::of(grants) }?;
        let linker = hfb_linker::new(component.shared.clone(), Limits::of(limits), grants, output, tape_bytes)?;
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(linker)) };
        Ok(())
    })
}

/// Defines an imported function by `entry`; of an interface (`wasi:clocks/wall-clock@0.2.0`), or of the root where
/// `interface` is empty. Takes the place of an earlier definition, also of WASI's. A definition for an import that the
/// component does not have is ignored.
///
/// `at_once`: the entry has always replied when it returns, so that exports of the component can be brief. A component
/// that passes resources of WASI's may wait all the same.
///
/// With tapes, a function whose types have resources, streams or futures is `unsupported`.
///
/// `context` is taken over in every case: `drop` (may be null) is called once, when no call can reach `entry` any more.
///
/// # Safety
/// `linker` is a live linker, the slices are readable UTF-8 for the call, and `entry` and `drop` may be called with
/// `context` from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_define(
    linker: *mut hfb_linker,
    interface: hfb_slice,
    name: hfb_slice,
    entry: hfb_host_entry,
    at_once: bool,
    context: *mut c_void,
    drop: Option<unsafe extern "C" fn(context: *mut c_void)>,
) -> *mut hfb_error {
    guard(|| {
        let entry = HostEntry::new(entry, context, drop);
        // SAFETY: the caller's promises.
        let (linker, interface, name) = unsafe { (&mut *linker, interface.bytes(), name.bytes()) };
        let text = |bytes| {
            std::str::from_utf8(bytes).map_err(|_| failure(hfb_kind::Internal, "an import's name is not UTF-8"))
        };
        let answers = match at_once && Answers::may_be_at_once(&linker.component.description) {
            true => Answers::AtOnce,
            false => Answers::Later,
        };
        linker.define(text(interface)?, text(name)?, entry, answers)
    })
}

/// Declares exported function number `function` brief: each call of it has one slice, of one tick at least and two at
/// most, never answers `pending`, and fails as `slice_over` when it is not done by then. In return it needs no stack of
/// its own where the polling thread's has as much left. Its instance is spoiled by that as by any fault.
///
/// Errors: `internal` for a number that there is not; `hfb_linker_finish` tells whether it can be.
///
/// # Safety
/// `linker` is a live linker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_brief(linker: *mut hfb_linker, function: u32) -> *mut hfb_error {
    // SAFETY: the caller's promise.
    guard(|| unsafe { &mut *linker }.declare_brief(function as usize))
}

/// Ends the linking. The linker is consumed, also on failure.
///
/// Errors: `unknown_import` (names each one), `type_mismatch`; `may_wait` where an export was declared brief and the
/// component imports what may wait.
///
/// # Safety
/// `linker` is a live linker, not used again; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_finish(linker: *mut hfb_linker, out: *mut *mut hfb_blueprint) -> *mut hfb_error {
    guard(|| {
        // SAFETY: it came from `hfb_linker_new`; the caller gives it up.
        let linker = unsafe { Box::from_raw(linker) };
        let blueprint = linker.finish()?;
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(blueprint)) };
        Ok(())
    })
}

/// Gives up a linker that was not finished. Null is fine.
///
/// # Safety
/// `linker` is null or a live linker, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_linker_free(linker: *mut hfb_linker) {
    if !linker.is_null() {
        // SAFETY: it came from `hfb_linker_new`; the caller gives it up.
        guard_or((), || drop(unsafe { Box::from_raw(linker) }));
    }
}

/// Whether its component has async functions, so that instances of it take `hfb_instance_begin`.
///
/// # Safety
/// `blueprint` is a live blueprint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_blueprint_concurrent(blueprint: *const hfb_blueprint) -> bool {
    // SAFETY: the caller's promise.
    unsafe { &*blueprint }.shared.component.code.concurrency == Concurrency::On
}

/// Gives up the blueprint; its instances live on. Null is fine.
///
/// # Safety
/// `blueprint` is null or a live blueprint, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_blueprint_free(blueprint: *mut hfb_blueprint) {
    if !blueprint.is_null() {
        // SAFETY: it came from `hfb_linker_finish`; the caller gives it up.
        guard_or((), || drop(unsafe { Box::from_raw(blueprint) }));
    }
}
