// SPDX-License-Identifier: Apache-2.0
//! The C functions. No panic leaves them.

use crate::section;
use crate::source::{self, Item};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Bytes that the caller lends for the time of one call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hfd_slice {
    pub data: *const u8,
    pub size: usize,
}

/// Bytes that belong to whoever received them, until `hfd_bytes_free`. Zeroed: none.
#[repr(C)]
pub struct hfd_bytes {
    pub data: *mut u8,
    pub size: usize,
    pub capacity: usize,
}

impl hfd_slice {
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

impl From<Vec<u8>> for hfd_bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let mut bytes = core::mem::ManuallyDrop::new(bytes);
        Self { data: bytes.as_mut_ptr(), size: bytes.len(), capacity: bytes.capacity() }
    }
}

/// A count, and of each item a byte for its kind and the five texts, as `src/wit/packed.md` writes them.
fn pack(items: &[Item]) -> Result<Vec<u8>, String> {
    fn count(into: &mut Vec<u8>, n: usize) -> Result<(), String> {
        let n = u32::try_from(n).map_err(|_| "the WIT is too large".to_owned())?;
        into.extend_from_slice(&n.to_le_bytes());
        Ok(())
    }
    let mut packed = Vec::new();
    count(&mut packed, items.len())?;
    for item in items {
        packed.push(item.kind as u8);
        for text in [&item.world, &item.interface, &item.name, &item.docs, &item.place] {
            count(&mut packed, text.len())?;
            packed.extend_from_slice(text.as_bytes());
        }
    }
    Ok(packed)
}

/// Reads the doc comments of a WIT file, or of a directory of such files with its `deps`.
///
/// `packed` becomes a count and so many items, each a byte (0 function, 1 interface, 2 export of an interface by a
/// world, 3 world, 4 package or type) and five texts: world, interface, name, docs, place. False: `message`
/// becomes one line that says what is wrong and where.
///
/// # Safety
/// `path` is valid; the other pointers may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfd_read_wit(path: hfd_slice, packed: *mut hfd_bytes, message: *mut hfd_bytes) -> bool {
    // The work owns all it changes until it succeeds, so a panic leaves nothing half-done behind.
    let read = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: as the caller of this function vouches.
        let path = unsafe { path.bytes() };
        pack(&source::read(Path::new(OsStr::from_bytes(path)))?)
    }))
    .unwrap_or_else(|_| Err("a defect in the WIT reader; please report it".to_owned()));
    match read {
        Ok(items) => {
            // SAFETY: as the caller of this function vouches.
            unsafe { packed.write(items.into()) };
            true
        }
        Err(why) => {
            // SAFETY: as the caller of this function vouches.
            unsafe { message.write(why.into_bytes().into()) };
            false
        }
    }
}

/// Finds the last custom section of that name at the top level of a component, binary or text. False: there is none, or
/// the bytes are no component.
///
/// # Safety
/// The slices are valid; `contents` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfd_find_section(component: hfd_slice, name: hfd_slice, contents: *mut hfd_bytes) -> bool {
    let found = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: as the caller of this function vouches.
        let (component, name) = unsafe { (component.bytes(), name.bytes()) };
        section::find(component, name)
    }));
    match found {
        Ok(Some(bytes)) => {
            // SAFETY: as the caller of this function vouches.
            unsafe { contents.write(bytes.into()) };
            true
        }
        _ => false,
    }
}

/// Frees bytes that one of these functions made. Zeroed ones are ignored.
///
/// # Safety
/// `bytes` came from one of these functions and was not freed before, or is zeroed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hfd_bytes_free(bytes: hfd_bytes) {
    if !bytes.data.is_null() {
        // SAFETY: the three are a Vec's, taken apart in `From<Vec<u8>>`.
        drop(unsafe { Vec::from_raw_parts(bytes.data, bytes.size, bytes.capacity) });
    }
}
