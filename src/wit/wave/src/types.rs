// SPDX-License-Identifier: Apache-2.0
//! Packed types, read into a tree that borrows its names from the buffer.

use crate::packed::{Malformed, Reader, tag};
use core::fmt;

/// How deep a type may nest; Wasmtime refuses components past 100.
pub const MAX_DEPTH: usize = 128;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type<'a> {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    List(Box<Type<'a>>),
    Record(Vec<(&'a str, Type<'a>)>),
    Tuple(Vec<Type<'a>>),
    Variant(Vec<(&'a str, Option<Type<'a>>)>),
    Enum(Vec<&'a str>),
    Option(Box<Type<'a>>),
    Result(Option<Box<Type<'a>>>, Option<Box<Type<'a>>>),
    Flags(Vec<&'a str>),
    Own(&'a str),
    Borrow(&'a str),
    Stream(Option<Box<Type<'a>>>),
    Future(Option<Box<Type<'a>>>),
    Unsupported(&'a str),
}

impl<'a> Type<'a> {
    /// Reads one type from the front of `from`.
    pub fn read(from: &mut Reader<'a>) -> Result<Self, Malformed> {
        Self::read_at(from, 1)
    }

    fn read_at(from: &mut Reader<'a>, depth: usize) -> Result<Self, Malformed> {
        if depth > MAX_DEPTH {
            return Err(from.malformed("a type nests too deep"));
        }
        let inner = |from: &mut Reader<'a>| Self::read_at(from, depth + 1);
        let maybe = |from: &mut Reader<'a>| from.bool()?.then(|| inner(from).map(Box::new)).transpose();
        Ok(match from.u8()? {
            tag::BOOL => Self::Bool,
            tag::S8 => Self::S8,
            tag::U8 => Self::U8,
            tag::S16 => Self::S16,
            tag::U16 => Self::U16,
            tag::S32 => Self::S32,
            tag::U32 => Self::U32,
            tag::S64 => Self::S64,
            tag::U64 => Self::U64,
            tag::F32 => Self::F32,
            tag::F64 => Self::F64,
            tag::CHAR => Self::Char,
            tag::STRING => Self::String,
            tag::LIST => Self::List(Box::new(inner(from)?)),
            tag::RECORD => Self::Record(many(from, 5, |from| Ok((from.text()?, inner(from)?)))?),
            tag::TUPLE => Self::Tuple(many(from, 1, inner)?),
            tag::VARIANT => Self::Variant(many(from, 5, |from| {
                let name = from.text()?;
                let payload = if from.bool()? { Some(inner(from)?) } else { None };
                Ok((name, payload))
            })?),
            tag::ENUM => Self::Enum(many(from, 4, |from| from.text())?),
            tag::OPTION => Self::Option(Box::new(inner(from)?)),
            tag::RESULT => {
                let ok = maybe(from)?;
                Self::Result(ok, maybe(from)?)
            }
            tag::FLAGS => Self::Flags(many(from, 4, |from| from.text())?),
            tag::OWN => Self::Own(resource(from)?),
            tag::BORROW => Self::Borrow(resource(from)?),
            tag::STREAM => Self::Stream(maybe(from)?),
            tag::FUTURE => Self::Future(maybe(from)?),
            tag::UNSUPPORTED => Self::Unsupported(from.text()?),
            _ => return Err(from.malformed("there is no such type")),
        })
    }

    /// Reads a function's parameters: a count, then a name and a type each.
    pub fn read_params(from: &mut Reader<'a>) -> Result<Vec<(&'a str, Self)>, Malformed> {
        many(from, 5, |from| Ok((from.text()?, Self::read(from)?)))
    }
}

fn resource<'a>(from: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    let name = from.text()?;
    from.u32()?;
    Ok(name)
}

fn many<'a, T>(
    from: &mut Reader<'a>,
    least: usize,
    mut one: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = from.count(least)?;
    (0..count).map(|_| one(from)).collect()
}

/// The WIT keyword, for messages: the structure of a named type would be too long for one.
impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            Self::List(element) => return write!(f, "list<{element}>"),
            Self::Record(_) => "record",
            Self::Tuple(_) => "tuple",
            Self::Variant(_) => "variant",
            Self::Enum(_) => "enum",
            Self::Option(some) => return write!(f, "option<{some}>"),
            Self::Result(..) => "result",
            Self::Flags(_) => "flags",
            Self::Own(_) => "own",
            Self::Borrow(_) => "borrow",
            Self::Stream(_) => "stream",
            Self::Future(_) => "future",
            Self::Unsupported(spelling) => spelling,
        })
    }
}
