// SPDX-License-Identifier: Apache-2.0
//! The C functions. Each answers whether it succeeded; no panic leaves them.

use crate::packed::{Malformed, Reader, Writer};
use crate::parse::{self, Fault};
use crate::print;
use crate::types::Type;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes that the caller lends for the time of one call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfw_slice {
    pub data: *const u8,
    pub size: usize,
}

/// Bytes that belong to whoever received them, until `hfw_bytes_free`. Zeroed: none.
#[repr(C)]
pub struct hfw_bytes {
    pub data: *mut u8,
    pub size: usize,
    pub capacity: usize,
}

/// Why something was refused.
#[repr(C)]
pub struct hfw_error {
    /// What is wrong, and the path to it: `argument 2 (count): 300 does not fit u8`. UTF-8; may quote the text.
    pub message: hfw_bytes,
    /// Where in the text, in bytes from its start.
    pub offset: usize,
    /// Which argument, from 1; 0 when it is not about one.
    pub argument: u32,
    /// Whether the text was at fault: false for a malformed type or value, whose `offset` is one in that buffer.
    pub in_text: bool,
}

impl hfw_slice {
    /// # Safety
    /// `data` points to `size` bytes that nobody changes for `'a`, or `size` is 0.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        // SAFETY: the caller of this function vouches for it.
        unsafe { core::slice::from_raw_parts(self.data, self.size) }
    }
}

impl From<Vec<u8>> for hfw_bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let mut bytes = core::mem::ManuallyDrop::new(bytes);
        Self { data: bytes.as_mut_ptr(), size: bytes.len(), capacity: bytes.capacity() }
    }
}

enum Refusal {
    Text(Fault, Option<String>),
    Buffer(Malformed),
    Panic,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Text(fault, None)
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Buffer(malformed)
    }
}

impl From<Refusal> for hfw_error {
    fn from(refusal: Refusal) -> Self {
        let (message, offset, argument, in_text) = match refusal {
            Refusal::Text(fault, parameter) => {
                let place = match (fault.argument, parameter) {
                    (0, _) if fault.path.is_empty() => String::new(),
                    (0, _) => format!("value{}", fault.path),
                    (n, Some(name)) => format!("argument {n} ({name}){}", fault.path),
                    (n, None) => format!("argument {n}{}", fault.path),
                };
                let message = if place.is_empty() { fault.what } else { format!("{place}: {}", fault.what) };
                (message, fault.offset, fault.argument as u32, true)
            }
            Refusal::Buffer(malformed) => (malformed.to_string(), malformed.offset, 0, false),
            Refusal::Panic => ("a defect in the WAVE code; please report it".to_owned(), 0, 0, false),
        };
        Self { message: message.into_bytes().into(), offset, argument, in_text }
    }
}

/// Runs `work` and stores what came of it; a panic becomes an error.
///
/// # Safety
/// `error` may be written.
unsafe fn guarded(error: *mut hfw_error, work: impl FnOnce() -> Result<(), Refusal>) -> bool {
    // The work owns all it changes until it succeeds, so a panic leaves nothing half-done behind.
    match catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Refusal::Panic)) {
        Ok(()) => true,
        Err(refusal) => {
            // SAFETY: the caller vouches for `error`.
            unsafe { error.write(refusal.into()) };
            false
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    core::str::from_utf8(bytes).map_err(|broken| Fault {
        what: "the text is not UTF-8".to_owned(),
        path: String::new(),
        offset: broken.valid_up_to(),
        argument: 0,
    })
}

fn whole_type(bytes: &[u8]) -> Result<Type<'_>, Malformed> {
    let mut reader = Reader::new(bytes);
    let ty = Type::read(&mut reader)?;
    reader.finish()?;
    Ok(ty)
}

/// Splits `name(arguments)` of a call: where its name stands, and where its arguments begin with `(`.
///
/// # Safety
/// `text` is valid; the other pointers may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfw_split_call(
    text: hfw_slice,
    name_offset: *mut usize,
    name_size: *mut usize,
    arguments_offset: *mut usize,
    error: *mut hfw_error,
) -> bool {
    // SAFETY: as the caller of this function vouches.
    unsafe {
        guarded(error, || {
            let text = utf8(text.bytes())?;
            let call = parse::split_call(text)?;
            name_offset.write(call.name.as_ptr() as usize - text.as_ptr() as usize);
            name_size.write(call.name.len());
            arguments_offset.write(call.arguments);
            Ok(())
        })
    }
}

/// Parses one value of a packed type from text, packed in line.
///
/// # Safety
/// The slices are valid; the other pointers may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfw_parse_value(
    packed_type: hfw_slice,
    text: hfw_slice,
    packed_value: *mut hfw_bytes,
    error: *mut hfw_error,
) -> bool {
    // SAFETY: as the caller of this function vouches.
    unsafe {
        guarded(error, || {
            let ty = whole_type(packed_type.bytes())?;
            let mut out = Writer::new();
            parse::parse_value(&ty, utf8(text.bytes())?, &mut out)?;
            packed_value.write(out.bytes.into());
            Ok(())
        })
    }
}

/// Parses the arguments of a call, from `(` to the end of the text, packed in line.
///
/// `function` is its name for messages, `packed_params` a count, then a name and a type each. `offset` is added to
/// the place in an error: the bytes that stand before `text` in what a person wrote.
///
/// # Safety
/// The slices are valid; the other pointers may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfw_parse_arguments(
    function: hfw_slice,
    packed_params: hfw_slice,
    text: hfw_slice,
    offset: usize,
    packed_arguments: *mut hfw_bytes,
    error: *mut hfw_error,
) -> bool {
    // SAFETY: as the caller of this function vouches.
    unsafe {
        guarded(error, || {
            let mut reader = Reader::new(packed_params.bytes());
            let params = Type::read_params(&mut reader)?;
            reader.finish()?;
            let name = String::from_utf8_lossy(function.bytes());
            let mut out = Writer::new();
            let text = utf8(text.bytes()).map_err(|fault| fault.after(offset))?;
            parse::parse_arguments(&name, &params, text, &mut out).map_err(|fault| {
                let parameter = fault.argument.checked_sub(1).map(|i| params[i].0.to_owned());
                Refusal::Text(fault.after(offset), parameter)
            })?;
            packed_arguments.write(out.bytes.into());
            Ok(())
        })
    }
}

/// Prints a packed value, in line, as WAVE text.
///
/// # Safety
/// The slices are valid; the other pointers may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfw_print_value(
    packed_type: hfw_slice,
    packed_value: hfw_slice,
    text: *mut hfw_bytes,
    error: *mut hfw_error,
) -> bool {
    // SAFETY: as the caller of this function vouches.
    unsafe {
        guarded(error, || {
            let ty = whole_type(packed_type.bytes())?;
            let mut reader = Reader::new(packed_value.bytes());
            let mut out = String::new();
            print::print_value(&ty, &mut reader, &mut out)?;
            reader.finish()?;
            text.write(out.into_bytes().into());
            Ok(())
        })
    }
}

/// Frees bytes that one of these functions made, an error's message too. Zeroed ones are ignored.
///
/// # Safety
/// `bytes` came from one of these functions and was not freed before, or is zeroed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfw_bytes_free(bytes: hfw_bytes) {
    if !bytes.data.is_null() {
        // SAFETY: the three are a Vec's, taken apart in `From<Vec<u8>>`.
        drop(unsafe { Vec::from_raw_parts(bytes.data, bytes.size, bytes.capacity) });
    }
}
