// SPDX-License-Identifier: Apache-2.0
//! One instance and the one future that drives it for its whole life.
//!
//! The driver owns the store: it instantiates, then takes one command after another from a slot. A call is therefore a
//! state of the driver and never a future of its own that somebody could drop: freeing the instance drops the call and
//! the store together, and nothing else can.
#![allow(non_camel_case_types)]

use crate::abi::{hfb_bytes, hfb_kind, hfb_landing, hfb_slice, hfb_state, hfb_waker};
use crate::among::{self, ALONE, Accepted, Calls};
use crate::blueprint::{BlueprintShared, hfb_blueprint};
use crate::body::{Body, Outside, check, store};
use crate::brief::stack_left;
use crate::engine::Concurrency;
use crate::error::{Failure, cross, failure, guard, guard_or, hfb_error, of_panic};
use crate::guest::Foreign;
use crate::http_exchange::Exchange;
use crate::landing;
use crate::lift::{Answer, SMALL};
use crate::lower::Args;
use crate::waker::HostWaker;
use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

/// An instance, opaque to C. It moves between threads, one at a time; only `hfb_instance_interrupt` and
/// `hfb_instance_memory` may come meanwhile.
pub struct hfb_instance {
    pub(crate) shared: Arc<Shared>,
    pub(crate) blueprint: Arc<BlueprintShared>,
    waker: Waker,
    kept: Arc<HostWaker>,
    driver: UnsafeCell<Option<Driver>>,
}

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the driver and the C side both reach.
pub(crate) struct Shared {
    pub outside: Outside,
    slot: UnsafeCell<Slot>,
}

// SAFETY: `slot` is reached only through `Shared::slot`, from calls that the interface makes exclusive and from the
// driver, which runs inside one of them. The rest of `Shared` is thread safe by itself.
unsafe impl Sync for Shared {}
// SAFETY: the arguments' address in the slot is only read while the embedder keeps the bytes.
unsafe impl Send for Shared {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Building,
    Idle,
    Running,
    Failed,
}

#[derive(Clone, Copy)]
pub(crate) enum Command {
    Call { number: usize, args: *const [u8] },
    Exchange { number: usize },
    Release { handle: u64 },
}

/// A command with what it needs.
enum Work<'a> {
    Call(usize, Args<'a>),
    Exchange(usize, Arc<Exchange>),
    Release(u64),
}

pub(crate) struct Slot {
    pub phase: Phase,
    /// Means something only while running.
    command: Command,
    result: Answer,
    error: Option<Failure>,
    /// Of a store with concurrency.
    pub calls: Calls,
    /// What runs are calls that others may be begun beside.
    pub serving: bool,
    /// Of calls that have one in place of arguments.
    pub exchanges: Vec<(u64, Arc<Exchange>)>,
}

impl Shared {
    /// Looks at the slot, briefly: `look` must not come back here.
    pub(crate) fn slot<T>(&self, look: impl FnOnce(&mut Slot) -> T) -> T {
        // SAFETY: the interface makes all callers exclusive (see `Sync` above), and no reference outlives the closure.
        look(unsafe { &mut *self.slot.get() })
    }

    /// While the store is there still.
    fn fail(&self, error: Failure) {
        self.lose_exchanges(&error.message);
        self.outside.handles.ends.lose();
        self.slot(|slot| {
            slot.phase = Phase::Failed;
            slot.error = Some(error);
        });
    }

    /// All of an instance with concurrency has ended.
    pub(crate) fn rest(&self) {
        self.outside.held.store(false, Ordering::Relaxed);
        self.slot(|slot| {
            slot.phase = Phase::Idle;
            slot.serving = false;
            if let Some(alone) = slot.calls.ended.pop_back_if(|(call, _)| *call == ALONE) {
                slot.result = alone.1;
            }
        });
    }

