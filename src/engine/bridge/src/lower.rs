// SPDX-License-Identifier: Apache-2.0
//! From packed bytes into a guest: the arguments of a call, written by the canonical ABI.
//!
//! `Lower` is Wasmtime's own door for its derived types; we come through it with one type that stands for any argument
//! list and walks the component's types at run time, as Wasmtime's `Val` does, but without a `Val` a value. Lists of
//! scalars are one copy.

use crate::error::BadValue;
use crate::handles::Handles;
use crate::shape::{bools, chars, flag_mask, unknown_handle};
use crate::transmit::{self, Place};
use holdfast_wave::packed::{Malformed, Reader};
use std::mem::MaybeUninit;
use wasmtime::component::__internal::wasmtime_environ::component::MAX_FLAT_PARAMS;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LowerContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Lower, ResourceAny};
use wasmtime::{Result, ValRaw};

/// The arguments of one call.
pub(crate) struct Args<'a> {
    bytes: &'a [u8],
    handles: &'a Handles,
}

impl<'a> Args<'a> {
    /// # Safety
    /// What `bytes` refer to (see `Reader::with_references`) is alive and unchanged for `'a`.
    pub(crate) unsafe fn new(bytes: &'a [u8], handles: &'a Handles) -> Self {
        Self { bytes, handles }
    }

    pub(crate) fn reader(&self) -> Reader<'a> {
        // SAFETY: `new` was called with this promise.
        unsafe { Reader::with_references(self.bytes) }
    }

    /// Whether the buffer is just so long.
    pub(crate) fn is_of(&self, size: usize) -> bool {
        self.bytes.len() == size
    }

    pub(crate) fn handles(&self) -> &'a Handles {
        self.handles
    }
}

/// The arguments as Wasmtime takes them: thin, because it moves them from future to future.
pub(crate) struct PackedArgs<'a>(pub &'a Args<'a>);

// SAFETY: `Lower` is an array of `ValRaw` as wide as any argument list may be in registers, so Wasmtime hands out a
// destination for either form of passing and never asks `ABI` (it would only for a wider type). `typecheck` always
// fails: these types are used through `TypedFunc::new_unchecked` alone, where the walk follows the function's own type.
unsafe impl ComponentType for PackedArgs<'_> {
    type Lower = [ValRaw; MAX_FLAT_PARAMS];
    // A store with concurrency makes room for so many slots.
    const ABI: CanonicalAbiInfo =
        CanonicalAbiInfo { flat_count: Some(MAX_FLAT_PARAMS as u8), ..CanonicalAbiInfo::ZERO };

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Err(wasmtime::Error::msg("packed arguments have no static type"))
    }
}

// SAFETY: only `TypedFunc` asks for it, see above.
unsafe impl ComponentNamedList for PackedArgs<'_> {}

// SAFETY: every slot that the function's flat signature has is written: each arm of `flat` writes as many slots as its
// type's flat count, variants pad to theirs, and `Slots` refuses to go past the end.
unsafe impl Lower for PackedArgs<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        // SAFETY: an array of uninitialized elements is itself no value to be initialized.
        let slots: &mut [MaybeUninit<ValRaw>; MAX_FLAT_PARAMS] = unsafe { &mut *dst.as_mut_ptr().cast() };
        // Wasmtime reads the first slot as the argument of post-return even of a function without any.
        slots[0].write(ValRaw::u64(0));
        let InterfaceType::Tuple(index) = ty else { return Err(wrong_type()) };
        let types = cx.types;
        let params = &types[index];
        let mut walk = Walk { reader: self.0.reader(), handles: self.0.handles };
        if params.abi.flat_count(MAX_FLAT_PARAMS).is_some() {
            let mut slots = Slots { slots, next: 0 };
            for ty in &params.types {
                if !walk.number(*ty, &mut slots)? {
                    walk.flat(cx, *ty, &mut slots)?;
                }
            }
        } else {
            let start = cx.realloc(0, 0, params.abi.align32, params.abi.size32 as usize)?;
            let mut offset = start;
            for ty in &params.types {
                let at = types.canonical_abi(ty).next_field32_size(&mut offset);
                walk.store(cx, *ty, at)?;
            }
            slots[0].write(ValRaw::i64(start as i64));
        }
        walk.reader.finish().map_err(malformed)
    }

    fn linear_lower_to_memory<T>(&self, _: &mut LowerContext<'_, T>, _: InterfaceType, _: usize) -> Result<()> {
        Err(wasmtime::Error::msg("packed arguments are lowered as a whole"))
    }
}

