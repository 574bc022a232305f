// SPDX-License-Identifier: Apache-2.0
//! A guest's call of a host function, on its way to C++ and back.
//!
//! The call owns its arguments and outlives everything: C++ may answer from any thread, long after the instance is
//! gone. The guest is parked meanwhile; when its store is cut, the call learns that it was abandoned.
#![allow(non_camel_case_types)]

use crate::abi::hfb_slice;
use crate::among::{ALONE, working_for};
use crate::describe::{Description, Import};
use crate::dynamic::{decode, encode};
use crate::error::{HostFailed, guard_or};
use crate::guest::{Foreign, Guest};
use crate::lift::Brought;
use crate::object::{Offered, Taken, hfb_object};
use crate::tape::{Fingerprint, wrong_answer};
use holdfast_wave::packed::{Reader, Writer};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Accessor, LinkerInstance, Val};
use wasmtime::{AsContextMut, Result, StoreContextMut};

/// A call of a host function by a guest, opaque to C. Consumed by `hfb_host_call_reply` or `hfb_host_call_fail`; each
/// call must reach one of them.
pub struct hfb_host_call {
    args: Vec<u8>,
    objects: Vec<hfb_object>,
    /// Objects that the result may give to the guest.
    offered: Vec<u64>,
    user: Foreign,
    /// Of the call that it works for, where several may be in flight.
    of: Option<u64>,
    reply: oneshot::Sender<Reply>,
}

/// The answer: a packed result with the objects that were offered, or why there is none.
type Reply = std::result::Result<(Vec<u8>, Vec<u64>), String>;

/// Receives a guest's call. Runs inside a poll, on the polling thread: it takes the call over and returns. It must not
/// block or throw, and must not poll or free the instance; it may reply at once, and has to where it was defined so.
pub type hfb_host_entry = unsafe extern "C" fn(context: *mut c_void, call: *mut hfb_host_call);

/// A host function of the embedder's, with what belongs to it.
pub(crate) struct HostEntry {
    /// As tapes know it.
    name: String,
    entry: hfb_host_entry,
    context: Foreign,
    drop: Option<unsafe extern "C" fn(context: *mut c_void)>,
}

impl Drop for HostEntry {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the embedder gave the function and its context together, and this is the last use.
            unsafe { drop(self.context.0) }
        }
    }
}

impl HostEntry {
    pub(crate) fn new(
        entry: hfb_host_entry,
        context: *mut c_void,
        drop: Option<unsafe extern "C" fn(context: *mut c_void)>,
    ) -> Self {
        Self { name: String::new(), entry, context: Foreign(context), drop }
    }

    pub(crate) fn link(
        mut self,
        place: &mut LinkerInstance<'_, Guest>,
        import: &Import,
        answers: Answers,
    ) -> Result<()> {
        self.name = import.full_name();
        let this = Arc::new(self);
        let name = &import.name;
        match answers {
            Answers::Later => place.func_new_async(name, move |store, ty, params, results| {
                let this = this.clone();
                Box::new(async move { this.call(store, &ty, params, results).await })
            }),
            Answers::AtOnce => {
                place.func_new(name, move |store, ty, params, results| this.call_at_once(store, &ty, params, results))
            }
            Answers::Meanwhile => place.func_new_concurrent(name, move |accessor, ty, params, results| {
                let this = this.clone();
                Box::pin(async move { this.call_meanwhile(accessor, &ty, params, results).await })
            }),
        }
    }

    async fn call(
        &self,
        mut store: StoreContextMut<'_, Guest>,
        ty: &ComponentFunc,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let Asked { of, borrowed, answer, taped } = self.ask(&mut store, ty, params, true)?;
        store.data().held.store(true, Ordering::Relaxed);
        let answer = answer.await;
        let handles = store.data().handles.clone();
        for (number, resource) in borrowed {
            handles.take(number);
            resource.resource_drop_async(&mut store).await?;
        }
        self.take(store, ty, answer.ok(), of, taped, results)
    }

    fn call_at_once(
        &self,
        mut store: StoreContextMut<'_, Guest>,
        ty: &ComponentFunc,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        // `Answers::may_be_at_once` keeps functions that borrow any away from here.
        let Asked { of, mut answer, taped, .. } = self.ask(&mut store, ty, params, false)?;
        self.take(store, ty, answer.try_recv().ok(), of, taped, results)
    }

    /// The instance goes on with other tasks until the answer is there.
    async fn call_meanwhile(
        &self,
        accessor: &Accessor<Guest>,
        ty: &ComponentFunc,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let asked = accessor.with(|mut access| self.ask(&mut access.as_context_mut(), ty, params, false));
        let Asked { of, answer, taped, .. } = asked?;
        let answer = answer.await;
        accessor.with(|mut access| self.take(access.as_context_mut(), ty, answer.ok(), of, taped, results))
    }