    /// Waits for a command, which stays in the slot. Needs no waker: a command comes before the poll that sees it.
    async fn next(&self) {
        std::future::poll_fn(|_| match self.slot(|slot| slot.phase) {
            Phase::Running => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }

    /// What is in the slot.
    fn command(&self) -> Work<'_> {
        match self.slot(|slot| slot.command) {
            // SAFETY: the embedder keeps the bytes, and those they refer to, alive and unchanged until the poll that
            // answers this command, and the driver uses them no longer than that.
            Command::Call { number, args } => Work::Call(number, unsafe { Args::new(&*args, &self.outside.handles) }),
            // It was put there with the command.
            Command::Exchange { number } => {
                Work::Exchange(number, self.carried(ALONE).expect("an exchange is carried"))
            }
            Command::Release { handle } => Work::Release(handle),
        }
    }
}

fn interrupted() -> Failure {
    failure(hfb_kind::Interrupted, "the instance was interrupted before the guest was entered")
}

/// Makes the store and the instance in it; `None`: that failed.
async fn build(shared: &Arc<Shared>, blueprint: &Arc<BlueprintShared>, user: Foreign) -> Option<Body> {
    let outside = &shared.outside;
    let flag = shared.clone();
    if outside.interrupted.load(Ordering::Relaxed) {
        shared.fail(interrupted());
        return None;
    }
    let built = match store(blueprint, outside, user, move || flag.outside.at_tick()) {
        Ok(store) => Body::instantiate(store, blueprint, outside).await,
        Err(error) => Err(error),
    };
    match built {
        Ok(body) => {
            outside.held.store(false, Ordering::Relaxed);
            shared.slot(|slot| slot.phase = Phase::Idle);
            Some(body)
        }
        Err(error) => {
            shared.fail(error);
            None
        }
    }
}

async fn drive(shared: Arc<Shared>, blueprint: Arc<BlueprintShared>, user: Foreign) {
    let Some(mut body) = build(&shared, &blueprint, user).await else { return };
    let outside = &shared.outside;
    let stack = usize::try_from(blueprint.component.engine.settings.async_stack).unwrap_or(usize::MAX);
    loop {
        shared.next().await;
        if outside.interrupted.load(Ordering::Relaxed) {
            return shared.fail(interrupted());
        }
        let outcome = match shared.command() {
            Work::Call(number, args) if blueprint.brief[number] && stack_left() >= stack => {
                body.call_here(number, &args, outside)
            }
            Work::Call(number, args) => body.call(number, &args, outside).await,
            Work::Exchange(number, exchange) => {
                let outcome = body.exchange(number, &exchange, outside).await;
                outcome.inspect(|_| shared.carried_out(ALONE))
            }
            Work::Release(handle) => body.release(handle, outside).await.map(|()| Answer::NONE),
        };
        match outcome {
            Ok(result) => shared.slot(|slot| {
                slot.result = result;
                slot.phase = Phase::Idle;
            }),
            // The store is spoiled: it goes here, and with it every way back into the guest.
            Err(error) => return shared.fail(error),
        }
    }
}

/// The same in a store with concurrency, where more calls may come while some are in flight.
async fn drive_many(shared: Arc<Shared>, blueprint: Arc<BlueprintShared>, user: Foreign) {
    let Some(mut body) = build(&shared, &blueprint, user).await else { return };
    let outside = &shared.outside;
    loop {
        // What comes through streams that its guest passed on moves along within the store's event loop alone.
        if !outside.piped.load(Ordering::Relaxed) {
            shared.next().await;
        }
        let running = shared.slot(|slot| slot.phase == Phase::Running);
        if running && outside.interrupted.load(Ordering::Relaxed) {
            return shared.fail(interrupted());
        }
        let outcome = match shared.slot(|slot| (running && slot.calls.accepted.is_empty(), slot.command)) {
            (true, Command::Release { handle }) => body.release(handle, outside).await.map(|()| shared.rest()),
            _ => among::serve(&mut body, &shared).await,
        };
        if let Err(error) = outcome {
            return shared.fail(error);
        }
    }
}

/// How often tasks may give the turn away within one poll, which comes back here each time. A poll that goes on over
/// that costs less than the embedder's next one, but it keeps further calls from being begun.
const TURNS: u32 = 32;

impl hfb_instance {
    /// Runs `with_driver` on the driver, inside the reactor where WASI needs one.
    fn entered<T>(&self, with_driver: impl FnOnce(&mut Option<Driver>) -> T) -> T {
        let component = &self.blueprint.component;
        let _reactor = component.description.uses_wasi.then(|| component.engine.reactor().enter());
        // SAFETY: only `poll` and `free` come here, which the interface makes exclusive.
        with_driver(unsafe { &mut *self.driver.get() })
    }