/// Lowers one packed value into linear memory at `at`, which is aligned, with room for it.
pub(crate) fn store<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    at: usize,
    packed: &[u8],
    handles: &Handles,
) -> Result<()> {
    let mut walk = Walk { reader: Reader::new(packed), handles };
    walk.store(cx, ty, at)?;
    walk.reader.finish().map_err(malformed)
}

fn wrong_type() -> wasmtime::Error {
    wasmtime::Error::msg("a value of a type that cannot be passed")
}

fn malformed(error: Malformed) -> wasmtime::Error {
    BadValue(error.to_string()).into()
}

fn bad(text: String) -> wasmtime::Error {
    BadValue(text).into()
}

/// The flat destination, filled from the front.
struct Slots<'a> {
    slots: &'a mut [MaybeUninit<ValRaw>],
    next: usize,
}

impl Slots<'_> {
    fn push(&mut self, value: ValRaw) -> Result<()> {
        let slot = self.slots.get_mut(self.next).ok_or_else(wrong_type)?;
        slot.write(value);
        self.next += 1;
        Ok(())
    }
}

struct Walk<'a> {
    reader: Reader<'a>,
    handles: &'a Handles,
}

impl Walk<'_> {
    /// The common types at once; false for others.
    #[inline]
    fn number(&mut self, ty: InterfaceType, slots: &mut Slots<'_>) -> Result<bool> {
        let value = match ty {
            InterfaceType::S32 | InterfaceType::U32 => ValRaw::u32(self.reader.u32().map_err(malformed)?),
            InterfaceType::S64 | InterfaceType::U64 => ValRaw::u64(self.reader.u64().map_err(malformed)?),
            InterfaceType::Float64 => ValRaw::f64(self.reader.u64().map_err(malformed)?),
            _ => return Ok(false),
        };
        slots.push(value)?;
        Ok(true)
    }

    /// Lowers one value into slots.
    fn flat<T>(&mut self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, slots: &mut Slots<'_>) -> Result<()> {
        let types = cx.types;
        match ty {
            InterfaceType::Bool => slots.push(ValRaw::u32(self.reader.bool().map_err(malformed)?.into())),
            // Narrow signed integers are sign-extended to 32 bits.
            InterfaceType::S8 => slots.push(ValRaw::i32(i32::from(self.reader.u8().map_err(malformed)? as i8))),
            InterfaceType::U8 => slots.push(ValRaw::u32(self.reader.u8().map_err(malformed)?.into())),
            InterfaceType::S16 => slots.push(ValRaw::i32(i32::from(self.reader.u16().map_err(malformed)? as i16))),
            InterfaceType::U16 => slots.push(ValRaw::u32(self.reader.u16().map_err(malformed)?.into())),
            InterfaceType::S32 | InterfaceType::U32 => slots.push(ValRaw::u32(self.reader.u32().map_err(malformed)?)),
            InterfaceType::S64 | InterfaceType::U64 => slots.push(ValRaw::u64(self.reader.u64().map_err(malformed)?)),
            InterfaceType::Float32 => slots.push(ValRaw::f32(self.reader.u32().map_err(malformed)?)),
            InterfaceType::Float64 => slots.push(ValRaw::f64(self.reader.u64().map_err(malformed)?)),
            InterfaceType::Char => slots.push(ValRaw::u32(self.char()?)),
            InterfaceType::String => {
                let text = self.reader.text().map_err(malformed)?;
                let mut pair = MaybeUninit::<[ValRaw; 2]>::uninit();
                text.linear_lower_to_flat(cx, ty, &mut pair)?;
                // SAFETY: a successful lowering has written all of its destination.
                let [start, length] = unsafe { pair.assume_init() };
                slots.push(start)?;
                slots.push(length)
            }
            InterfaceType::List(index) => {
                let (start, count) = self.list(cx, types[index].element)?;
                slots.push(ValRaw::i64(start as i64))?;
                slots.push(ValRaw::i64(count as i64))
            }
            InterfaceType::Record(index) => {
                types[index].fields.iter().try_for_each(|field| self.flat(cx, field.ty, slots))
            }
            InterfaceType::Tuple(index) => types[index].types.iter().try_for_each(|ty| self.flat(cx, *ty, slots)),
            InterfaceType::Variant(_)
            | InterfaceType::Enum(_)
            | InterfaceType::Option(_)
            | InterfaceType::Result(_) => {
                let (case, payload) = self.case(cx, ty)?;
                let end = slots.next + types.canonical_abi(&ty).flat_count(MAX_FLAT_PARAMS).ok_or_else(wrong_type)?;
                slots.push(ValRaw::u32(case))?;
                if let Some(payload) = payload {
                    self.flat(cx, payload, slots)?;
                }
                // The slots that only other cases use are read by the guest too.
                while slots.next < end {
                    slots.push(ValRaw::u64(0))?;
                }
                Ok(())
            }
            InterfaceType::Flags(index) => {
                let count = types[index].names.len() as u32;
                (0..count.div_ceil(32)).try_for_each(|word| slots.push(ValRaw::u32(self.flags(count, word)?)))
            }
            InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
                let (number, resource) = self.handle()?;
                let mut slot = MaybeUninit::<ValRaw>::uninit();
                resource.linear_lower_to_flat(cx, ty, &mut slot)?;
                self.given(number, ty);
                // SAFETY: a successful lowering has written its destination.
                slots.push(unsafe { slot.assume_init() })
            }
            InterfaceType::Stream(_) | InterfaceType::Future(_) => {
                let mut slot = MaybeUninit::<ValRaw>::uninit();
                transmit::give(
                    cx,
                    ty,
                    self.reader.u64().map_err(malformed)?,
                    &self.handles.ends,
                    Place::Slot(&mut slot),
                )?;
                // SAFETY: as above.
                slots.push(unsafe { slot.assume_init() })
            }
            _ => Err(wrong_type()),
        }
    }

    /// Lowers one value into linear memory at `at`, which is aligned and inside what `realloc` gave.
    fn store<T>(&mut self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, at: usize) -> Result<()> {
        let types = cx.types;
        match ty {
            InterfaceType::Bool => {
                let value = self.reader.bool().map_err(malformed)?;
                *cx.get(at) = [u8::from(value)];
                Ok(())
            }
            InterfaceType::S8 | InterfaceType::U8 => self.copy::<T, 1>(cx, at),
            InterfaceType::S16 | InterfaceType::U16 => self.copy::<T, 2>(cx, at),
            InterfaceType::S32 | InterfaceType::U32 | InterfaceType::Float32 => self.copy::<T, 4>(cx, at),
            InterfaceType::S64 | InterfaceType::U64 | InterfaceType::Float64 => self.copy::<T, 8>(cx, at),
            InterfaceType::Char => {
                *cx.get(at) = self.char()?.to_le_bytes();
                Ok(())
            }
            InterfaceType::String => self.reader.text().map_err(malformed)?.linear_lower_to_memory(cx, ty, at),
            InterfaceType::List(index) => {
                let (start, count) = self.list(cx, types[index].element)?;
                // `realloc` answers 32 bits, and a packed count has 31.
                *cx.get(at) = (start as u32).to_le_bytes();
                *cx.get(at + 4) = (count as u32).to_le_bytes();
                Ok(())
            }
            InterfaceType::Record(index) => {
                let mut offset = at;
                types[index].fields.iter().try_for_each(|field| {
                    let at = types.canonical_abi(&field.ty).next_field32_size(&mut offset);
                    self.store(cx, field.ty, at)
                })
            }
            InterfaceType::Tuple(index) => {
                let mut offset = at;
                types[index].types.iter().try_for_each(|ty| {
                    let at = types.canonical_abi(ty).next_field32_size(&mut offset);
                    self.store(cx, *ty, at)
                })
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
                let (case, payload) = self.case(cx, ty)?;
                // `case` is below the number of cases, from which the width follows.
                match u32::from(info.size) {
                    1 => *cx.get(at) = (case as u8).to_le_bytes(),
                    2 => *cx.get(at) = (case as u16).to_le_bytes(),
                    _ => *cx.get(at) = case.to_le_bytes(),
                }
                match payload {
                    Some(payload) => self.store(cx, payload, at + info.payload_offset32 as usize),
                    None => Ok(()),
                }
            }
            InterfaceType::Flags(index) => {
                let count = types[index].names.len() as u32;
                // Up to 8 flags take a byte, up to 16 two, more take whole words.
                match types[index].abi.size32 {
                    0 => {}
                    1 => *cx.get(at) = (self.flags(count, 0)? as u8).to_le_bytes(),
                    2 => *cx.get(at) = (self.flags(count, 0)? as u16).to_le_bytes(),
                    size => {
                        for word in 0..size / 4 {
                            *cx.get(at + word as usize * 4) = self.flags(count, word)?.to_le_bytes();
                        }
                    }
                }
                Ok(())
            }
            InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
                let (number, resource) = self.handle()?;
                resource.linear_lower_to_memory(cx, ty, at)?;
                self.given(number, ty);
                Ok(())
            }
            InterfaceType::Stream(_) | InterfaceType::Future(_) => {
                transmit::give(cx, ty, self.reader.u64().map_err(malformed)?, &self.handles.ends, Place::Memory(at))
            }
            _ => Err(wrong_type()),
        }
    }

    /// Lowers a list's elements into fresh memory: where they are, and how many.
    fn list<T>(&mut self, cx: &mut LowerContext<'_, T>, element: InterfaceType) -> Result<(usize, usize)> {
        let types = cx.types;
        let abi = types.canonical_abi(&element);
        let size = abi.size32 as usize;
        if is_scalar(element) {
            let run = self.reader.run(size).map_err(malformed)?;
            match element {
                InterfaceType::Bool => bools(run).map_err(bad)?,
                InterfaceType::Char => chars(run).map_err(bad)?,
                _ => {}
            }
            let start = cx.realloc(0, 0, abi.align32, run.len())?;
            cx.as_slice_mut()[start..][..run.len()].copy_from_slice(run);
            return Ok((start, run.len() / size));
        }
        let count = self.reader.count(1).map_err(malformed)?;
        let bytes = count.checked_mul(size).ok_or_else(|| bad("a list's size overflows".to_owned()))?;
        let start = cx.realloc(0, 0, abi.align32, bytes)?;
        for index in 0..count {
            self.store(cx, element, start + index * size)?;
        }
        Ok((start, count))
    }

    fn copy<T, const SIZE: usize>(&mut self, cx: &mut LowerContext<'_, T>, at: usize) -> Result<()> {
        let bytes = self.reader.raw(SIZE).map_err(malformed)?;
        cx.get::<SIZE>(at).copy_from_slice(bytes);
        Ok(())
    }

    fn char(&mut self) -> Result<u32> {
        let value = self.reader.u32().map_err(malformed)?;
        match char::from_u32(value) {
            Some(_) => Ok(value),
            None => Err(bad("a char is not a Unicode scalar value".to_owned())),
        }
    }

    fn flags(&mut self, count: u32, word: u32) -> Result<u32> {
        let bits = self.reader.u32().map_err(malformed)?;
        match bits & !flag_mask(count, word) {
            0 => Ok(bits),
            _ => Err(bad(format!("a flag past the last of {count} is set"))),
        }
    }

    /// Reads a case index of `ty` and finds the payload's type.
    fn case<T>(&mut self, cx: &LowerContext<'_, T>, ty: InterfaceType) -> Result<(u32, Option<InterfaceType>)> {
        let case = self.reader.u32().map_err(malformed)?;
        match case_of(cx.types, ty, case) {
            Some(payload) => Ok((case, payload)),
            None => Err(bad(format!("case {case} does not exist"))),
        }
    }

    fn handle(&mut self) -> Result<(u64, ResourceAny)> {
        let number = self.reader.u64().map_err(malformed)?;
        let resource = self.handles.get(number).ok_or_else(|| bad(unknown_handle(number)))?;
        Ok((number, resource))
    }

    /// An owned resource that was passed belongs to the guest from now on.
    fn given(&self, number: u64, ty: InterfaceType) {
        if matches!(ty, InterfaceType::Own(_)) {
            self.handles.take(number);
        }
    }
}

