// SPDX-License-Identifier: Apache-2.0
//! Packed values to WAVE text.
//!
//! The punctuation is written here, leaves by `wasm-wave`'s own writer, so that quoting and numbers are its own.
//! Resource handles, which WAVE lacks, are shown as `own<name>(7)`; they cannot be read back.

use crate::packed::{Malformed, Reader};
use crate::types::Type;
use core::fmt::Write;
use wasm_wave::lex::Keyword;
use wasm_wave::value::Value;
use wasm_wave::wasm::WasmValue;
use wasm_wave::writer::Writer;

/// Reads one value of type `ty` from `from` and appends its text to `out`.
pub fn print_value(ty: &Type, from: &mut Reader, out: &mut String) -> Result<(), Malformed> {
    match ty {
        Type::Bool => out.push_str(if from.bool()? { "true" } else { "false" }),
        Type::S8 => number(from.u8()? as i8, out),
        Type::U8 => number(from.u8()?, out),
        Type::S16 => number(from.u16()? as i16, out),
        Type::U16 => number(from.u16()?, out),
        Type::S32 => number(from.u32()? as i32, out),
        Type::U32 => number(from.u32()?, out),
        Type::S64 => number(from.u64()? as i64, out),
        Type::U64 => number(from.u64()?, out),
        Type::F32 => leaf(&Value::make_f32(f32::from_bits(from.u32()?)), out),
        Type::F64 => leaf(&Value::make_f64(f64::from_bits(from.u64()?)), out),
        Type::Char => {
            let at = from.clone();
            let c = char::from_u32(from.u32()?).ok_or_else(|| at.malformed("a char is not a Unicode scalar value"))?;
            leaf(&Value::make_char(c), out);
        }
        Type::String => leaf(&Value::make_string(from.text()?.into()), out),
        Type::List(element) => {
            let count = from.count(1)?;
            out.push('[');
            separated(count, out, |_, out| print_value(element, from, out))?;
            out.push(']');
        }
        Type::Record(fields) => print_record(fields, from, out)?,
        Type::Tuple(elements) => {
            out.push('(');
            separated(elements.len(), out, |i, out| print_value(&elements[i], from, out))?;
            out.push(')');
        }
        Type::Variant(cases) => {
            let (name, payload) = &cases[index(from, cases.len(), "a variant has no such case")?];
            print_case(name, out);
            print_payload(payload.as_ref(), from, out)?;
        }
        Type::Enum(names) => print_case(names[index(from, names.len(), "an enum has no such case")?], out),
        Type::Option(some) => {
            if index(from, 2, "an option is neither none nor some")? == 0 {
                out.push_str("none");
            } else {
                out.push_str("some");
                print_payload(Some(some), from, out)?;
            }
        }
        Type::Result(ok, err) => {
            let failed = index(from, 2, "a result is neither ok nor err")? == 1;
            out.push_str(if failed { "err" } else { "ok" });
            print_payload(if failed { err.as_deref() } else { ok.as_deref() }, from, out)?;
        }
        Type::Flags(names) => print_flags(names, from, out)?,
        Type::Own(name) => print_handle("own", name, from.u64()?, out),
        Type::Borrow(name) => print_handle("borrow", name, from.u64()?, out),
        Type::Stream(_) | Type::Future(_) => {
            return Err(from.malformed("a stream or a future cannot be written as text"));
        }
        Type::Unsupported(_) => return Err(from.malformed("a value of an unsupported type")),
    }
    Ok(())
}

fn number(number: impl core::fmt::Display, out: &mut String) {
    write!(out, "{number}").expect("a String takes any text");
}

fn leaf(value: &Value, out: &mut String) {
    Writer::new(out).write_value(value).expect("a String takes any text");
}

fn separated(
    count: usize,
    out: &mut String,
    mut one: impl FnMut(usize, &mut String) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    for i in 0..count {
        if i > 0 {
            out.push_str(", ");
        }
        one(i, out)?;
    }
    Ok(())
}

