// SPDX-License-Identifier: Apache-2.0
//! A store with its one component instance, and the few things that are done with it.
//!
//! Who may drop the futures made here decides everything: the driver of an instance never drops one without the store;
//! `direct` does, to show what happens then.

use crate::abi::hfb_kind;
use crate::among;
use crate::blueprint::BlueprintShared;
use crate::brief::Slice;
use crate::describe::Export;
use crate::engine::{Code, Concurrency, Metering};
use crate::error::{Failure, failure, of_run};
use crate::guest::{Foreign, Guest, Limiter, Limits};
use crate::handles::{Handles, Types};
use crate::http_exchange::Exchange;
use crate::lift::{Answer, PackedResult};
use crate::lower::{Args, PackedArgs};
use crate::shape::{Passed, Shape};
use crate::tape::Tape;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use wasmtime::component::{Func, Instance, Resource, TypedFunc};
use wasmtime::{AsContextMut, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};

/// What is seen of an instance from outside its store.
pub(crate) struct Outside {
    /// Set from any thread. Relaxed everywhere: the flag carries nothing but itself.
    pub interrupted: AtomicBool,
    /// A task has the whole store, between two slices or while it waits for a host function: no other task goes on, and
    /// none begins. Relaxed: for whoever polls.
    pub held: Arc<AtomicBool>,
    /// Bytes of linear memory.
    pub memory: Arc<AtomicU64>,
    pub handles: Arc<Handles>,
    /// Fuel that the last call used, where it is counted.
    pub fuel: AtomicU64,
    /// Of the call under way, where it is a brief one.
    pub slice: Slice,
    /// Streams or futures have left the guest: some may come straight from the embedder, and what moves along them is the
    /// store's, also while no task is left. Relaxed: for whoever polls.
    pub piped: AtomicBool,
    /// Of a blueprint with tapes.
    pub tape: Option<Arc<Tape>>,
}

impl Outside {
    /// `tape_bytes`: most of one segment of its tape; 0: it has none.
    pub(crate) fn new(limits: &Limits, tape_bytes: usize) -> Self {
        Self {
            interrupted: AtomicBool::new(false),
            held: Arc::default(),
            memory: Arc::default(),
            handles: Arc::new(Handles::new(limits.handles, limits.ends)),
            fuel: AtomicU64::new(0),
            slice: Slice::new(),
            piped: AtomicBool::new(false),
            tape: (tape_bytes != 0).then(|| Tape::new(tape_bytes)),
        }
    }

    /// What a guest does that runs when a tick comes.
    pub(crate) fn at_tick(&self) -> UpdateDeadline {
        if self.interrupted.load(Ordering::Relaxed) {
            return UpdateDeadline::Interrupt;
        }
        match self.slice.tick() {
            None => {
                self.held.store(true, Ordering::Relaxed);
                UpdateDeadline::Yield(1)
            }
            Some(false) => UpdateDeadline::Continue(1),
            Some(true) => UpdateDeadline::Interrupt,
        }
    }

    /// The kind of a stop at a tick.
    fn stopped(&self) -> hfb_kind {
        if self.interrupted.load(Ordering::Relaxed) {
            hfb_kind::Interrupted
        } else if self.slice.is_over() {
            hfb_kind::SliceOver
        } else {
            hfb_kind::Trap
        }
    }
}

pub(crate) struct Body {
    pub store: Store<Guest>,
    pub instance: Instance,
    /// The exports by number, looked up at their first call.
    pub functions: Vec<Option<Func>>,
    pub blueprint: Arc<BlueprintShared>,
}

