// SPDX-License-Identifier: Apache-2.0
//! Calls in a store with concurrency, several at once: an export may be lifted async and goes on with others while it
//! waits.
//!
//! Such a call is a task of the store. Its future only listens for the result, and nothing but the end of the store ends
//! the task: whoever spoils the store takes the others along.

use crate::abi::hfb_kind;
use crate::body::{Body, handler, take_over, why};
use crate::describe::Comes;
use crate::dynamic::{decode, encode};
use crate::error::{Failure, HostFailed, failure};
use crate::guest::Guest;
use crate::http_exchange::Exchange;
use crate::instance::{Phase, Shared};
use crate::lift::{Answer, PackedResult, PackedReturn};
use crate::lower::{Args, PackedArgs};
use crate::transmit::Brought;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use holdfast_wave::packed::Writer;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use wasmtime::component::{Accessor, Func, GuestTaskId, TypedFunc, Val};
use wasmtime::{AsContextMut, Result, StoreContextMut};

/// The calls of one instance, between the driver and the C side.
#[derive(Default)]
pub(crate) struct Calls {
    /// Not begun yet, in order.
    pub accepted: VecDeque<Accepted>,
    /// Whose results nobody has taken yet.
    pub ended: VecDeque<(u64, Answer)>,
    /// Whether the guest holds the next calls back.
    pub held_back: bool,
    /// The one that ended the instance, where that is known.
    pub failed: Option<u64>,
}

pub(crate) struct Accepted {
    pub call: u64,
    pub number: usize,
    /// The embedder's, kept until the call has ended. None: an exchange is carried for it.
    pub args: Option<*const [u8]>,
}

impl Accepted {
    pub(crate) fn exchange(call: u64, number: usize) -> Self {
        Self { call, number, args: None }
    }
}

/// The number of a call that `hfb_instance_start` began.
pub(crate) const ALONE: u64 = u64::MAX;

/// Whether the result of an export can be taken over.
pub(crate) fn check(comes: Comes, has_handles: bool, name: &str) -> std::result::Result<(), Failure> {
    if comes == Comes::Either && has_handles {
        return Err(failure(
            hfb_kind::Unsupported,
            format!(
                "`{name}` is async and passes resources or streams, in a component that lifts another async function synchronously"
            ),
        ));
    }
    Ok(())
}

/// Runs what was accepted, and what comes later, in one go of the store's event loop, which is idle between: to begin and
/// to end it costs as much as a short call. Comes back where an idle instance is to do something else.
pub(crate) async fn serve(body: &mut Body, shared: &Shared) -> std::result::Result<(), Failure> {
    let mut functions = std::mem::take(&mut body.functions);
    let instance = body.instance;
    let blueprint = body.blueprint.clone();
    let outcome = body.store.run_concurrent(async |accessor| {
        let mut in_flight = FuturesUnordered::new();
        let mut one = None;
        let mut idle = shared.slot(|slot| slot.phase == Phase::Idle);
        poll_fn(|context| {
            if std::mem::take(&mut idle) {
                let (phase, calls) = shared.slot(|slot| (slot.phase, !slot.calls.accepted.is_empty()));
                if phase == Phase::Running && (!calls || shared.outside.interrupted.load(Ordering::Relaxed)) {
                    return Poll::Ready(Ok(()));
                }
                if phase != Phase::Running {
                    idle = true;
                    return Poll::Pending;
                }
            }
            let mut begin = |accepted: Accepted| {
                let function = accessor.with(|mut access| {
                    let mut store = access.as_context_mut();
                    Body::ready(&mut store, &blueprint)?;
                    Body::find(&mut store, instance, &blueprint, &mut functions, accepted.number)
                });
                let function = function.map_err(|failed| wasmtime::Error::msg(failed.message))?;
                one = Some(function);
                let Some(args) = accepted.args else {
                    let exchange = shared.carried(accepted.call).expect("an exchange is carried");
                    let call = accepted.call;
                    let served = async move { (call, exchanged(accessor, function, exchange, call).await) };
                    return Ok(Box::pin(served) as InFlight<'_>);
                };
                let description = &blueprint.component.description;
                let comes = description.result_of(&description.exports[accepted.number]);
                // SAFETY: the bytes are the embedder's, who keeps them until the call has ended, and no task reads
                // them after it has begun. The handles are the instance's, which goes together with its tasks.
                let args = unsafe { std::mem::transmute::<Args<'_>, Args<'static>>(args_of(args, shared)) };
                Ok::<_, wasmtime::Error>(begin(accessor, function, comes, args, accepted.call))
            };
            // Briefly: a call that begins may run the embedder's code.
            while let Some(next) = shared.slot(|slot| slot.calls.accepted.pop_front()) {
                in_flight.push(begin(next)?);
            }
            if poll_calls(accessor, &mut in_flight, shared, one, context)?.is_ready() {
                idle = true;
                shared.rest();
            }
            Poll::Pending
        })
        .await
    });
    let outcome = outcome.await.and_then(|outcome| outcome);
    body.functions = functions;
    outcome.map_err(|error| {
        let failed = body.store.data().failed.or_else(|| working_for(&mut body.store.as_context_mut()));
        shared.slot(|slot| slot.calls.failed = failed);
        why(&body.store, &error, hfb_kind::Trap, &shared.outside, body.blueprint.limits.fuel)
    })
}

fn args_of(args: *const [u8], shared: &Shared) -> Args<'_> {
    // SAFETY: the embedder keeps the bytes, and those they refer to, until the call has ended.
    unsafe { Args::new(&*args, &shared.outside.handles) }
}

