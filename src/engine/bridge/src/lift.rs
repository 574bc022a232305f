// SPDX-License-Identifier: Apache-2.0
//! From a guest to packed bytes: the result of a call, read by the canonical ABI.
//!
//! Everything read here was written by the guest. Each pointer is checked for alignment and bounds before it is
//! followed, each discriminant and char before it is believed, and what is copied is charged to the call's fuel, so a
//! guest cannot make the host allocate more than its limit.

use crate::handles::fresh_number;
use crate::landing;
use crate::lower::{case_of, is_scalar};
use crate::shape::{chars, flag_mask};
use crate::transmit;
use holdfast_wave::packed::Writer;
use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, StringEncoding};
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, ResourceAny};
use wasmtime::{Error, Result, ValRaw, bail};

/// A packed element is at most this many times as long as in the guest's memory: an enum case of one byte takes a word.
const GROWTH: usize = 4;

/// The packed bytes of a result: those of one scalar without an allocation.
pub(crate) enum Answer {
    Small([u8; SMALL], u8),
    Bytes(Vec<u8>),
}

/// What a scalar takes at most.
pub(crate) const SMALL: usize = 8;

impl Answer {
    pub(crate) const NONE: Self = Self::Small([0; SMALL], 0);

    fn of<const SIZE: usize>(bytes: [u8; SIZE]) -> Self {
        let mut small = [0; SMALL];
        small[..SIZE].copy_from_slice(&bytes);
        Self::Small(small, SIZE as u8)
    }

    /// Of one string or list, which were checked.
    fn run(count: usize, run: &[u8]) -> Self {
        if landing::take(run) {
            return Self::NONE;
        }
        let mut out = Writer::new();
        out.bytes.reserve(4 + run.len());
        out.length(count);
        out.raw(run);
        Self::Bytes(out.bytes)
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Small(small, size) => small[..usize::from(size)].to_vec(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The one scalar that came in a register; `None` for any other type.
    fn scalar(ty: InterfaceType, slot: &ValRaw) -> Result<Option<Self>> {
        Ok(Some(match ty {
            InterfaceType::Bool => Self::of([u8::from(slot.get_u32() != 0)]),
            InterfaceType::S8 | InterfaceType::U8 => Self::of([slot.get_u32() as u8]),
            InterfaceType::S16 | InterfaceType::U16 => Self::of((slot.get_u32() as u16).to_le_bytes()),
            InterfaceType::S32 | InterfaceType::U32 => Self::of(slot.get_u32().to_le_bytes()),
            InterfaceType::S64 | InterfaceType::U64 => Self::of(slot.get_u64().to_le_bytes()),
            InterfaceType::Float32 => Self::of(slot.get_f32().to_le_bytes()),
            InterfaceType::Float64 => Self::of(slot.get_f64().to_le_bytes()),
            InterfaceType::Char => Self::of(u32::from(char::try_from(slot.get_u32())?).to_le_bytes()),
            _ => return Ok(None),
        }))
    }
}

/// The result of one call, packed, with the resources that came along.
pub(crate) struct PackedResult {
    pub answer: Answer,
    /// Boxed for being rare: Wasmtime moves the result from future to future.
    pub handles: Option<Box<Brought>>,
    /// What is to be done with the store for the streams and futures among it.
    pub ends: Option<Box<Vec<transmit::Brought>>>,
}

/// Resources under the numbers that they have in the packed bytes.
pub(crate) type Brought = Vec<(u64, ResourceAny)>;

// SAFETY: as for `PackedArgs`: `Lower` is the widest result in registers, one slot, so Wasmtime always reads "from the
// stack" and leaves to us whether that slot is the value or a pointer to it, which the function's type decides.
unsafe impl ComponentType for PackedResult {
    type Lower = [ValRaw; MAX_FLAT_RESULTS];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Err(Error::msg("a packed result has no static type"))
    }
}

// SAFETY: only `TypedFunc` asks for it, see above.
unsafe impl ComponentNamedList for PackedResult {}

// SAFETY: the slot is read only if the function's type has a result, and then Wasmtime's trampoline has written it.
unsafe impl Lift for PackedResult {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &Self::Lower) -> Result<Self> {
        Self::lift(cx, ty, src, MAX_FLAT_RESULTS)
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        bail!("a packed result is lifted as a whole")
    }
}

