// SPDX-License-Identifier: Apache-2.0
//! Streams and futures between a guest and a pipe: one is written by whoever has the other end of the pipe, and read by the
//! guest, or the other way round.
//!
//! Wasmtime wants an element type whose size it knows, so there is one for each size that elements may have.

use crate::ends::{Ends, Open};
use crate::guest::Guest;
use crate::handles::Handles;
use crate::lift;
use crate::lower;
use crate::pipe::{Pipe, hfb_flow};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use wasmtime::component::__internal::wasmtime_environ::component::MAX_FLAT_PARAMS;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LiftContext, LowerContext,
};
use wasmtime::component::{
    ComponentType, Destination, FutureConsumer, FutureProducer, FutureReader, Lift, Lower, Source, StreamConsumer,
    StreamProducer, StreamReader, StreamResult, VecBuffer,
};
use wasmtime::{AsContextMut, Error, Result, StoreContextMut, ValRaw, bail};

/// An element that takes so many bytes of a guest's memory, packed.
pub(crate) struct Element<const SIZE: usize>(Vec<u8>);

// SAFETY: elements lie in memory only, `SIZE` bytes apart, which `by_size` has from the type that is walked. Their alignment
// is checked below, where the address is known.
unsafe impl<const SIZE: usize> ComponentType for Element<SIZE> {
    type Lower = [ValRaw; MAX_FLAT_PARAMS];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo { size32: SIZE as u32, align32: 1, ..CanonicalAbiInfo::ZERO };

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        // Of a stream that this bridge makes: for the very type that it is lowered as.
        Ok(())
    }
}

// SAFETY: all of the element is written, by the walk of its type.
unsafe impl<const SIZE: usize> Lower for Element<SIZE> {
    fn linear_lower_to_flat<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        bail!("an element is lowered into memory")
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, at: usize) -> Result<()> {
        aligned(cx.types, ty, at, "read")?;
        static NONE: OnceLock<Handles> = OnceLock::new();
        lower::store(cx, ty, at, &self.0, NONE.get_or_init(|| Handles::new(0, 0)))
    }
}

// SAFETY: it is read by the walk of its type.
unsafe impl<const SIZE: usize> Lift for Element<SIZE> {
    fn linear_lift_from_flat(_: &mut LiftContext<'_>, _: InterfaceType, _: &Self::Lower) -> Result<Self> {
        bail!("an element is lifted from memory")
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let at = bytes.as_ptr() as usize - cx.memory().as_ptr() as usize;
        aligned(cx.types, ty, at, "write")?;
        lift::load(cx, ty, bytes).map(Self)
    }
}

fn aligned(types: &ComponentTypes, ty: InterfaceType, at: usize, what: &str) -> Result<()> {
    match at.is_multiple_of(types.canonical_abi(&ty).align32 as usize) {
        true => Ok(()),
        false => bail!("{what} pointer not aligned"),
    }
}

/// What comes through a pipe element by element.
trait Piece: Lower + Lift + Send + Sync + 'static {
    fn of(packed: &[u8]) -> Self;
    fn packed(&self) -> &[u8];
}

impl<const SIZE: usize> Piece for Element<SIZE> {
    fn of(packed: &[u8]) -> Self {
        Self(packed.to_vec())
    }
    fn packed(&self) -> &[u8] {
        &self.0
    }
}

impl Piece for () {
    fn of(_: &[u8]) -> Self {}
    fn packed(&self) -> &[u8] {
        &[]
    }
}

/// The ends that one value may bring, whatever the instance may have.
pub(crate) const MOST_ENDS: usize = 1 << 16;

/// At most so many elements at once: each is an allocation until the guest has it.
const AT_ONCE: usize = 64;

/// The bytes of a packed element: one goes into a pipe whatever is in it already.
const MOST_PACKED: usize = 1 << 20;

fn put(pipe: &Pipe, piece: &impl Piece) -> Result<()> {
    let packed = piece.packed();
    if packed.len() > MOST_PACKED {
        bail!("an element of {} bytes is more than what may come through a stream, {MOST_PACKED}", packed.len());
    }
    pipe.put(packed);
    Ok(())
}

/// What becomes of a read or a write where nothing can be read or written.
fn idle(flow: hfb_flow, finish: bool) -> Poll<Result<StreamResult>> {
    match flow {
        hfb_flow::Open => Poll::Ready(Ok(StreamResult::Completed)),
        hfb_flow::Waiting if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
        hfb_flow::Waiting => Poll::Pending,
        // A guest that reads cannot be told that there was more to come: that is for the protocol on top.
        hfb_flow::Ended | hfb_flow::Lost => Poll::Ready(Ok(StreamResult::Dropped)),
    }
}