/// The call whose task runs, or one that made it. After a store was lost: whose task that was.
pub(crate) fn working_for(store: &mut StoreContextMut<'_, Guest>) -> Option<u64> {
    // Without concurrency there is none.
    if store.data().calls.is_empty() {
        return None;
    }
    let tasks: Vec<_> = store.async_call_stack().ok()?.collect();
    tasks.iter().find_map(|task| store.data().calls.get(task).copied())
}

/// Ready: nothing is in flight any more, and nothing was left behind.
fn poll_calls(
    accessor: &Accessor<Guest>,
    in_flight: &mut FuturesUnordered<InFlight<'_>>,
    shared: &Shared,
    one: Option<Func>,
    context: &mut Context<'_>,
) -> Result<Poll<()>> {
    while let Poll::Ready(Some((call, outcome))) = in_flight.poll_next_unpin(context) {
        let mut result = outcome?;
        shared.carried_out(call);
        if result.ends.is_some() {
            shared.outside.piped.store(true, Ordering::Relaxed);
        }
        let mut ends = result.ends.take().map_or_else(Vec::new, |ends| *ends);
        let open = &shared.outside.handles.ends;
        open.admit(ends.len()).map_err(|many| HostFailed(format!("the result brings {many}")))?;
        for end in &mut ends {
            accessor.with(|mut access| end.connect(access.as_context_mut(), open.clone()))?;
        }
        let answer = take_over(result, &shared.outside).map_err(|failed| HostFailed(failed.message))?;
        ends.into_iter().for_each(Brought::told);
        shared.slot(|slot| slot.calls.ended.push_back((call, answer)));
    }
    // A component has one instance of its own that its exports are of, as a rule: any of them tells.
    let held_back = one.is_some_and(|one| accessor.poll_ready_for_concurrent_call(one, context).is_pending());
    shared.slot(|slot| slot.calls.held_back = held_back);
    // The tasks that are due go on after this, each until it waits or has the store to itself.
    shared.outside.held.store(false, Ordering::Relaxed);
    // After its result a task may go on, and so may those that it made.
    Ok(if in_flight.is_empty() { accessor.poll_no_interesting_tasks(context) } else { Poll::Pending })
}

/// Begins a call with its first poll, and listens for its result.
type InFlight<'a> = Pin<Box<dyn Future<Output = (u64, Result<PackedResult>)> + Send + 'a>>;

