// SPDX-License-Identifier: Apache-2.0
//! Between Wasmtime's dynamic values and packed bytes, for host functions, which are linked by name and get their types
//! at the call.

use crate::shape::flag_mask;
use holdfast_wave::packed::{Malformed, Reader, Writer};
use wasmtime::component::{ResourceAny, ResourceType, Type, Val};

/// Takes a resource over and answers its number.
pub(crate) type Take<'a> = &'a mut dyn FnMut(ResourceAny) -> Result<u64, String>;
/// Finds the resource of a number, which has to be of the type.
pub(crate) type Give<'a> = &'a mut dyn FnMut(u64, &ResourceType) -> Result<ResourceAny, String>;

/// Appends `value` to `out`, its resources as the numbers that `handles` answers.
///
/// Fails only where the value is not of the type, or of a type that cannot cross, or where `handles` fails.
pub(crate) fn encode(value: &Val, ty: &Type, out: &mut Writer, handles: Take<'_>) -> Result<(), String> {
    match (ty, value) {
        (Type::Bool, Val::Bool(value)) => out.u8(u8::from(*value)),
        (Type::S8, Val::S8(value)) => out.u8(*value as u8),
        (Type::U8, Val::U8(value)) => out.u8(*value),
        (Type::S16, Val::S16(value)) => out.u16(*value as u16),
        (Type::U16, Val::U16(value)) => out.u16(*value),
        (Type::S32, Val::S32(value)) => out.u32(*value as u32),
        (Type::U32, Val::U32(value)) => out.u32(*value),
        (Type::S64, Val::S64(value)) => out.u64(*value as u64),
        (Type::U64, Val::U64(value)) => out.u64(*value),
        (Type::Float32, Val::Float32(value)) => out.u32(value.to_bits()),
        (Type::Float64, Val::Float64(value)) => out.u64(value.to_bits()),
        (Type::Char, Val::Char(value)) => out.u32((*value).into()),
        (Type::String, Val::String(value)) => out.text(value),
        (Type::List(list), Val::List(values)) => {
            let element = list.ty();
            out.length(values.len());
            for value in values {
                encode(value, &element, out, handles)?;
            }
        }
        (Type::Record(record), Val::Record(values)) if record.fields().len() == values.len() => {
            for (field, (_, value)) in record.fields().zip(values) {
                encode(value, &field.ty, out, handles)?;
            }
        }
        (Type::Tuple(tuple), Val::Tuple(values)) if tuple.types().len() == values.len() => {
            for (ty, value) in tuple.types().zip(values) {
                encode(value, &ty, out, handles)?;
            }
        }
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let (case, found) = variant
                .cases()
                .enumerate()
                .find(|(_, case)| case.name == name)
                .ok_or_else(|| format!("a variant has no case `{name}`"))?;
            out.u32(case as u32);
            side(payload.as_deref(), found.ty.as_ref(), out, handles)?;
        }
        (Type::Enum(names), Val::Enum(name)) => {
            let case = names.names().position(|known| known == name);
            out.u32(case.ok_or_else(|| format!("an enum has no case `{name}`"))? as u32);
        }
        (Type::Option(option), Val::Option(value)) => {
            out.u32(u32::from(value.is_some()));
            if let Some(value) = value {
                encode(value, &option.ty(), out, handles)?;
            }
        }
        (Type::Result(result), Val::Result(Ok(value))) => {
            out.u32(0);
            side(value.as_deref(), result.ok().as_ref(), out, handles)?;
        }
        (Type::Result(result), Val::Result(Err(value))) => {
            out.u32(1);
            side(value.as_deref(), result.err().as_ref(), out, handles)?;
        }
        (Type::Flags(flags), Val::Flags(set)) => {
            let mut words = vec![0u32; flags.names().len().div_ceil(32)];
            for (index, name) in flags.names().enumerate() {
                if set.iter().any(|set| set == name) {
                    words[index / 32] |= 1 << (index % 32);
                }
            }
            words.into_iter().for_each(|word| out.u32(word));
        }
        (Type::Own(_) | Type::Borrow(_), Val::Resource(resource)) => {
            out.u64(handles(*resource)?);
        }
        _ => return Err("a value is not of its type, or cannot be passed".to_owned()),
    }
    Ok(())
}