    /// Hands the call over. `may_borrow`: resources of others can be given back, which takes a fiber.
    fn ask(
        &self,
        store: &mut StoreContextMut<'_, Guest>,
        ty: &ComponentFunc,
        params: &[Val],
        may_borrow: bool,
    ) -> Result<Asked> {
        let mut writer = Writer::new();
        let mut taken = Taken::default();
        let mut trouble = None;
        for (value, (_, ty)) in params.iter().zip(ty.params()) {
            let mut take = |resource| {
                taken.take(store, resource).map_err(|error| {
                    trouble = Some(error);
                    String::new()
                })
            };
            let encoded = encode(value, &ty, &mut writer, &mut take);
            encoded.map_err(|why| trouble.take().unwrap_or_else(|| HostFailed(why).into()))?;
        }
        let Taken { brought, objects } = taken;
        let handles = store.data().handles.clone();
        // A borrow ends with the call, and has to be given back before the guest goes on.
        let borrowed: Vec<_> = brought.iter().filter(|(_, resource)| !resource.owned()).copied().collect();
        if !may_borrow && !borrowed.is_empty() {
            let why = "an async function, or one that answers at once, cannot borrow a resource of others";
            return Err(HostFailed(why.to_owned()).into());
        }
        handles.keep(brought)?;

        let (reply, answer) = oneshot::channel();
        let mut taped = Taped::No;
        if let Some(tape) = &store.data().tape {
            let arguments = Fingerprint::of(&writer.bytes);
            if let Some(played) = tape.next_call(&self.name, arguments)? {
                // The receiver is right here.
                let _ = reply.send(played.map(|packed| (packed, Vec::new())));
                return Ok(Asked { of: working_for(store), borrowed, answer, taped: Taped::Played });
            }
            taped = Taped::Recorded(arguments);
        }
        // What the guest gave away it may get back.
        let offered = objects.iter().filter(|object| object.owned).map(|object| object.number).collect();
        let of = working_for(store);
        let call = Box::new(hfb_host_call { args: writer.bytes, objects, offered, user: store.data().user, of, reply });
        // SAFETY: the embedder gave the function and its context together; the call is handed over for good.
        unsafe { (self.entry)(self.context.0, Box::into_raw(call)) };
        Ok(Asked { of, borrowed, answer, taped })
    }

    /// Takes the answer over into the guest; `None`: there never was one. One that cannot be taken over ends the
    /// instance, by that call's fault.
    fn take(
        &self,
        mut store: StoreContextMut<'_, Guest>,
        ty: &ComponentFunc,
        answer: Option<Reply>,
        of: Option<u64>,
        taped: Taped,
        results: &mut [Val],
    ) -> Result<()> {
        if let (Taped::Recorded(arguments), Some(tape), Some(answer)) = (taped, &store.data().tape, &answer) {
            let answered = answer.as_ref().map(|(packed, _)| &packed[..]).map_err(|why| &why[..]);
            tape.record_call(&self.name, arguments, answered);
        }
        let answered = matches!(answer, Some(Ok(_)));
        let mut taken = try_take(&mut store, ty, answer, results);
        if let (Taped::Played, true, Err(why)) = (taped, answered, &taken) {
            taken = Err(wrong_answer(&self.name, &why.to_string()).into());
        }
        if taken.is_err() {
            store.data_mut().failed = of;
        }
        taken
    }
}

/// When a host function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// From whatever thread; the guest is parked meanwhile.
    Later,
    /// Before its entry returns.
    AtOnce,
    /// From whatever thread, as the import's own type is async: the guest decides what it does meanwhile.
    Meanwhile,
}

impl Answers {
    /// Whether the functions that a component imports may be linked as such that answer at once. A borrow of a
    /// resource that is not the embedder's, and so is WASI's, has to be given back first, which may wait.
    pub(crate) fn may_be_at_once(imports: &Description) -> bool {
        !(imports.uses_wasi && imports.passes_handles)
    }
}

/// A call that was handed over.
struct Asked {
    /// The call whose task asked.
    of: Option<u64>,
    /// Given back before the guest goes on.
    borrowed: Brought,
    answer: oneshot::Receiver<Reply>,
    taped: Taped,
}

/// What a tape has to do with a call.
#[derive(Clone, Copy)]
enum Taped {
    No,
    /// Its answer goes there.
    Recorded(Fingerprint),
    /// Its answer is from there.
    Played,
}