/// Makes the store; nothing of the guest runs.
pub(crate) fn store(
    blueprint: &BlueprintShared,
    outside: &Outside,
    user: Foreign,
    at_tick: impl Fn() -> UpdateDeadline + Send + Sync + 'static,
) -> Result<Store<Guest>, Failure> {
    let limiter = Limiter::new(blueprint.limits.clone(), outside.memory.clone());
    let (handles, kinds, held) = (outside.handles.clone(), blueprint.kinds.clone(), outside.held.clone());
    let mut guest = Guest::new(limiter, user, handles, kinds, held, outside.tape.clone());
    if blueprint.component.description.uses_wasi {
        guest.grant(&blueprint.grants, &blueprint.limits, &blueprint.output)?;
    }
    let mut store = Store::new(blueprint.component.component.engine(), guest);
    store.limiter(|guest| &mut guest.limiter);
    store.set_hostcall_fuel(blueprint.limits.hostcall_bytes);
    store.epoch_deadline_callback(move |_| Ok(at_tick()));
    Ok(store)
}

impl Body {
    /// Instantiates, start functions included.
    pub(crate) async fn instantiate(
        mut store: Store<Guest>,
        blueprint: &Arc<BlueprintShared>,
        outside: &Outside,
    ) -> Result<Self, Failure> {
        // From the current tick on: a deadline of the store's making may be long over.
        store.set_epoch_deadline(1);
        refuel(&mut store.as_context_mut(), blueprint.component.code, 0)?;
        match blueprint.pre.instantiate_async(&mut store).await {
            Ok(instance) => {
                let description = &blueprint.component.description;
                let functions = vec![None; description.exports.len()];
                let mut body = Self { store, instance, functions, blueprint: blueprint.clone() };
                outside.handles.resolved(body.resource_types()?);
                Ok(body)
            }
            Err(error) => Err(why(&store, &error, hfb_kind::Instantiation, outside, 0)),
        }
    }

    /// What the resources among the parameters are in this instance.
    fn resource_types(&mut self) -> Result<Types, Failure> {
        let blueprint = self.blueprint.clone();
        let description = &blueprint.component.description;
        let mut types = Types::new(description.resource_types);
        for (number, export) in description.exports.iter().enumerate().filter(|(_, export)| export.names_resource) {
            let function = self.function(number)?.ty(&self.store);
            export.params.iter().zip(function.params()).for_each(|(shape, (_, ty))| shape.resolve(&ty, &mut types));
        }
        Ok(types)
    }

    fn function(&mut self, number: usize) -> Result<Func, Failure> {
        if let Some(Some(known)) = self.functions.get(number) {
            return Ok(*known);
        }
        let Self { store, instance, functions, blueprint } = self;
        Self::find(&mut store.as_context_mut(), *instance, blueprint, functions, number)
    }

    pub(crate) fn find(
        store: &mut StoreContextMut<'_, Guest>,
        instance: Instance,
        blueprint: &BlueprintShared,
        functions: &mut [Option<Func>],
        number: usize,
    ) -> Result<Func, Failure> {
        if let Some(Some(known)) = functions.get(number) {
            return Ok(*known);
        }
        let missing = || failure(hfb_kind::Internal, format!("there is no exported function number {number}"));
        let export = blueprint.component.description.exports.get(number).ok_or_else(missing)?;
        let found = instance.get_func(store, export.index).ok_or_else(missing)?;
        functions[number] = Some(found);
        Ok(found)
    }

    /// Readies the store for one command: the same for each.
    fn begin(&mut self) -> Result<(), Failure> {
        Self::ready(&mut self.store.as_context_mut(), &self.blueprint)
    }

    pub(crate) fn ready(store: &mut StoreContextMut<'_, Guest>, blueprint: &BlueprintShared) -> Result<(), Failure> {
        store.data_mut().limiter.forget();
        store.set_epoch_deadline(1);
        refuel(store, blueprint.component.code, blueprint.limits.fuel)
    }

    fn end(&self, outside: &Outside) {
        // Asked for fuel that is not counted, Wasmtime makes an error, and that costs more than the call.
        if self.blueprint.component.code.metering == Metering::On
            && let Ok(left) = self.store.get_fuel()
        {
            // Relaxed: read between polls, on whatever thread.
            outside.fuel.store(tank(self.blueprint.limits.fuel) - left, Ordering::Relaxed);
        }
    }