fn side(value: Option<&Val>, ty: Option<&Type>, out: &mut Writer, handles: Take<'_>) -> Result<(), String> {
    match (value, ty) {
        (Some(value), Some(ty)) => encode(value, ty, out, handles),
        (None, None) => Ok(()),
        _ => Err("a payload is missing, or one too many".to_owned()),
    }
}

/// Reads a value of type `ty`. Every length and discriminant is checked. `handles` knows the resources by number.
pub(crate) fn decode(ty: &Type, reader: &mut Reader<'_>, handles: Give<'_>) -> Result<Val, String> {
    let malformed = |error: Malformed| error.to_string();
    Ok(match ty {
        Type::Bool => Val::Bool(reader.bool().map_err(malformed)?),
        Type::S8 => Val::S8(reader.u8().map_err(malformed)? as i8),
        Type::U8 => Val::U8(reader.u8().map_err(malformed)?),
        Type::S16 => Val::S16(reader.u16().map_err(malformed)? as i16),
        Type::U16 => Val::U16(reader.u16().map_err(malformed)?),
        Type::S32 => Val::S32(reader.u32().map_err(malformed)? as i32),
        Type::U32 => Val::U32(reader.u32().map_err(malformed)?),
        Type::S64 => Val::S64(reader.u64().map_err(malformed)? as i64),
        Type::U64 => Val::U64(reader.u64().map_err(malformed)?),
        Type::Float32 => Val::Float32(f32::from_bits(reader.u32().map_err(malformed)?)),
        Type::Float64 => Val::Float64(f64::from_bits(reader.u64().map_err(malformed)?)),
        Type::Char => {
            let value = reader.u32().map_err(malformed)?;
            Val::Char(char::from_u32(value).ok_or("a char is not a Unicode scalar value")?)
        }
        Type::String => Val::String(reader.text().map_err(malformed)?.to_owned()),
        Type::List(list) => {
            let element = list.ty();
            // Every value takes at least a byte, so what is allocated stays in proportion to what came.
            let count = reader.count(1).map_err(malformed)?;
            Val::List((0..count).map(|_| decode(&element, reader, handles)).collect::<Result<_, _>>()?)
        }
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| Ok((field.name.to_owned(), decode(&field.ty, reader, handles)?)))
                .collect::<Result<_, String>>()?,
        ),
        Type::Tuple(tuple) => {
            Val::Tuple(tuple.types().map(|ty| decode(&ty, reader, handles)).collect::<Result<_, _>>()?)
        }
        Type::Variant(variant) => {
            let case = reader.u32().map_err(malformed)?;
            let found = variant.cases().nth(case as usize).ok_or_else(|| no_case(case))?;
            Val::Variant(found.name.to_owned(), boxed(found.ty, reader, handles)?)
        }
        Type::Enum(names) => {
            let case = reader.u32().map_err(malformed)?;
            Val::Enum(names.names().nth(case as usize).ok_or_else(|| no_case(case))?.to_owned())
        }
        Type::Option(option) => match reader.u32().map_err(malformed)? {
            0 => Val::Option(None),
            1 => Val::Option(boxed(Some(option.ty()), reader, handles)?),
            case => return Err(no_case(case)),
        },
        Type::Result(result) => match reader.u32().map_err(malformed)? {
            0 => Val::Result(Ok(boxed(result.ok(), reader, handles)?)),
            1 => Val::Result(Err(boxed(result.err(), reader, handles)?)),
            case => return Err(no_case(case)),
        },
        Type::Flags(flags) => {
            let count = flags.names().len() as u32;
            let mut names = flags.names();
            let mut set = Vec::new();
            for word in 0..count.div_ceil(32) {
                let bits = reader.u32().map_err(malformed)?;
                if bits & !flag_mask(count, word) != 0 {
                    return Err(format!("a flag past the last of {count} is set"));
                }
                for (bit, name) in names.by_ref().take(32).enumerate() {
                    if bits & (1 << bit) != 0 {
                        set.push(name.to_owned());
                    }
                }
            }
            Val::Flags(set)
        }
        // Nobody returns a borrow.
        Type::Own(resource) => Val::Resource(handles(reader.u64().map_err(malformed)?, resource)?),
        _ => return Err("a value of this type cannot be passed".to_owned()),
    })
}

fn boxed(ty: Option<Type>, reader: &mut Reader<'_>, handles: Give<'_>) -> Result<Option<Box<Val>>, String> {
    ty.map(|ty| decode(&ty, reader, handles).map(Box::new)).transpose()
}

fn no_case(case: u32) -> String {
    format!("case {case} does not exist")
}