    fn run(&self, driver: &mut Driver) -> Poll<()> {
        let mut context = Context::from_waker(&self.waker);
        if self.blueprint.component.code.concurrency == Concurrency::Off {
            return driver.as_mut().poll(&mut context);
        }
        let piped = || self.shared.outside.piped.load(Ordering::Relaxed);
        // It may rest within the store's event loop, where there is nothing for it to do.
        if self.shared.slot(|slot| slot.phase == Phase::Idle) && !piped() {
            return Poll::Pending;
        }
        let kept = self.kept.keep();
        for _ in 1..TURNS {
            let polled = driver.as_mut().poll(&mut context);
            let (phase, told) = self.shared.slot(|slot| (slot.phase, !slot.calls.ended.is_empty()));
            let on = match phase {
                Phase::Running => !told,
                Phase::Idle => piped(),
                Phase::Building | Phase::Failed => false,
            };
            if phase == Phase::Idle && !on {
                // The next command comes with a poll.
                kept.take();
            }
            // Past a tick the turn is others'; and who waits for a result has it first.
            if !on || self.shared.outside.held.load(Ordering::Relaxed) || !kept.take() {
                return polled;
            }
        }
        driver.as_mut().poll(&mut context)
    }

    /// Whether polling it is worth while although it is idle.
    pub(crate) fn stirs(&self) -> bool {
        self.shared.outside.piped.load(Ordering::Relaxed)
            && self.kept.was_woken()
            && self.shared.slot(|slot| slot.phase == Phase::Idle)
    }

    fn poll(&self, landing: Option<hfb_landing>) -> hfb_state {
        let _lent = landing::lend(landing);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.entered(|driver| match driver {
                Some(future) => match self.run(future) {
                    Poll::Ready(()) => {
                        *driver = None;
                        true
                    }
                    Poll::Pending => false,
                },
                None => true,
            })
        }));
        if let Err(panic) = &polled {
            self.shared.fail(of_panic(&**panic));
            self.discard();
        }
        match self.shared.slot(|slot| slot.phase) {
            Phase::Idle => hfb_state::Ready,
            Phase::Failed => hfb_state::Failed,
            Phase::Building | Phase::Running => hfb_state::Pending,
        }
    }

    /// Drops the driver: the call under way, if any, together with its store.
    fn discard(&self) {
        self.shared.lose_exchanges("the instance was given up");
        self.shared.outside.handles.ends.lose();
        let dropped = catch_unwind(AssertUnwindSafe(|| self.entered(|driver| drop(driver.take()))));
        // A panic of a destructor leaves nothing behind that anyone could reach.
        drop(dropped);
    }

    #[inline(always)]
    pub(crate) fn accept(&self, command: Command) -> Result<(), Failure> {
        self.shared.slot(|slot| match slot.phase {
            Phase::Idle => {
                slot.phase = Phase::Running;
                slot.command = command;
                slot.result = Answer::NONE;
                Ok(())
            }
            phase => {
                let why = match phase {
                    Phase::Building => "is not instantiated yet",
                    Phase::Running => "is busy with another command",
                    _ => "has failed and is never entered again",
                };
                Err(failure(hfb_kind::Internal, format!("the instance {why}")))
            }
        })
    }

    pub(crate) fn idle(&self) -> Result<(), Failure> {
        match self.shared.slot(|slot| slot.phase) {
            Phase::Idle => Ok(()),
            // Tells the reason for each phase.
            _ => self.accept(Command::Release { handle: 0 }),
        }
    }
}