fn index(from: &mut Reader, bound: usize, what: &'static str) -> Result<usize, Malformed> {
    let at = from.clone();
    let index = from.u32()? as usize;
    if index < bound { Ok(index) } else { Err(at.malformed(what)) }
}

/// Fields that are `none` are left out, as WAVE has it.
fn print_record(fields: &[(&str, Type)], from: &mut Reader, out: &mut String) -> Result<(), Malformed> {
    out.push('{');
    let mut first = true;
    for (name, ty) in fields {
        if matches!(ty, Type::Option(_)) && from.clone().u32()? == 0 {
            from.u32()?;
            continue;
        }
        if !first {
            out.push_str(", ");
        }
        first = false;
        out.push_str(name);
        out.push_str(": ");
        print_value(ty, from, out)?;
    }
    out.push_str(if first { ":}" } else { "}" });
    Ok(())
}

fn print_case(name: &str, out: &mut String) {
    if Keyword::decode(name).is_some() {
        out.push('%');
    }
    out.push_str(name);
}

fn print_payload(ty: Option<&Type>, from: &mut Reader, out: &mut String) -> Result<(), Malformed> {
    if let Some(ty) = ty {
        out.push('(');
        print_value(ty, from, out)?;
        out.push(')');
    }
    Ok(())
}

fn print_flags(names: &[&str], from: &mut Reader, out: &mut String) -> Result<(), Malformed> {
    out.push('{');
    let mut first = true;
    for chunk in names.chunks(32) {
        let at = from.clone();
        let word = from.u32()?;
        if chunk.len() < 32 && word >> chunk.len() != 0 {
            return Err(at.malformed("flags that do not exist are set"));
        }
        for (_, name) in chunk.iter().enumerate().filter(|(i, _)| word >> i & 1 == 1) {
            if !first {
                out.push_str(", ");
            }
            first = false;
            out.push_str(name);
        }
    }
    out.push('}');
    Ok(())
}

fn print_handle(ownership: &str, name: &str, number: u64, out: &mut String) {
    let name = if name.is_empty() { "resource" } else { name };
    write!(out, "{ownership}<{name}>({number})").expect("a String takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::{Writer, tag};
    use crate::parse::parse_value;

    fn packed_type(bytes: &[u8]) -> Type<'_> {
        Type::read(&mut Reader::new(bytes)).expect("the test's own type")
    }

    fn again(ty: &Type, text: &str) -> String {
        let mut packed = Writer::new();
        parse_value(ty, text, &mut packed).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        let mut reader = Reader::new(&packed.bytes);
        let mut out = String::new();
        print_value(ty, &mut reader, &mut out).expect("what was parsed can be printed");
        assert!(reader.is_empty());
        out
    }

    #[test]
    fn scalars_print_as_they_were_written() {
        for (tag, text) in [
            (tag::BOOL, "true"),
            (tag::S8, "-128"),
            (tag::U64, "18446744073709551615"),
            (tag::F64, "-0.5"),
            (tag::F32, "nan"),
            (tag::F64, "-inf"),
            (tag::CHAR, "'x'"),
            (tag::STRING, r#""a\"b""#),
        ] {
            assert_eq!(again(&packed_type(&[tag]), text), text);
        }
    }

    #[test]
    fn a_record_whose_options_are_none_is_an_empty_one() {
        let ty = [tag::RECORD, 1, 0, 0, 0, 1, 0, 0, 0, b'a', tag::OPTION, tag::U8];
        assert_eq!(again(&packed_type(&ty), "{:}"), "{:}");
        assert_eq!(again(&packed_type(&ty), "{a: 5}"), "{a: some(5)}");
    }

    #[test]
    fn a_type_that_nests_without_end_is_refused() {
        let lists = vec![tag::LIST; 1 << 20];
        assert!(Type::read(&mut Reader::new(&lists)).is_err());
    }

    #[test]
    fn a_malformed_value_is_refused() {
        let ty = [tag::LIST, tag::STRING];
        let mut out = String::new();
        let packed = [1, 0, 0, 0, 9, 0, 0, 0, b'x'];
        assert!(print_value(&packed_type(&ty), &mut Reader::new(&packed), &mut out).is_err());
    }
}
