// SPDX-License-Identifier: Apache-2.0
//! Reading and writing the packed encoding of `src/wit/packed.md`.
//!
//! A [`Writer`] appends, a [`Reader`] checks every length against what remains before it hands anything out.
//! Neither knows about types: whoever walks a type decides what comes next.

use core::fmt;

/// The tag that begins each type.
pub mod tag {
    pub const BOOL: u8 = 0;
    pub const S8: u8 = 1;
    pub const U8: u8 = 2;
    pub const S16: u8 = 3;
    pub const U16: u8 = 4;
    pub const S32: u8 = 5;
    pub const U32: u8 = 6;
    pub const S64: u8 = 7;
    pub const U64: u8 = 8;
    pub const F32: u8 = 9;
    pub const F64: u8 = 10;
    pub const CHAR: u8 = 11;
    pub const STRING: u8 = 12;
    pub const LIST: u8 = 13;
    pub const RECORD: u8 = 14;
    pub const TUPLE: u8 = 15;
    pub const VARIANT: u8 = 16;
    pub const ENUM: u8 = 17;
    pub const OPTION: u8 = 18;
    pub const RESULT: u8 = 19;
    pub const FLAGS: u8 = 20;
    pub const OWN: u8 = 21;
    pub const BORROW: u8 = 22;
    pub const STREAM: u8 = 23;
    pub const FUTURE: u8 = 24;
    pub const UNSUPPORTED: u8 = 25;
}

/// Set in a length word when the bytes stand outside the buffer and an address follows.
pub const BY_REFERENCE: u32 = 1 << 31;

/// Why a packed buffer was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Bytes from the start of the buffer.
    pub offset: usize,
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed packed buffer: {} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for Malformed {}

/// Appends packed words to `bytes`.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A length or count word.
    ///
    /// # Panics
    /// When it does not fit 31 bits. Callers bound what they write: a guest's memory cannot hold as much.
    #[inline]
    pub fn length(&mut self, length: usize) {
        assert!(length < BY_REFERENCE as usize, "a packed length is at most 2^31 - 1");
        self.u32(length as u32);
    }

    /// A length word and the bytes of `text`.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.length(text.len());
        self.raw(text.as_bytes());
    }

    /// Bytes as they are, without a length.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

/// Takes packed words from the front of a buffer.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    references: bool,
}