    fn packed<'a>(&mut self, number: usize) -> Result<TypedFunc<PackedArgs<'a>, PackedResult>, Failure> {
        let function = self.function(number)?;
        // SAFETY: the two packed types walk the function's own type at run time, so they fit every function.
        Ok(unsafe { TypedFunc::new_unchecked(function) })
    }

    /// Calls an export; the future borrows the store.
    pub(crate) async fn call(&mut self, number: usize, args: &Args<'_>, outside: &Outside) -> Result<Answer, Failure> {
        let function = self.packed(number)?;
        self.begin()?;
        let brief = self.blueprint.brief[number];
        if brief {
            outside.slice.begin();
        }
        let outcome = function.call_async(&mut self.store, PackedArgs(args)).await;
        if brief {
            outside.slice.end();
        }
        self.settle(outcome, outside)
    }

    /// Calls a brief export on the stack of this thread, which has room for it.
    pub(crate) fn call_here(&mut self, number: usize, args: &Args<'_>, outside: &Outside) -> Result<Answer, Failure> {
        let function = self.packed(number)?;
        self.begin()?;
        outside.slice.begin();
        let outcome = function.call(&mut self.store, PackedArgs(args));
        outside.slice.end();
        self.settle(outcome, outside)
    }

    /// Calls the handler of HTTP requests.
    pub(crate) async fn exchange(
        &mut self,
        number: usize,
        exchange: &Arc<Exchange>,
        outside: &Outside,
    ) -> Result<Answer, Failure> {
        let function = self.function(number)?;
        self.begin()?;
        let begun = handler(function, &mut self.store)
            .and_then(|function| exchange.enter(self.store.data_mut()).map(|args| (function, args)));
        let outcome = match begun {
            Ok((function, args)) => function.call_async(&mut self.store, args).await,
            Err(error) => Err(error),
        };
        let result = outcome.map(|()| PackedResult { answer: Answer::NONE, handles: None, ends: None });
        self.settle(result, outside)
    }

    fn settle(&self, outcome: wasmtime::Result<PackedResult>, outside: &Outside) -> Result<Answer, Failure> {
        self.end(outside);
        match outcome {
            Ok(result) => take_over(result, outside),
            Err(error) => Err(why(&self.store, &error, hfb_kind::Trap, outside, self.blueprint.limits.fuel)),
        }
    }

    /// Drops a resource of the guest's; its destructor runs.
    pub(crate) async fn release(&mut self, handle: u64, outside: &Outside) -> Result<(), Failure> {
        // Checked when the command was accepted; the map changes only through commands.
        let Some(resource) = outside.handles.take(handle) else { return Ok(()) };
        self.begin()?;
        let outcome = resource.resource_drop_async(&mut self.store).await;
        self.end(outside);
        outcome.map_err(|error| why(&self.store, &error, hfb_kind::Trap, outside, self.blueprint.limits.fuel))
    }
}

/// Its type.
pub(crate) type Handler = TypedFunc<(Resource<HostIncomingRequest>, Resource<HostResponseOutparam>), ()>;

pub(crate) fn handler(function: Func, store: impl AsContextMut<Data = Guest>) -> wasmtime::Result<Handler> {
    function.typed(store.as_context())
}

/// Whether an exchange can be given to that export.
pub(crate) fn may_begin_exchange(blueprint: &BlueprintShared, number: usize) -> Result<(), Failure> {
    let unsupported = |why: &str| Err(failure(hfb_kind::Unsupported, why));
    if blueprint.tape_bytes != 0 {
        return unsupported("an HTTP request has no place on a tape");
    }
    match blueprint.component.description.exports.get(number) {
        Some(export) if export.handles_http() => Ok(()),
        _ => unsupported("the export is not `wasi:http/incoming-handler#handle` of WASI 0.2"),
    }
}