/// The result of a call of a store with concurrency, packed. An export that is lifted async tells its result in so many
/// slots as it has flat values, or in one where those are more than there may be. One that is lifted synchronously has
/// one slot.
pub(crate) struct PackedReturn<const SLOTS: usize>(pub PackedResult);

/// How many slots a result of so many flat values comes in, where the export is lifted async.
pub(crate) const fn slots_of(flat: usize) -> usize {
    if flat > MAX_FLAT_PARAMS { 1 } else { flat }
}

// SAFETY: as for `PackedResult`, with as many slots as the result has.
unsafe impl<const SLOTS: usize> ComponentType for PackedReturn<SLOTS> {
    type Lower = [ValRaw; SLOTS];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Err(Error::msg("a packed result has no static type"))
    }
}

// SAFETY: only `TypedFunc` asks for it, see above.
unsafe impl<const SLOTS: usize> ComponentNamedList for PackedReturn<SLOTS> {}

// SAFETY: as many slots are read as the function's type has, which the guest's `task.return` has written.
unsafe impl<const SLOTS: usize> Lift for PackedReturn<SLOTS> {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &Self::Lower) -> Result<Self> {
        let most = if cx.options().async_ { MAX_FLAT_PARAMS } else { MAX_FLAT_RESULTS };
        PackedResult::lift(cx, ty, src, most).map(Self)
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        bail!("a packed result is lifted as a whole")
    }
}

impl PackedResult {
    /// `most`: how many flat values may come in slots; of more the first slot is a pointer to them.
    fn lift(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &[ValRaw], most: usize) -> Result<Self> {
        let InterfaceType::Tuple(index) = ty else { return Err(wrong_type()) };
        let types = cx.types;
        let results = &types[index];
        if results.types.is_empty() {
            return Ok(Self { answer: Answer::NONE, handles: None, ends: None });
        }
        if let [ty] = *results.types
            && let Some(answer) = Answer::scalar(ty, src.first().ok_or_else(wrong_type)?)?
        {
            return Ok(Self { answer, handles: None, ends: None });
        }
        let mut walk = Walk::new();
        if results.abi.flat_count(most).is_some() {
            let mut slots = src;
            if let [ty] = *results.types
                && let [start, length] = *src
                && let Some(answer) = lone_run(cx, ty, &pair(&start, &length))?
            {
                return Ok(Self { answer, handles: None, ends: None });
            }
            for ty in &results.types {
                walk.flat(cx, *ty, &mut slots)?;
            }
        } else {
            let start = src.first().ok_or_else(wrong_type)?.get_u32() as usize;
            let bytes = window(cx, start, results.abi.size32 as usize, results.abi.align32, "return pointer")?;
            if let [ty] = *results.types
                && let Some(answer) = lone_run(cx, ty, bytes)?
            {
                return Ok(Self { answer, handles: None, ends: None });
            }
            let mut offset = 0;
            for ty in &results.types {
                let abi = types.canonical_abi(ty);
                let at = abi.next_field32_size(&mut offset);
                walk.load(cx, *ty, part(bytes, at, abi.size32)?)?;
            }
        }
        Ok(Self { answer: Answer::Bytes(walk.out.bytes), handles: walk.handles, ends: walk.ends })
    }
}

/// Lifts one value without resources from memory, packed; `bytes` are all of it, in bounds and aligned.
pub(crate) fn load(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut walk = Walk::new();
    walk.load(cx, ty, bytes)?;
    Ok(walk.out.bytes)
}

/// Address and length as they would lie in memory.
fn pair(start: &ValRaw, length: &ValRaw) -> [u8; 8] {
    let mut pair = [0; 8];
    pair[..4].copy_from_slice(&start.get_u32().to_le_bytes());
    pair[4..].copy_from_slice(&length.get_u32().to_le_bytes());
    pair
}

fn wrong_type() -> Error {
    Error::msg("a value of a type that cannot be returned")
}

/// The part of memory that a guest's pointer names.
fn window<'a>(cx: &LiftContext<'a>, start: usize, size: usize, align: u32, what: &str) -> Result<&'a [u8]> {
    if !start.is_multiple_of(align as usize) {
        bail!("{what} is not aligned");
    }
    match start.checked_add(size).and_then(|end| cx.memory().get(start..end)) {
        Some(bytes) => Ok(bytes),
        None => bail!("{what} is out of bounds of memory"),
    }
}