impl<'a> Reader<'a> {
    /// Reads a buffer that may not refer to bytes outside itself: one that does is malformed.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, references: false }
    }

    /// Reads an argument buffer, whose strings and scalar lists may stand outside it.
    ///
    /// # Safety
    /// Whoever made the buffer keeps each referred run of bytes alive and unchanged for `'a`, and wrote its
    /// address and length truly. Nothing here can check that.
    #[inline]
    pub unsafe fn with_references(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, references: true }
    }

    /// Bytes read so far.
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// An error at the present position.
    #[cold]
    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { offset: self.position, what }
    }

    /// Exactly `size` bytes.
    #[inline]
    pub fn raw(&mut self, size: usize) -> Result<&'a [u8], Malformed> {
        match self.bytes[self.position..].get(..size) {
            Some(taken) => {
                self.position += size;
                Ok(taken)
            }
            None => Err(self.malformed("the buffer ends too early")),
        }
    }

    #[inline]
    fn array<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], Malformed> {
        match self.bytes[self.position..].first_chunk::<SIZE>() {
            Some(taken) => {
                self.position += SIZE;
                Ok(*taken)
            }
            None => Err(self.malformed("the buffer ends too early")),
        }
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    #[inline]
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    #[inline]
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A byte that must be 0 or 1.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        match self.bytes.get(self.position) {
            Some(&byte @ (0 | 1)) => {
                self.position += 1;
                Ok(byte == 1)
            }
            Some(_) => Err(self.malformed("a bool is neither 0 nor 1")),
            None => Err(self.malformed("the buffer ends too early")),
        }
    }

    /// A count of things that each take at least `least` bytes of what remains (0: any count).
    ///
    /// Checked so that a small hostile buffer cannot make its reader allocate much.
    #[inline]
    pub fn count(&mut self, least: usize) -> Result<usize, Malformed> {
        let at = self.position;
        let count = self.u32()?;
        if count & BY_REFERENCE != 0 {
            return Err(Malformed { offset: at, what: "a count is over 2^31 - 1" });
        }
        let count = count as usize;
        match count.checked_mul(least) {
            Some(bytes) if bytes <= self.remaining() => Ok(count),
            _ => Err(Malformed { offset: at, what: "a count is more than the buffer can hold" }),
        }
    }

    /// A count word and as many elements of `element_size` bytes, one contiguous run wherever it stands.
    ///
    /// The slice is `count * element_size` bytes, unaligned. With `element_size` 1 this reads a string's bytes.
    #[inline]
    pub fn run(&mut self, element_size: usize) -> Result<&'a [u8], Malformed> {
        let at = self.position;
        let word = self.u32()?;
        let count = (word & !BY_REFERENCE) as usize;
        let Some(size) = count.checked_mul(element_size) else {
            return Err(Malformed { offset: at, what: "a length overflows" });
        };
        if word & BY_REFERENCE == 0 {
            return self.raw(size);
        }
        if !self.references {
            return Err(Malformed { offset: at, what: "a reference stands where none is allowed" });
        }
        let address = self.u64()?;
        if size == 0 {
            return Ok(&[]);
        }
        if address == 0 || size > isize::MAX as usize {
            return Err(Malformed { offset: at, what: "a reference has no address" });
        }
        // SAFETY: `with_references` was called, whose caller vouches for each address and length of the buffer
        // for `'a`; bytes need no alignment.
        Ok(unsafe { core::slice::from_raw_parts(address as usize as *const u8, size) })
    }

    /// A length word and that many bytes of UTF-8, by reference too where allowed.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let at = self.position;
        let bytes = self.run(1)?;
        core::str::from_utf8(bytes).map_err(|_| Malformed { offset: at, what: "text is not UTF-8" })
    }

    /// Succeeds when nothing is left.
    #[inline]
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(self.malformed("bytes are left over")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_writer_wrote_a_reader_reads() {
        let mut writer = Writer::new();
        writer.u8(7);
        writer.u16(0x1234);
        writer.u32(0xdead_beef);
        writer.u64(u64::MAX - 1);
        writer.text("grüß");
        writer.length(2);
        writer.raw(&[1, 2, 3, 4]);
        let mut reader = Reader::new(&writer.bytes);
        assert_eq!(reader.u8(), Ok(7));
        assert_eq!(reader.u16(), Ok(0x1234));
        assert_eq!(reader.u32(), Ok(0xdead_beef));
        assert_eq!(reader.u64(), Ok(u64::MAX - 1));
        assert_eq!(reader.text(), Ok("grüß"));
        assert_eq!(reader.run(2), Ok(&[1u8, 2, 3, 4][..]));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_length_beyond_the_buffer_is_refused() {
        let mut reader = Reader::new(&[200, 0, 0, 0, b'x']);
        assert_eq!(reader.text().unwrap_err().what, "the buffer ends too early");
        let mut reader = Reader::new(&[2, 0, 0, 0, 1, 1, 1]);
        assert!(reader.count(2).is_err());
    }

    #[test]
    fn a_reference_is_followed_only_where_the_caller_vouched_for_it() {
        let outside = [1u8, 2, 3, 4, 5, 6, 7, 8];
        let mut writer = Writer::new();
        writer.u32(4 | BY_REFERENCE);
        writer.u64(outside.as_ptr() as u64);
        assert!(Reader::new(&writer.bytes).run(2).is_err());
        // SAFETY: `outside` lives longer than the reader.
        let mut reader = unsafe { Reader::with_references(&writer.bytes) };
        assert_eq!(reader.run(2), Ok(&outside[..]));
        assert!(reader.is_empty());
    }
}