/// Types whose lists are one run of equal bytes in a guest's memory and in packed form.
pub(crate) fn is_scalar(ty: InterfaceType) -> bool {
    matches!(
        ty,
        InterfaceType::Bool
            | InterfaceType::S8
            | InterfaceType::U8
            | InterfaceType::S16
            | InterfaceType::U16
            | InterfaceType::S32
            | InterfaceType::U32
            | InterfaceType::S64
            | InterfaceType::U64
            | InterfaceType::Float32
            | InterfaceType::Float64
            | InterfaceType::Char
    )
}

/// The payload's type of case `case` of a variant, enum, option or result. `None`: there is no such case.
pub(crate) fn case_of(
    types: &wasmtime::component::__internal::ComponentTypes,
    ty: InterfaceType,
    case: u32,
) -> Option<Option<InterfaceType>> {
    match ty {
        InterfaceType::Variant(index) => types[index].cases.get_index(case as usize).map(|(_, payload)| *payload),
        InterfaceType::Enum(index) => ((case as usize) < types[index].names.len()).then_some(None),
        InterfaceType::Option(index) => match case {
            0 => Some(None),
            1 => Some(Some(types[index].ty)),
            _ => None,
        },
        InterfaceType::Result(index) => match case {
            0 => Some(types[index].ok),
            1 => Some(types[index].err),
            _ => None,
        },
        _ => None,
    }
}