/// Makes an instance. Nothing of the guest runs yet, and no slot of the pool is taken: the first polls instantiate.
///
/// `waker` is taken over in every case. `user` is handed to output and host calls, and never followed here.
///
/// # Safety
/// `blueprint` is a live blueprint; the functions of `waker` may be called from any thread; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_new(
    blueprint: *const hfb_blueprint,
    waker: hfb_waker,
    user: *mut c_void,
    out: *mut *mut hfb_instance,
) -> *mut hfb_error {
    guard(|| {
        let kept = HostWaker::new(waker);
        let waker = Waker::from(kept.clone());
        // SAFETY: the caller's promise.
        let blueprint = unsafe { &*blueprint }.shared.clone();
        let shared = Arc::new(Shared {
            outside: Outside::new(&blueprint.limits, blueprint.tape_bytes),
            slot: UnsafeCell::new(Slot {
                phase: Phase::Building,
                command: Command::Release { handle: 0 },
                result: Answer::NONE,
                error: None,
                calls: Calls::default(),
                serving: false,
                exchanges: Vec::new(),
            }),
        });
        let driver: Driver = match blueprint.component.code.concurrency {
            Concurrency::Off => Box::pin(drive(shared.clone(), blueprint.clone(), Foreign(user))),
            Concurrency::On => Box::pin(drive_many(shared.clone(), blueprint.clone(), Foreign(user))),
        };
        let instance = hfb_instance { shared, blueprint, waker, kept, driver: UnsafeCell::new(Some(driver)) };
        // SAFETY: the caller's promise.
        unsafe { *out = Box::into_raw(Box::new(instance)) };
        Ok(())
    })
}

/// Runs the instance on the calling thread until it waits, yields at a tick, or ends what it does. `pending`: the waker
/// is or will be called. `ready`: idle. `failed`: for good, the reason is taken by `hfb_instance_take_error`.
///
/// The first polls instantiate and run start functions. Polling an idle or failed instance does nothing.
///
/// # Safety
/// `instance` is a live instance, and no other call on it is under way (interrupt and memory excepted).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_poll(instance: *mut hfb_instance) -> hfb_state {
    // SAFETY: the caller's promise. A panic is caught inside.
    unsafe { &*instance }.poll(None)
}

/// The same, and where the call under way returns within this poll one string or one list of numbers or chars, its bytes
/// may go to `landing`. That does not end the call: its post-return comes after, and it may fail, or wait.
///
/// # Safety
/// As for `hfb_instance_poll`; `take` may be called with its context during this call, and touches nothing of the bridge.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_poll_landing(instance: *mut hfb_instance, landing: hfb_landing) -> hfb_state {
    // SAFETY: the caller's promise. A panic is caught inside.
    unsafe { &*instance }.poll(Some(landing))
}

/// Begins a call of exported function number `function` with packed arguments; polls run it. Only while idle.
///
/// The bytes of `args`, and those they refer to, stay alive and unchanged until the poll that answers `ready` or
/// `failed`, or until the instance is freed.
///
/// Errors: `bad_value`, `unsupported`, and `too_large` where the host holds as many handles as it may and the call could
/// bring more (the guest is not entered, the instance stays idle); `internal` for misuse.
///
/// # Safety
/// `instance` is a live instance with no other call on it; the promise about `args` holds, references included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_start(
    instance: *mut hfb_instance,
    function: u32,
    args: hfb_slice,
) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let (instance, args) = unsafe { (&*instance, args.bytes()) };
        instance.idle()?;
        let number = function as usize;
        // SAFETY: the caller's promise about references.
        let checked = unsafe { Args::new(args, &instance.shared.outside.handles) };
        check(&instance.blueprint, number, &checked)?;
        // An interrupt was meant for what ran then: a call that had already come to its end, or the instantiation.
        instance.shared.outside.interrupted.store(false, Ordering::Relaxed);
        instance.accept(Command::Call { number, args })?;
        if instance.blueprint.component.code.concurrency == Concurrency::On {
            instance
                .shared
                .slot(|slot| slot.calls.accepted.push_back(Accepted { call: ALONE, number, args: Some(args) }));
        }
        Ok(())
    })
}

/// Begins to drop a guest's resource by its handle number; polls run its destructor. Only while idle.
///
/// Errors: `bad_value` for a number that the instance did not issue or that is gone, `internal` for misuse.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_start_drop(instance: *mut hfb_instance, handle: u64) -> *mut hfb_error {
    guard(|| {
        // SAFETY: the caller's promise.
        let instance = unsafe { &*instance };
        instance.idle()?;
        if instance.shared.outside.handles.get(handle).is_none() {
            return Err(failure(hfb_kind::BadValue, crate::shape::unknown_handle(handle)));
        }
        instance.shared.outside.interrupted.store(false, Ordering::Relaxed);
        instance.accept(Command::Release { handle })
    })
}