/// A field of a value whose bytes were checked as a whole.
fn part(bytes: &[u8], at: usize, size: u32) -> Result<&[u8]> {
    bytes.get(at..at + size as usize).ok_or_else(wrong_type)
}

fn word<const SIZE: usize>(bytes: &[u8]) -> Result<[u8; SIZE]> {
    bytes.first_chunk::<SIZE>().copied().ok_or_else(wrong_type)
}

fn next<'a>(slots: &mut &'a [ValRaw]) -> Result<&'a ValRaw> {
    let (first, rest) = slots.split_first().ok_or_else(wrong_type)?;
    *slots = rest;
    Ok(first)
}

/// A result that is one run of bytes, given to whoever takes it, or else packed; `None` for any other type.
fn lone_run(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Option<Answer>> {
    match ty {
        InterfaceType::String if cx.options().string_encoding == StringEncoding::Utf8 => {
            let text = text_in(cx, bytes)?;
            Ok(Some(Answer::run(text.len(), text.as_bytes())))
        }
        InterfaceType::String => {
            let text = transcoded(cx, bytes)?;
            Ok(Some(Answer::run(text.len(), text.as_bytes())))
        }
        InterfaceType::List(index) => {
            let element = cx.types[index].element;
            // A guest's `true` is any byte but 0.
            if !is_scalar(element) || matches!(element, InterfaceType::Bool) {
                return Ok(None);
            }
            let Elements { bytes: run, count, .. } = list_in(cx, element, bytes)?;
            scalars_in(cx, element, run)?;
            Ok(Some(Answer::run(count, run)))
        }
        _ => Ok(None),
    }
}

/// The text that a pair of address and length names, in a guest whose strings are UTF-8.
fn text_in<'a>(cx: &mut LiftContext<'a>, bytes: &[u8]) -> Result<&'a str> {
    let start = u32::from_le_bytes(word(part(bytes, 0, 4)?)?) as usize;
    let length = u32::from_le_bytes(word(part(bytes, 4, 4)?)?) as usize;
    let text = window(cx, start, length, 1, "string pointer or length")?;
    cx.consume_fuel(length)?;
    Ok(std::str::from_utf8(text)?)
}

/// The same for other encodings; Wasmtime charges for it.
fn transcoded(cx: &mut LiftContext<'_>, bytes: &[u8]) -> Result<String> {
    String::linear_lift_from_memory(cx, InterfaceType::String, bytes)
}

/// The elements that a pair of address and length names.
struct Elements<'a> {
    bytes: &'a [u8],
    count: usize,
    /// Of one element.
    size: usize,
}

fn list_in<'a>(cx: &LiftContext<'a>, element: InterfaceType, bytes: &[u8]) -> Result<Elements<'a>> {
    let start = u32::from_le_bytes(word(part(bytes, 0, 4)?)?) as usize;
    let count = u32::from_le_bytes(word(part(bytes, 4, 4)?)?) as usize;
    let abi = cx.types.canonical_abi(&element);
    let size = abi.size32 as usize;
    let Some(total) = count.checked_mul(size) else { bail!("list pointer or length is out of bounds of memory") };
    let bytes = window(cx, start, total, abi.align32, "list pointer or length")?;
    if count >= 1 << 31 {
        bail!("a list of {count} elements is too long");
    }
    Ok(Elements { bytes, count, size })
}

/// Charges for a run of scalars that are to be copied as they lie, and checks them.
fn scalars_in(cx: &mut LiftContext<'_>, element: InterfaceType, run: &[u8]) -> Result<()> {
    cx.consume_fuel(run.len())?;
    match element {
        InterfaceType::Char => chars(run).map_err(Error::msg),
        _ => Ok(()),
    }
}

struct Walk {
    out: Writer,
    handles: Option<Box<Brought>>,
    ends: Option<Box<Vec<transmit::Brought>>>,
}

impl Walk {
    fn new() -> Self {
        Self { out: Writer::new(), handles: None, ends: None }
    }