/// The end of a pipe that a guest reads from.
struct Reading(Pipe, #[allow(dead_code, reason = "it counts")] Open);

impl Reading {
    fn pop<P: Piece>(&mut self) -> P {
        let piece = P::of(self.0.front());
        self.0.pop(0);
        piece
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.leave();
    }
}

struct ReadBytes(Reading);

impl<D> StreamProducer<D> for ReadBytes {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        destination: Destination<'a, u8, VecBuffer<u8>>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let pipe = &mut self.0.0;
        let flow = pipe.filled(context);
        if flow != hfb_flow::Open {
            return idle(flow, finish);
        }
        let front = pipe.front();
        let mut direct = destination.as_direct(store, front.len());
        let room = direct.remaining();
        let size = room.len().min(front.len());
        room[..size].copy_from_slice(&front[..size]);
        direct.mark_written(size);
        if size > 0 {
            pipe.pop(size);
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

struct ReadPieces<P>(Reading, PhantomData<fn() -> P>);

impl<D, P: Piece> StreamProducer<D> for ReadPieces<P> {
    type Item = P;
    type Buffer = VecBuffer<P>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, P, VecBuffer<P>>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let flow = self.0.0.filled(context);
        if flow != hfb_flow::Open {
            return idle(flow, finish);
        }
        let most = destination.remaining(store).unwrap_or(1).min(AT_ONCE);
        let mut pieces = Vec::new();
        while pieces.len() < most && self.0.0.filled(context) == hfb_flow::Open {
            pieces.push(self.0.pop());
        }
        destination.set_buffer(pieces.into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<D, P: Piece> FutureProducer<D> for ReadPieces<P> {
    type Item = P;

    fn poll_produce(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _: StoreContextMut<D>,
        finish: bool,
    ) -> Poll<Result<Option<P>>> {
        match self.0.0.filled(context) {
            hfb_flow::Open => Poll::Ready(Ok(Some(self.0.pop()))),
            // The model has no word for a future that nobody writes any more: it waits on, for as long as its call may.
            _ if finish => Poll::Ready(Ok(None)),
            _ => Poll::Pending,
        }
    }
}

/// The end of a pipe that a guest writes to.
pub(crate) struct Writing {
    pipe: Pipe,
    /// None: nothing is connected yet, and whatever keeps it from that loses it.
    open: Option<Open>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.pipe.end(self.open.as_ref().is_none_or(Open::is_lost));
    }
}

struct WriteBytes(Writing);

impl<D: 'static> StreamConsumer<D> for WriteBytes {
    type Item = u8;

    fn poll_consume(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut store: StoreContextMut<D>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let flow = self.0.pipe.room(context);
        if flow != hfb_flow::Open {
            return idle(flow, finish);
        }
        let mut direct = source.as_direct(store.as_context_mut());
        let some = direct.remaining();
        let (size, written) = (some.len(), self.0.pipe.write(some));
        if written == 0 && size > 0 {
            // Its reader has left since.
            return idle(self.0.pipe.room(context), finish);
        }
        direct.mark_read(written);
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

struct WritePieces<P>(Writing, PhantomData<fn() -> P>);

impl<D: 'static, P: Piece> StreamConsumer<D> for WritePieces<P> {
    type Item = P;

    fn poll_consume(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut store: StoreContextMut<D>,
        mut source: Source<'_, P>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let flow = self.0.pipe.room(context);
        if flow != hfb_flow::Open {
            return idle(flow, finish);
        }
        while source.remaining(store.as_context_mut()) > 0 {
            let mut piece: Option<P> = None;
            source.read(store.as_context_mut(), &mut piece)?;
            let Some(piece) = piece else { break };
            put(&self.0.pipe, &piece)?;
            if self.0.pipe.room(context) != hfb_flow::Open {
                break;
            }
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<D: 'static, P: Piece> FutureConsumer<D> for WritePieces<P> {
    type Item = P;

    fn poll_consume(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<D>,
        mut source: Source<'_, P>,
        _: bool,
    ) -> Poll<Result<()>> {
        let mut piece: Option<P> = None;
        source.read(store, &mut piece)?;
        if let Some(piece) = piece {
            put(&self.0.pipe, &piece)?;
        }
        Poll::Ready(Ok(()))
    }
}

/// Whether it is a stream, and what comes through; `None`: no value.
fn carried(types: &ComponentTypes, ty: InterfaceType) -> Result<(bool, Option<InterfaceType>)> {
    match ty {
        InterfaceType::Stream(index) => Ok((true, types[types[index].ty].payload)),
        InterfaceType::Future(index) => Ok((false, types[types[index].ty].payload)),
        _ => bail!("neither a stream nor a future"),
    }
}

/// The sizes that an element may have, after the arguments of a macro.
macro_rules! with_sizes {
    ($then:ident!($($args:tt)*)) => {
        $then!($($args)* 1 2 3 4 5 6 7 8 10 12 14 16 18 20 24 28 32 36 40 44 48 52 56 60 64 72 80 88 96 104 112 120 128)
    };
}

/// Whether an element of so many bytes may come through a stream or a future.
pub(crate) fn has_element(size: usize) -> bool {
    macro_rules! any {
        ($($size:literal)*) => { matches!(size, $($size)|*) };
    }
    with_sizes!(any!())
}

/// Picks the element type of a payload: `$ty` is it in `$then`.
macro_rules! by_size {
    ($types:expr, $payload:expr, $ty:ident => $then:expr) => {
        with_sizes!(by_one_of!($types, $payload, $ty => $then,))
    };
}

macro_rules! by_one_of {
    ($types:expr, $payload:expr, $ty:ident => $then:expr, $($size:literal)*) => {
        match $payload {
            None => { type $ty = (); $then }
            Some(payload) => match $types.canonical_abi(&payload).size32 as usize {
                $($size => { type $ty = Element<$size>; $then })*
                _ => Err(Error::msg("elements of a size that cannot be passed")),
            }
        }
    };
}

/// Where a guest gets the index of a reading end.
pub(crate) enum Place<'a> {
    Slot(&'a mut MaybeUninit<ValRaw>),
    Memory(usize),
}

impl Place<'_> {
    fn lower<T: 'static>(
        self,
        reader: &(impl Lower + ComponentType<Lower = ValRaw>),
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
    ) -> Result<()> {
        match self {
            Place::Slot(slot) => reader.linear_lower_to_flat(cx, ty, slot),
            Place::Memory(at) => reader.linear_lower_to_memory(cx, ty, at),
        }
    }
}

/// Gives a guest the reading end of an argument's number.
pub(crate) fn give<T: 'static>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    number: u64,
    ends: &Arc<Ends>,
    place: Place<'_>,
) -> Result<()> {
    let Some(pipe) = Pipe::take(number) else { bail!("a stream or a future was passed that nobody can read from") };
    let from = Reading(pipe, Open::new(ends.clone()));
    let (stream, payload) = carried(cx.types, ty)?;
    macro_rules! give {
        ($reader:ident, $producer:expr) => {{
            let reader = $reader::new(cx.store.as_context_mut(), $producer)?;
            place.lower(&reader, cx, ty)
        }};
    }
    match (stream, payload) {
        (true, Some(InterfaceType::U8)) => give!(StreamReader, ReadBytes(from)),
        (true, payload) => {
            by_size!(cx.types, payload, Item => give!(StreamReader, ReadPieces::<Item>(from, PhantomData)))
        }
        (false, payload) => {
            by_size!(cx.types, payload, Item => give!(FutureReader, ReadPieces::<Item>(from, PhantomData)))
        }
    }
}

/// An end among a result, which nobody can have before all of the result is there.
pub(crate) struct Brought {
    number: u64,
    connect: Option<Connect>,
}

impl Brought {
    pub(crate) fn connect(&mut self, store: StoreContextMut<'_, Guest>, ends: Arc<Ends>) -> Result<()> {
        match self.connect.take() {
            Some(connect) => connect(store, Open::new(ends)),
            None => Ok(()),
        }
    }

    /// The result is told: somebody will claim it.
    pub(crate) fn told(mut self) {
        self.number = 0;
    }
}

impl Drop for Brought {
    fn drop(&mut self) {
        if self.number != 0 {
            Pipe::forget(self.number);
        }
    }
}

/// Has what a guest writes to an end that it gave away go into its pipe.
type Connect = Box<dyn FnOnce(StoreContextMut<'_, Guest>, Open) -> Result<()> + Send + Sync>;

/// Takes a reading end over: the number of the end that takes its place, and what is to be done with the store.
pub(crate) fn take(cx: &mut LiftContext<'_>, ty: InterfaceType, index: u32) -> Result<(u64, Brought)> {
    let types = cx.types;
    let (stream, payload) = carried(types, ty)?;
    let index = ValRaw::u32(index);
    let bytes = stream && matches!(payload, Some(InterfaceType::U8));
    macro_rules! take {
        ($reader:ty, $consumer:expr) => {{
            let reader = <$reader>::linear_lift_from_flat(cx, ty, &index)?;
            let Some((pipe, number)) = Pipe::make(!stream, bytes) else {
                bail!("there are no pipes for streams and futures")
            };
            let mut to = Writing { pipe, open: None };
            let connect: Connect = Box::new(move |store, open| {
                to.open = Some(open);
                reader.pipe(store, $consumer(to))
            });
            Ok((number, Brought { number, connect: Some(connect) }))
        }};
    }
    match (stream, payload) {
        (true, Some(InterfaceType::U8)) => take!(StreamReader<u8>, WriteBytes),
        (true, payload) => {
            by_size!(types, payload, Item => take!(StreamReader<Item>, |to| WritePieces::<Item>(to, PhantomData)))
        }
        (false, payload) => {
            by_size!(types, payload, Item => take!(FutureReader<Item>, |to| WritePieces::<Item>(to, PhantomData)))
        }
    }
}