fn begin<'a>(
    accessor: &'a Accessor<Guest>,
    function: Func,
    comes: Comes,
    args: Args<'static>,
    call: u64,
) -> InFlight<'a> {
    macro_rules! in_slots {
        ($slots:expr, $($count:literal)*) => {
            match $slots {
                $($count => Box::pin(async move { (call, in_slots::<$count>(accessor, function, args, call).await) }),)*
                _ => unreachable!("a result has 16 slots at most"),
            }
        };
    }
    match comes {
        Comes::InSlots(slots) => in_slots!(slots, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
        Comes::Either => Box::pin(async move { (call, dynamic(accessor, function, &args, call).await) }),
    }
}

async fn in_slots<const SLOTS: usize>(
    accessor: &Accessor<Guest>,
    function: Func,
    args: Args<'static>,
    call: u64,
) -> Result<PackedResult> {
    // SAFETY: the two packed types walk the function's own type at run time, and its result has so many slots.
    let function = unsafe { TypedFunc::<PackedArgs<'static>, PackedReturn<SLOTS>>::new_unchecked(function) };
    // SAFETY: the task reads its arguments when it begins, which is before it has a result; they lie in this future until
    // then, and it is dropped without a result only together with the store.
    let kept = unsafe { &*std::ptr::from_ref(&args) };
    let begun = accessor.with(|mut access| {
        let begun = function.start_call_concurrent(&mut access, PackedArgs(kept))?;
        access.get().calls.insert(begun.task(), call);
        Ok::<_, wasmtime::Error>(begun)
    })?;
    let PackedReturn(result) = function.finish_call_concurrent(accessor, begun).await?;
    drop(args);
    Ok(result)
}

/// A request of HTTP: its handler is lifted synchronously, whatever else the component has.
async fn exchanged(
    accessor: &Accessor<Guest>,
    function: Func,
    exchange: Arc<Exchange>,
    call: u64,
) -> Result<PackedResult> {
    let (function, begun) = accessor.with(|mut access| {
        let function = handler(function, access.as_context_mut())?;
        let args = exchange.enter(access.get())?;
        let begun = function.start_call_concurrent(&mut access, args)?;
        access.get().calls.insert(begun.task(), call);
        Ok::<_, wasmtime::Error>((function, begun))
    })?;
    function.finish_call_concurrent(accessor, begun).await?;
    Ok(PackedResult { answer: Answer::NONE, handles: None, ends: None })
}

/// Through dynamic values, which Wasmtime lifts either way; without resources.
async fn dynamic(accessor: &Accessor<Guest>, function: Func, args: &Args<'static>, call: u64) -> Result<PackedResult> {
    let wrong = |why: String| wasmtime::Error::from(HostFailed(why));
    let ty = accessor.with(|mut access| function.ty(access.as_context_mut()));
    let mut reader = args.reader();
    let none = |_, _: &_| Err("a resource cannot come this way".to_owned());
    let params =
        ty.params().map(|(_, ty)| decode(&ty, &mut reader, &mut { none })).collect::<std::result::Result<Vec<_>, _>>();
    let params = params.map_err(wrong)?;
    let mut results = vec![Val::Bool(false); ty.results().len()];
    let begun = accessor.with(|mut access| {
        let begun = function.start_call_concurrent(&mut access, &params, &mut results)?;
        access.get().calls.insert(begun.task(), call);
        Ok::<_, wasmtime::Error>(begun)
    })?;
    function.finish_call_concurrent(accessor, begun).await?;
    let mut writer = Writer::new();
    for (value, ty) in results.iter().zip(ty.results()) {
        encode(value, &ty, &mut writer, &mut |_| Err("a resource cannot come this way".to_owned())).map_err(wrong)?;
    }
    Ok(PackedResult { answer: Answer::Bytes(writer.bytes), handles: None, ends: None })
}

/// Which call each task works for. An id is used again when its task has ended, so there are no more entries than there
/// ever were tasks at once.
pub(crate) type Tasks = std::collections::HashMap<GuestTaskId, u64, rustc_hash::FxBuildHasher>;