    /// Lifts one value that came in registers.
    fn flat(&mut self, cx: &mut LiftContext<'_>, ty: InterfaceType, slots: &mut &[ValRaw]) -> Result<()> {
        let types = cx.types;
        match ty {
            InterfaceType::Bool => self.out.u8(u8::from(next(slots)?.get_u32() != 0)),
            InterfaceType::S8 | InterfaceType::U8 => self.out.u8(next(slots)?.get_u32() as u8),
            InterfaceType::S16 | InterfaceType::U16 => self.out.u16(next(slots)?.get_u32() as u16),
            InterfaceType::S32 | InterfaceType::U32 => self.out.u32(next(slots)?.get_u32()),
            InterfaceType::S64 | InterfaceType::U64 => self.out.u64(next(slots)?.get_u64()),
            InterfaceType::Float32 => self.out.u32(next(slots)?.get_f32()),
            InterfaceType::Float64 => self.out.u64(next(slots)?.get_f64()),
            InterfaceType::Char => self.char(next(slots)?.get_u32())?,
            InterfaceType::Record(index) => {
                for field in &types[index].fields {
                    self.flat(cx, field.ty, slots)?;
                }
            }
            InterfaceType::Tuple(index) => {
                for ty in &types[index].types {
                    self.flat(cx, *ty, slots)?;
                }
            }
            InterfaceType::Variant(_)
            | InterfaceType::Enum(_)
            | InterfaceType::Option(_)
            | InterfaceType::Result(_) => {
                let whole = types.canonical_abi(&ty).flat_count(MAX_FLAT_PARAMS).ok_or_else(wrong_type)?;
                let rest = slots.get(whole..).ok_or_else(wrong_type)?;
                let case = next(slots)?.get_u32();
                if let Some(payload) = self.case(cx, ty, case)? {
                    self.flat(cx, payload, slots)?;
                }
                *slots = rest;
            }
            InterfaceType::Flags(index) => {
                let count = types[index].names.len() as u32;
                for word in 0..count.div_ceil(32) {
                    // Bits past the last flag mean nothing, whatever the guest left there.
                    self.out.u32(next(slots)?.get_u32() & flag_mask(count, word));
                }
            }
            InterfaceType::String => self.string(cx, &pair(next(slots)?, next(slots)?))?,
            InterfaceType::List(index) => self.list(cx, types[index].element, &pair(next(slots)?, next(slots)?))?,
            InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
                let resource = ResourceAny::linear_lift_from_flat(cx, ty, next(slots)?)?;
                self.handle(resource);
            }
            InterfaceType::Stream(_) | InterfaceType::Future(_) => self.end(cx, ty, next(slots)?.get_u32())?,
            _ => return Err(wrong_type()),
        }
        Ok(())
    }

    /// Lifts one value from memory; `bytes` are all of it, in bounds and aligned.
    fn load(&mut self, cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<()> {
        let types = cx.types;
        match ty {
            InterfaceType::Bool => self.out.u8(u8::from(word::<1>(bytes)? != [0])),
            InterfaceType::S8 | InterfaceType::U8 => self.out.raw(&word::<1>(bytes)?),
            InterfaceType::S16 | InterfaceType::U16 => self.out.raw(&word::<2>(bytes)?),
            InterfaceType::S32 | InterfaceType::U32 | InterfaceType::Float32 => self.out.raw(&word::<4>(bytes)?),
            InterfaceType::S64 | InterfaceType::U64 | InterfaceType::Float64 => self.out.raw(&word::<8>(bytes)?),
            InterfaceType::Char => self.char(u32::from_le_bytes(word(bytes)?))?,
            InterfaceType::String => self.string(cx, bytes)?,
            InterfaceType::List(index) => self.list(cx, types[index].element, bytes)?,
            InterfaceType::Record(index) => {
                let mut offset = 0;
                for field in &types[index].fields {
                    let abi = types.canonical_abi(&field.ty);
                    let at = abi.next_field32_size(&mut offset);
                    self.load(cx, field.ty, part(bytes, at, abi.size32)?)?;
                }
            }
            InterfaceType::Tuple(index) => {
                let mut offset = 0;
                for ty in &types[index].types {
                    let abi = types.canonical_abi(ty);
                    let at = abi.next_field32_size(&mut offset);
                    self.load(cx, *ty, part(bytes, at, abi.size32)?)?;
                }
            }
            InterfaceType::Variant(_)
            | InterfaceType::Enum(_)
            | InterfaceType::Option(_)
            | InterfaceType::Result(_) => {
                let info = match ty {
                    InterfaceType::Variant(index) => &types[index].info,
                    InterfaceType::Enum(index) => &types[index].info,
                    InterfaceType::Option(index) => &types[index].info,
                    InterfaceType::Result(index) => &types[index].info,
                    _ => return Err(wrong_type()),
                };
                let case = match u32::from(info.size) {
                    1 => u32::from(u8::from_le_bytes(word(bytes)?)),
                    2 => u32::from(u16::from_le_bytes(word(bytes)?)),
                    _ => u32::from_le_bytes(word(bytes)?),
                };
                if let Some(payload) = self.case(cx, ty, case)? {
                    let size = types.canonical_abi(&payload).size32;
                    self.load(cx, payload, part(bytes, info.payload_offset32 as usize, size)?)?;
                }
            }
            InterfaceType::Flags(index) => {
                let count = types[index].names.len() as u32;
                match types[index].abi.size32 {
                    0 => {}
                    1 => self.out.u32(u32::from(u8::from_le_bytes(word(bytes)?)) & flag_mask(count, 0)),
                    2 => self.out.u32(u32::from(u16::from_le_bytes(word(bytes)?)) & flag_mask(count, 0)),
                    size => {
                        for index in 0..size / 4 {
                            let bits = u32::from_le_bytes(word(part(bytes, index as usize * 4, 4)?)?);
                            self.out.u32(bits & flag_mask(count, index));
                        }
                    }
                }
            }
            InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
                let resource = ResourceAny::linear_lift_from_memory(cx, ty, bytes)?;
                self.handle(resource);
            }
            InterfaceType::Stream(_) | InterfaceType::Future(_) => {
                self.end(cx, ty, u32::from_le_bytes(word(bytes)?))?;
            }
            _ => return Err(wrong_type()),
        }
        Ok(())
    }

    fn string(&mut self, cx: &mut LiftContext<'_>, bytes: &[u8]) -> Result<()> {
        if cx.options().string_encoding == StringEncoding::Utf8 {
            self.out.text(text_in(cx, bytes)?);
        } else {
            self.out.text(&transcoded(cx, bytes)?);
        }
        Ok(())
    }

    fn list(&mut self, cx: &mut LiftContext<'_>, element: InterfaceType, bytes: &[u8]) -> Result<()> {
        let Elements { bytes: run, count, size } = list_in(cx, element, bytes)?;
        if !is_scalar(element) {
            // Elements of no size would cost nothing to claim and a lot to write.
            cx.consume_fuel_array(count, size.max(1).saturating_mul(GROWTH))?;
            self.out.length(count);
            return match size {
                0 => (0..count).try_for_each(|_| self.load(cx, element, &[])),
                size => run.chunks_exact(size).try_for_each(|bytes| self.load(cx, element, bytes)),
            };
        }
        scalars_in(cx, element, run)?;
        // The common case is one list; then this is the only allocation.
        self.out.bytes.reserve(4 + run.len());
        self.out.length(count);
        match element {
            InterfaceType::Bool => self.out.bytes.extend(run.iter().map(|&byte| u8::from(byte != 0))),
            _ => self.out.raw(run),
        }
        Ok(())
    }

    fn char(&mut self, value: u32) -> Result<()> {
        self.out.u32(char::try_from(value)?.into());
        Ok(())
    }

    fn case(&mut self, cx: &LiftContext<'_>, ty: InterfaceType, case: u32) -> Result<Option<InterfaceType>> {
        match case_of(cx.types, ty, case) {
            Some(payload) => {
                self.out.u32(case);
                Ok(payload)
            }
            None => bail!("discriminant {case} is out of range"),
        }
    }

    fn end(&mut self, cx: &mut LiftContext<'_>, ty: InterfaceType, index: u32) -> Result<()> {
        let ends = self.ends.get_or_insert_default();
        // What the instance may have is known where they are connected.
        if ends.len() == transmit::MOST_ENDS {
            bail!("a value brings more than {} streams and futures", transmit::MOST_ENDS);
        }
        let (number, brought) = transmit::take(cx, ty, index)?;
        self.out.u64(number);
        ends.push(brought);
        Ok(())
    }

    fn handle(&mut self, resource: ResourceAny) {
        let number = fresh_number();
        self.out.u64(number);
        self.handles.get_or_insert_default().push((number, resource));
    }
}