/// Keeps the resources that a result brought.
pub(crate) fn take_over(result: PackedResult, outside: &Outside) -> Result<Answer, Failure> {
    if let Some(brought) = result.handles {
        let kept = outside.handles.keep(*brought);
        kept.map_err(|error| failure(hfb_kind::TooLarge, error.to_string()))?;
    }
    Ok(result.answer)
}

/// What a limit of 0, which is none, comes to.
fn tank(limit: u64) -> u64 {
    if limit == 0 { u64::MAX } else { limit }
}

fn refuel(store: &mut StoreContextMut<'_, Guest>, code: Code, limit: u64) -> Result<(), Failure> {
    if code.metering == Metering::Off {
        return Ok(());
    }
    store.set_fuel(tank(limit)).map_err(|error| failure(hfb_kind::Internal, error.to_string()))
}

pub(crate) fn why(
    store: &Store<Guest>,
    error: &wasmtime::Error,
    otherwise: hfb_kind,
    outside: &Outside,
    limit: u64,
) -> Failure {
    let mut failure = of_run(error, otherwise, outside.stopped());
    // A guest that was refused memory mostly ends in a trap that does not say so.
    if let Some(refused) = store.data().limiter.refused()
        && matches!(failure.kind, hfb_kind::Trap | hfb_kind::Instantiation)
    {
        failure.kind = hfb_kind::MemoryLimit;
        failure.message = format!("{refused}; then: {}", failure.message);
    }
    if failure.kind == hfb_kind::SliceOver {
        failure.message = "the export is declared brief, and its call was not done within a slice".to_owned();
    }
    if failure.kind == hfb_kind::OutOfFuel {
        failure.message = format!("the call used up its {limit} units of fuel");
    }
    failure
}

/// Checks packed arguments against an export's parameters, and that there is room for handles, before anything is
/// entered.
pub(crate) fn check(blueprint: &BlueprintShared, number: usize, args: &Args<'_>) -> Result<(), Failure> {
    let description = &blueprint.component.description;
    let exports = &description.exports;
    let Some(export) = exports.get(number) else {
        return Err(failure(
            hfb_kind::Internal,
            format!("there is no exported function number {number}, the component has {}", exports.len()),
        ));
    };
    if let Some(spelling) = export.unsupported {
        return Err(failure(
            hfb_kind::Unsupported,
            format!("`{}` has a value of type {spelling}, which cannot be passed", export.name),
        ));
    }
    if blueprint.component.code.concurrency == Concurrency::On {
        let has_handles = export.brings_handles || export.params.iter().any(Shape::has_handles);
        among::check(description.result_of(export), has_handles, &export.name)?;
        if export.moves_ends {
            let way = args.handles().ends.make_way();
            way.map_err(|many| failure(hfb_kind::TooLarge, format!("there are {many} already")))?;
        }
    }
    // Any bits are numbers: where there are just enough, there is nothing to look at.
    if !export.numbers.is_some_and(|size| args.is_of(size)) {
        check_values(export, args)?;
    }
    if export.brings_handles || description.passes_handles {
        args.handles().make_way().map_err(|error| failure(hfb_kind::TooLarge, error.to_string()))?;
    }
    Ok(())
}

fn check_values(export: &Export, args: &Args<'_>) -> Result<(), Failure> {
    let mut reader = args.reader();
    let mut handles = Passed::new(args.handles());
    for (index, param) in export.params.iter().enumerate() {
        handles.argument = index + 1;
        param.check(&mut reader, &mut handles).map_err(|why| {
            failure(hfb_kind::BadValue, format!("argument {} of `{}`: {why}", index + 1, export.name))
        })?;
    }
    reader.finish().map_err(|error| failure(hfb_kind::BadValue, format!("the arguments of `{}`: {error}", export.name)))
}
