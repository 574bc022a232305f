// SPDX-License-Identifier: Apache-2.0
//! Calls in a store with concurrency, where an export may be lifted async and goes on with other tasks while it waits.
//!
//! Such a call is a task of the store: its future only listens for the result, and nothing but the end of the store ends
//! the task.

use crate::abi::hfb_kind;
use crate::describe::Comes;
use crate::dynamic::{decode, encode};
use crate::error::{Failure, HostFailed, failure};
use crate::guest::Guest;
use crate::lift::{Answer, PackedResult, PackedReturn};
use crate::lower::{Args, PackedArgs};
use holdfast_wave::packed::Writer;
use std::future::poll_fn;
use wasmtime::component::{Accessor, Func, TypedFunc, Val};
use wasmtime::{Result, Store};

/// Arguments that a task may read whenever it begins.
///
/// The bytes are the embedder's, who keeps them until the call is answered, and `Args` is the driver's, which goes
/// together with the store and its tasks.
#[derive(Clone, Copy)]
pub(crate) struct Kept(&'static Args<'static>);

impl Kept {
    /// # Safety
    /// The arguments, and the bytes they are of, outlive the store or the call's answer.
    pub(crate) unsafe fn new(args: &Args<'_>) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { std::mem::transmute::<&Args<'_>, &'static Args<'static>>(args) })
    }
}

/// Whether the result of an export can be taken over.
pub(crate) fn check(comes: Comes, has_handles: bool, name: &str) -> std::result::Result<(), Failure> {
    if comes == Comes::Either && has_handles {
        return Err(failure(
            hfb_kind::Unsupported,
            format!(
                "`{name}` is async and passes resources, in a component that lifts another async function synchronously"
            ),
        ));
    }
    Ok(())
}

/// Calls a function, and waits until its task and all that it left behind have ended: it may go on after its result.
pub(crate) async fn call(store: &mut Store<Guest>, function: Func, comes: Comes, args: Kept) -> Result<PackedResult> {
    macro_rules! in_slots {
        ($slots:expr, $($count:literal)*) => {
            match $slots {
                $($count => in_slots::<$count>(store, function, args).await,)*
                _ => unreachable!("a result has 16 slots at most"),
            }
        };
    }
    match comes {
        Comes::InSlots(slots) => in_slots!(slots, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
        Comes::Either => dynamic(store, function, args).await,
    }
}

async fn in_slots<const SLOTS: usize>(store: &mut Store<Guest>, function: Func, args: Kept) -> Result<PackedResult> {
    // SAFETY: the two packed types walk the function's own type at run time, and its result has so many slots.
    let function = unsafe { TypedFunc::<PackedArgs<'static>, PackedReturn<SLOTS>>::new_unchecked(function) };
    let outcome = store.run_concurrent(async |accessor| {
        let PackedReturn(result) = function.call_concurrent(accessor, PackedArgs(args.0)).await?;
        all_ended(accessor).await;
        Ok(result)
    });
    outcome.await?
}

/// Through dynamic values, which Wasmtime lifts either way; without resources.
async fn dynamic(store: &mut Store<Guest>, function: Func, args: Kept) -> Result<PackedResult> {
    let wrong = |why: String| wasmtime::Error::from(HostFailed(why));
    let ty = function.ty(&*store);
    let mut reader = args.0.reader();
    let none = |_, _: &_| Err("a resource cannot come this way".to_owned());
    let params =
        ty.params().map(|(_, ty)| decode(&ty, &mut reader, &mut { none })).collect::<std::result::Result<Vec<_>, _>>();
    let params = params.map_err(wrong)?;
    let mut results = vec![Val::Bool(false); ty.results().len()];
    let outcome = store.run_concurrent(async |accessor| {
        function.call_concurrent(accessor, &params, &mut results).await?;
        all_ended(accessor).await;
        Ok::<_, wasmtime::Error>(())
    });
    outcome.await??;
    let mut writer = Writer::new();
    for (value, ty) in results.iter().zip(ty.results()) {
        encode(value, &ty, &mut writer, &mut |_| Err("a resource cannot come this way".to_owned())).map_err(wrong)?;
    }
    Ok(PackedResult { answer: Answer::Bytes(writer.bytes), handles: None })
}

async fn all_ended(accessor: &Accessor<Guest>) {
    poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
}
