// SPDX-License-Identifier: Apache-2.0
//! The shape of a value: what has to be known of a WIT type to walk packed bytes beside it.
//!
//! Shapes check arguments before a guest is entered, so that a wrong buffer costs an error and never an instance.

use crate::handles::{Handles, Types};
use holdfast_wave::packed::Reader;
use std::collections::{BTreeSet, HashMap};
use wasmtime::component::Type;

/// A type without its names.
#[derive(Debug)]
pub(crate) enum Shape {
    Bool,
    /// An integer or a float of this many bytes: any bits are a value.
    Number(u8),
    Char,
    String,
    List(Box<Shape>),
    /// Record or tuple.
    Fields(Vec<Shape>),
    /// Variant, enum, option or result.
    Cases(Vec<Option<Shape>>),
    Flags(u32),
    /// A handle of the resource with this number in the component's description, given away or lent.
    Handle {
        resource: usize,
        own: bool,
    },
    /// The reading end of a stream or a future, by number.
    End,
    /// A type that cannot cross, with its WIT spelling.
    Unsupported(&'static str),
}

impl Shape {
    /// The first part that cannot cross the boundary.
    pub(crate) fn unsupported(&self) -> Option<&'static str> {
        match self {
            Shape::Unsupported(spelling) => Some(spelling),
            Shape::List(element) => element.unsupported(),
            Shape::Fields(fields) => fields.iter().find_map(Shape::unsupported),
            Shape::Cases(cases) => cases.iter().flatten().find_map(Shape::unsupported),
            _ => None,
        }
    }

    /// The size of a number.
    pub(crate) fn number(&self) -> Option<usize> {
        match self {
            Shape::Number(size) => Some(usize::from(*size)),
            _ => None,
        }
    }

    /// Whether a value of it may hold a handle, or the end of a stream or future.
    pub(crate) fn has_handles(&self) -> bool {
        self.has(&|shape| matches!(shape, Shape::Handle { .. } | Shape::End))
    }

    /// Whether a value of it may hold the end of a stream or future.
    pub(crate) fn has_ends(&self) -> bool {
        self.has(&|shape| matches!(shape, Shape::End))
    }

    fn has(&self, what: &impl Fn(&Shape) -> bool) -> bool {
        what(self)
            || match self {
                Shape::List(element) => element.has(what),
                Shape::Fields(fields) => fields.iter().any(|field| field.has(what)),
                Shape::Cases(cases) => cases.iter().flatten().any(|case| case.has(what)),
                _ => false,
            }
    }

    /// Adds the resources that it names; whether there was a new one.
    pub(crate) fn names(&self, resources: &mut BTreeSet<usize>) -> bool {
        match self {
            Shape::Handle { resource, .. } => resources.insert(*resource),
            Shape::List(element) => element.names(resources),
            Shape::Fields(fields) => fields.iter().fold(false, |new, field| field.names(resources) | new),
            Shape::Cases(cases) => cases.iter().flatten().fold(false, |new, case| case.names(resources) | new),
            _ => false,
        }
    }

    /// Notes what its resources are in an instance, in which it is the type `ty`.
    pub(crate) fn resolve(&self, ty: &Type, types: &mut Types) {
        match (self, ty) {
            (Shape::Handle { resource, .. }, Type::Own(found) | Type::Borrow(found)) => types.note(*resource, *found),
            (Shape::List(element), Type::List(list)) => element.resolve(&list.ty(), types),
            (Shape::Fields(fields), Type::Record(record)) => {
                fields.iter().zip(record.fields()).for_each(|(field, found)| field.resolve(&found.ty, types));
            }
            (Shape::Fields(fields), Type::Tuple(tuple)) => {
                fields.iter().zip(tuple.types()).for_each(|(field, ty)| field.resolve(&ty, types));
            }
            (Shape::Cases(cases), Type::Variant(variant)) => {
                cases.iter().zip(variant.cases()).for_each(|(case, found)| side(case.as_ref(), found.ty, types));
            }
            (Shape::Cases(cases), Type::Option(option)) => {
                side(cases.last().and_then(Option::as_ref), Some(option.ty()), types);
            }
            (Shape::Cases(cases), Type::Result(result)) => {
                cases.iter().zip([result.ok(), result.err()]).for_each(|(case, ty)| side(case.as_ref(), ty, types));
            }
            _ => {}
        }
    }