/// Takes the packed result of the last call; empty for none, or when it was taken before.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_take_result(instance: *mut hfb_instance, out: *mut hfb_bytes) {
    // SAFETY: the caller's promise.
    let instance = unsafe { &*instance };
    let result = guard_or(hfb_bytes::empty(), || {
        match instance.shared.slot(|slot| std::mem::replace(&mut slot.result, Answer::NONE)).into_vec() {
            result if result.capacity() == 0 => hfb_bytes::empty(),
            result => hfb_bytes::from_vec(result),
        }
    });
    // SAFETY: the caller's promise.
    unsafe { *out = result };
}

/// Takes the result of the last call where it is one scalar or none: writes it to `out`, at most 8 bytes, and answers its
/// size. Any other is left for `hfb_instance_take_result`, and the answer is `UINT32_MAX`. Nothing is allocated.
///
/// # Safety
/// `instance` is a live instance with no other call on it; `out` points at 8 writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_take_scalar(instance: *mut hfb_instance, out: *mut u8) -> u32 {
    // SAFETY: the caller's promise.
    let instance = unsafe { &*instance };
    instance.shared.slot(|slot| match slot.result {
        Answer::Small(small, size) => {
            // SAFETY: the caller's promise.
            unsafe { out.cast::<[u8; SMALL]>().write(small) };
            slot.result = Answer::NONE;
            u32::from(size)
        }
        Answer::Bytes(_) => u32::MAX,
    })
}

/// Takes the reason why the instance failed; null when it did not, or when it was taken before.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_take_error(instance: *mut hfb_instance) -> *mut hfb_error {
    // SAFETY: the caller's promise.
    let instance = unsafe { &*instance };
    guard_or(std::ptr::null_mut(), || match instance.shared.slot(|slot| slot.error.take()) {
        Some(error) => cross(error),
        None => std::ptr::null_mut(),
    })
}

/// Stops the guest at its next check after the next tick of the engine: the instance fails as `interrupted`, with the
/// guest's backtrace. A guest that waits in a host function is not running and does not notice; free the instance then.
/// Holds for what is under way: the next start forgets it, so an interrupt that comes too late for its call hurts no
/// other. One beside a start may be forgotten: repeat it after that. Any thread.
///
/// # Safety
/// `instance` is a live instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_interrupt(instance: *const hfb_instance) {
    // SAFETY: the caller's promise; nothing else of the instance is touched.
    unsafe { &*instance }.shared.outside.interrupted.store(true, Ordering::Relaxed);
}

/// Forgets an interrupt: what it was meant for has come to its end, and others go on.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_forget_interrupt(instance: *const hfb_instance) {
    // SAFETY: the caller's promise.
    unsafe { &*instance }.shared.outside.interrupted.store(false, Ordering::Relaxed);
}

/// Bytes of linear memory that the instance has now. Any thread.
///
/// # Safety
/// `instance` is a live instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_memory(instance: *const hfb_instance) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { &*instance }.shared.outside.memory.load(Ordering::Relaxed)
}

/// Fuel that the last call or drop used, however it ended; 0 where the component was not compiled for fuel. The same call
/// on the same state uses the same.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_fuel_used(instance: *const hfb_instance) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { &*instance }.shared.outside.fuel.load(Ordering::Relaxed)
}

/// How many of the guest's resources the host holds, under the numbers that results and host calls brought.
///
/// # Safety
/// `instance` is a live instance with no other call on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_held(instance: *const hfb_instance) -> usize {
    // SAFETY: the caller's promise.
    guard_or(0, || unsafe { &*instance }.shared.outside.handles.count())
}

/// Frees the instance: drops the call under way, if any, together with its store. Host calls under way become
/// abandoned. The waker's `drop` follows when the last reference to it goes. Null is fine.
///
/// # Safety
/// `instance` is null or a live instance with no other call on it, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfb_instance_free(instance: *mut hfb_instance) {
    if !instance.is_null() {
        // SAFETY: it came from `hfb_instance_new`; the caller gives it up.
        let instance = unsafe { Box::from_raw(instance) };
        instance.discard();
        guard_or((), || drop(instance));
    }
}