fn try_take(
    store: &mut StoreContextMut<'_, Guest>,
    ty: &ComponentFunc,
    answer: Option<Reply>,
    results: &mut [Val],
) -> Result<()> {
    let (packed, mut offered) = match answer {
        Some(Ok((packed, offered))) => (packed, Offered(offered)),
        Some(Err(message)) => return Err(HostFailed(message).into()),
        None => return Err(HostFailed("the host function never answered".to_owned()).into()),
    };
    let wrong = |why: String| HostFailed(format!("the host function answered something of another type: {why}"));
    let handles = store.data().handles.clone();
    let mut reader = Reader::new(&packed);
    for (result, ty) in results.iter_mut().zip(ty.results()) {
        let mut give = |number, ty: &_| offered.give(store, &handles, number, ty);
        *result = decode(&ty, &mut reader, &mut give).map_err(wrong)?;
    }
    reader.finish().map_err(|error| wrong(error.to_string()))?;
    offered.end(store);
    Ok(())
}

/// The packed arguments, valid until the call is consumed.
///
/// # Safety
/// `call` is a live call, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_args(call: *const hfb_host_call, out: *mut hfb_slice) {
    // SAFETY: the caller's promise.
    unsafe { *out = hfb_slice::of(&(*call).args) }
}

/// The `user` of the instance that calls. The instance itself may be gone.
///
/// # Safety
/// `call` is a live call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_user(call: *const hfb_host_call) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { &*call }.user.0
}

/// The number of the call, as `hfb_instance_begin` has it, whose task made this one; it may have its result already. False:
/// it is that of no such call.
///
/// # Safety
/// `call` is a live call, `number` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_of(call: *const hfb_host_call, number: *mut u64) -> bool {
    // SAFETY: the caller's promise.
    let Some(of) = unsafe { &*call }.of.filter(|&of| of != ALONE) else { return false };
    // SAFETY: the caller's promise.
    unsafe { *number = of };
    true
}

/// True when nobody waits for the answer any more: the instance was freed. Any thread.
///
/// # Safety
/// `call` is a live call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_abandoned(call: *const hfb_host_call) -> bool {
    // SAFETY: the caller's promise.
    guard_or(true, || unsafe { &*call }.reply.is_closed())
}

/// The embedder's objects among the arguments, in their order, valid until the call is consumed; as many as are
/// answered.
///
/// # Safety
/// `call` is a live call, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_objects(call: *const hfb_host_call, out: *mut *const hfb_object) -> usize {
    // SAFETY: the caller's promise.
    let objects = unsafe { &(*call).objects };
    // SAFETY: the caller's promise.
    unsafe { *out = objects.as_ptr() };
    objects.len()
}

/// Lets the result of this call give an object to the guest, by its handle number. One that the result then does not
/// have ends by the `drop` of its kind, as do those that the guest gave away with the arguments. Where the call fails,
/// or was abandoned, nothing of this happens: the instance goes, and what is left with it.
///
/// # Safety
/// `call` is a live call with no other call on it; the number is of `hfb_object_number`, for an object that the guest
/// does not have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_offer(call: *mut hfb_host_call, number: u64) {
    // SAFETY: the caller's promise.
    guard_or((), || unsafe { &mut *call }.offered.push(number));
}

/// Answers a call with its packed result (empty for none) and consumes it. The bytes are copied; references are not
/// allowed in them. A result that is not of the function's type ends the guest as `host_failed`. Any thread; may call
/// the instance's waker.
///
/// # Safety
/// `call` is a live call, not used again; `result` is readable for the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_reply(call: *mut hfb_host_call, result: hfb_slice) {
    guard_or((), || {
        // SAFETY: it was handed out by `Box::into_raw`; the caller gives it up.
        let call = unsafe { Box::from_raw(call) };
        // SAFETY: the caller's promise.
        let packed = unsafe { result.bytes() }.to_vec();
        // Nobody waiting is no error: the store was cut.
        let _ = call.reply.send(Ok((packed, call.offered)));
    });
}

/// Fails a call and consumes it: the guest's run ends as `host_failed` with this message. Any thread; may call the
/// instance's waker.
///
/// # Safety
/// `call` is a live call, not used again; `message` is readable for the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_host_call_fail(call: *mut hfb_host_call, message: hfb_slice) {
    guard_or((), || {
        // SAFETY: it was handed out by `Box::into_raw`; the caller gives it up.
        let call = unsafe { Box::from_raw(call) };
        // SAFETY: the caller's promise.
        let message = String::from_utf8_lossy(unsafe { message.bytes() }).into_owned();
        let _ = call.reply.send(Err(message));
    });
}