    /// Reads one value and checks all of it.
    pub(crate) fn check(&self, reader: &mut Reader<'_>, handles: &mut Passed<'_>) -> Result<(), String> {
        let malformed = |error: holdfast_wave::packed::Malformed| error.to_string();
        match self {
            Shape::Bool => reader.bool().map(drop).map_err(malformed),
            Shape::Number(size) => reader.raw(usize::from(*size)).map(drop).map_err(malformed),
            Shape::Char => match char::from_u32(reader.u32().map_err(malformed)?) {
                Some(_) => Ok(()),
                None => Err("a char is not a Unicode scalar value".to_owned()),
            },
            Shape::String => reader.text().map(drop).map_err(malformed),
            Shape::List(element) => match **element {
                Shape::Number(size) => reader.run(usize::from(size)).map(drop).map_err(malformed),
                Shape::Bool => bools(reader.run(1).map_err(malformed)?),
                Shape::Char => chars(reader.run(4).map_err(malformed)?),
                _ => {
                    // Every value takes at least a byte.
                    let count = reader.count(1).map_err(malformed)?;
                    (0..count).try_for_each(|_| element.check(reader, handles))
                }
            },
            Shape::Fields(fields) => fields.iter().try_for_each(|field| field.check(reader, handles)),
            Shape::Cases(cases) => {
                let case = reader.u32().map_err(malformed)?;
                match cases.get(case as usize) {
                    Some(Some(payload)) => payload.check(reader, handles),
                    Some(None) => Ok(()),
                    None => Err(format!("case {case} of {} does not exist", cases.len())),
                }
            }
            Shape::Flags(count) => {
                for word in 0..count.div_ceil(32) {
                    let bits = reader.u32().map_err(malformed)?;
                    if bits & !flag_mask(*count, word) != 0 {
                        return Err(format!("a flag past the last of {count} is set"));
                    }
                }
                Ok(())
            }
            Shape::Handle { resource, own } => handles.pass(reader.u64().map_err(malformed)?, *resource, *own),
            // Numbers of ends are the embedder's own doing.
            Shape::End => reader.u64().map(drop).map_err(malformed),
            Shape::Unsupported(spelling) => Err(format!("values of type {spelling} cannot be passed")),
        }
    }
}

fn side(shape: Option<&Shape>, ty: Option<Type>, types: &mut Types) {
    if let (Some(shape), Some(ty)) = (shape, ty) {
        shape.resolve(&ty, types);
    }
}

/// The handles among the arguments of one call, as the check meets them: what lowering would trip over half-way, with
/// the instance as its victim, has to be found before it begins.
pub(crate) struct Passed<'a> {
    handles: &'a Handles,
    /// The argument that is read, from 1.
    pub argument: usize,
    /// Which argument passed a handle first, and whether it gave it away.
    seen: HashMap<u64, (usize, bool)>,
}

impl<'a> Passed<'a> {
    pub(crate) fn new(handles: &'a Handles) -> Self {
        Self { handles, argument: 0, seen: HashMap::new() }
    }

    fn pass(&mut self, number: u64, resource: usize, own: bool) -> Result<(), String> {
        let found = self.handles.get(number).ok_or_else(|| unknown_handle(number))?;
        if !self.handles.is_a(found, resource) {
            return Err(format!("handle {number} is of another resource"));
        }
        match self.seen.insert(number, (self.argument, own)) {
            None => Ok(()),
            Some((first, true)) => Err(format!("handle {number} is given away by argument {first} already")),
            Some((first, false)) if own => {
                Err(format!("handle {number} is lent by argument {first} and cannot be given away in the same call"))
            }
            Some(_) => Ok(()),
        }
    }
}

pub(crate) fn unknown_handle(number: u64) -> String {
    format!("handle {number} does not belong to this instance")
}

/// The bits that mean something in word `word` of `count` flags.
pub(crate) fn flag_mask(count: u32, word: u32) -> u32 {
    match count.saturating_sub(word * 32) {
        left @ 0..32 => (1 << left) - 1,
        _ => u32::MAX,
    }
}

/// Checks a run of packed bools.
pub(crate) fn bools(run: &[u8]) -> Result<(), String> {
    match run.iter().all(|&byte| byte <= 1) {
        true => Ok(()),
        false => Err("a bool is neither 0 nor 1".to_owned()),
    }
}

/// Checks a run of chars, packed or in a guest's memory: both are little-endian words.
pub(crate) fn chars(run: &[u8]) -> Result<(), String> {
    let (words, _) = run.as_chunks::<4>();
    match words.iter().all(|word| char::from_u32(u32::from_le_bytes(*word)).is_some()) {
        true => Ok(()),
        false => Err("a char is not a Unicode scalar value".to_owned()),
    }
}
