// SPDX-License-Identifier: Apache-2.0
//! WAVE text to packed values.
//!
//! The text is parsed by `wasm-wave`, which bounds its own nesting; the syntax tree is then walked beside the type.
//! Errors say what was wrong, the path to it and the byte of the text where it stands.

use crate::packed::{BY_REFERENCE, Writer};
use crate::types::Type;
use std::borrow::Cow;
use std::str::FromStr;
use wasm_wave::ast::{Node, NodeType};
use wasm_wave::lex::{Lexer, Token};
use wasm_wave::parser::{Parser, ParserError, ParserErrorKind};
use wasm_wave::untyped::UntypedValue;

/// The longest text that is looked at.
pub const MAX_TEXT: usize = 64 << 20;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was wrong, without a place.
    pub what: String,
    /// The way to it: `.lines[3].price`.
    pub path: String,
    /// Bytes from the start of the text.
    pub offset: usize,
    /// Which argument, from 1; 0 where it is not about one.
    pub argument: usize,
}

impl Fault {
    fn new(what: impl Into<String>, offset: usize) -> Self {
        Self { what: what.into(), path: String::new(), offset, argument: 0 }
    }

    #[cold]
    fn under(mut self, step: String) -> Self {
        self.path.insert_str(0, &step);
        self
    }

    /// Moves the fault's place by the bytes that stand before the text it is about.
    pub fn after(mut self, bytes: usize) -> Self {
        self.offset += bytes;
        self
    }
}

/// A call's text, split: the name, and where the arguments begin with their `(`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'t> {
    pub name: &'t str,
    pub arguments: usize,
}

/// Splits `name(arguments)` at its first `(`. Names of WIT functions hold neither `(` nor quotes.
pub fn split_call(text: &str) -> Result<Call<'_>, Fault> {
    check_length(text)?;
    let Some(open) = text.find(['(', '"', '\'']).filter(|&at| text[at..].starts_with('(')) else {
        return Err(Fault::new("expected a call such as `name(arguments)`", text.len().min(text.trim_end().len())));
    };
    let name = text[..open].trim();
    if name.is_empty() {
        return Err(Fault::new("expected the name of a function before `(`", open));
    }
    if let Some(at) = name.find(char::is_whitespace) {
        let start = text.len() - text.trim_start().len();
        return Err(Fault::new("the name of a function has no spaces", start + at));
    }
    Ok(Call { name, arguments: open })
}

/// Parses one value of type `ty` and appends it packed.
pub fn parse_value(ty: &Type, text: &str, out: &mut Writer) -> Result<(), Fault> {
    check_length(text)?;
    let value = parse_whole(text)?;
    Walk { text, out }.value(ty, value.node())
}

/// Parses the arguments of a call, `(1, "two")`, and appends them packed. Options left out at the end are `none`.
///
/// `function` is the name for messages.
pub fn parse_arguments(function: &str, params: &[(&str, Type)], text: &str, out: &mut Writer) -> Result<(), Fault> {
    check_length(text)?;
    // WAVE has no empty tuple, so no arguments are told by their tokens.
    let mut tokens = Lexer::new(text);
    let empty =
        matches!(tokens.next(), Some(Ok(Token::ParenOpen))) && matches!(tokens.next(), Some(Ok(Token::ParenClose)));
    let value;
    let given: Vec<&Node> = if empty {
        if tokens.next().is_some() {
            return Err(Fault::new("unexpected text after the call", tokens.span().start));
        }
        Vec::new()
    } else {
        value = parse_whole(text)?;
        match value.node().as_tuple() {
            Ok(nodes) => nodes.collect(),
            Err(_) => return Err(Fault::new("expected the arguments in parentheses", 0)),
        }
    };
    let wanted = params.len();
    let needed = wanted - params.iter().rev().take_while(|(_, ty)| matches!(ty, Type::Option(_))).count();
    if given.len() > wanted || given.len() < needed {
        let plural = if wanted == 1 { "argument" } else { "arguments" };
        let at = given.get(wanted).map_or(0, |extra| extra.span().start);
        return Err(Fault::new(format!("`{function}` takes {wanted} {plural}, got {}", given.len()), at));
    }
    let mut walk = Walk { text, out };
    for (i, (_, ty)) in params.iter().enumerate() {
        match given.get(i) {
            Some(node) => walk.value(ty, node).map_err(|fault| Fault { argument: i + 1, ..fault })?,
            None => walk.out.u32(0),
        }
    }
    Ok(())
}

fn check_length(text: &str) -> Result<(), Fault> {
    if text.len() > MAX_TEXT {
        return Err(Fault::new(
            format!("the text is {} bytes long, at most {MAX_TEXT} are read", text.len()),
            MAX_TEXT,
        ));
    }
    Ok(())
}

fn parse_whole(text: &str) -> Result<UntypedValue<'_>, Fault> {
    let mut parser = Parser::new(text);
    let value = parser.parse_raw_value().map_err(|error| explain(&error, text))?;
    parser.finish().map_err(|error| explain(&error, text))?;
    Ok(value)
}

/// A fault from a parser's error, which speaks of tokens by their Rust names.
fn explain(error: &ParserError, text: &str) -> Fault {
    let span = error.span();
    let shown = excerpt(text.get(span.clone()).unwrap_or(""));
    let what = match error.kind() {
        ParserErrorKind::UnexpectedToken => format!("unexpected `{shown}`"),
        ParserErrorKind::InvalidToken => format!("`{shown}` is not WAVE"),
        ParserErrorKind::TrailingCharacters => format!("unexpected `{shown}` after the value"),
        ParserErrorKind::NestingTooDeep => "the value nests deeper than 100".to_owned(),
        kind => match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    Fault::new(what, span.start)
}

fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(24) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn unmarked(label: &str) -> &str {
    label.strip_prefix('%').unwrap_or(label)
}

/// What a node is, for messages.
fn kind_of(node: &Node) -> &'static str {
    match node.ty() {
        NodeType::BoolTrue | NodeType::BoolFalse => "a bool",
        NodeType::Number => "a number",
        NodeType::Char => "a char",
        NodeType::String | NodeType::MultilineString => "a string",
        NodeType::Tuple => "a tuple",
        NodeType::List => "a list",
        NodeType::Record => "a record",
        NodeType::Label => "a name",
        NodeType::VariantWithPayload => "a variant case",
        NodeType::OptionSome | NodeType::OptionNone => "an option",
        NodeType::ResultOk | NodeType::ResultErr => "a result",
        NodeType::Flags => "flags",
    }
}

struct Walk<'t, 'w> {
    text: &'t str,
    out: &'w mut Writer,
}

impl<'t> Walk<'t, '_> {
    fn value(&mut self, ty: &Type, node: &Node) -> Result<(), Fault> {
        match ty {
            Type::Bool => match node.ty() {
                NodeType::BoolTrue => self.out.u8(1),
                NodeType::BoolFalse => self.out.u8(0),
                _ => return Err(self.expected(ty, node)),
            },
            Type::S8 => self.out.u8(self.integer::<i8>(ty, node)? as u8),
            Type::U8 => self.out.u8(self.integer(ty, node)?),
            Type::S16 => self.out.u16(self.integer::<i16>(ty, node)? as u16),
            Type::U16 => self.out.u16(self.integer(ty, node)?),
            Type::S32 => self.out.u32(self.integer::<i32>(ty, node)? as u32),
            Type::U32 => self.out.u32(self.integer(ty, node)?),
            Type::S64 => self.out.u64(self.integer::<i64>(ty, node)? as u64),
            Type::U64 => self.out.u64(self.integer(ty, node)?),
            Type::F32 => self.out.u32(self.float(ty, node, f32::is_infinite)?.to_bits()),
            Type::F64 => self.out.u64(self.float(ty, node, f64::is_infinite)?.to_bits()),
            Type::Char => {
                if node.ty() != NodeType::Char {
                    return Err(self.expected(ty, node));
                }
                self.out.u32(node.as_char(self.text).map_err(|error| explain(&error, self.text))?.into());
            }
            Type::String => self.string(ty, node)?,
            Type::List(element) => self.list(ty, element, node)?,
            Type::Record(fields) => self.record(ty, fields, node)?,
            Type::Tuple(elements) => self.tuple(ty, elements, node)?,
            Type::Variant(cases) => self.variant(ty, cases, node)?,
            Type::Enum(names) => self.enumeration(ty, names, node)?,
            Type::Option(some) => self.option(ty, some, node)?,
            Type::Result(ok, err) => self.result(ty, ok.as_deref(), err.as_deref(), node)?,
            Type::Flags(names) => self.flags(ty, names, node)?,
            Type::Own(_) | Type::Borrow(_) => {
                return Err(Fault::new("a resource handle cannot be written as text", node.span().start));
            }
            Type::Stream(_) | Type::Future(_) => {
                return Err(Fault::new("a stream or a future cannot be written as text", node.span().start));
            }
            Type::Unsupported(spelling) => {
                return Err(Fault::new(format!("values of type {spelling} cannot be passed"), node.span().start));
            }
        }
        Ok(())
    }

    #[cold]
    fn expected(&self, ty: &Type, node: &Node) -> Fault {
        // `{}` is no flags to a reader who thinks of records, and so on: say what it was read as.
        Fault::new(format!("expected {ty}, got {}", kind_of(node)), node.span().start)
    }

    fn slice(&self, node: &Node) -> &'t str {
        &self.text[node.span()]
    }

    /// Where a name that the tree handed out stands in the text: names carry no span of their own.
    fn offset_of(&self, name: &str) -> usize {
        (name.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn length(&mut self, count: usize, node: &Node) -> Result<(), Fault> {
        if count >= BY_REFERENCE as usize {
            return Err(Fault::new("too many elements", node.span().start));
        }
        self.out.length(count);
        Ok(())
    }

    fn integer<T: FromStr>(&self, ty: &Type, node: &Node) -> Result<T, Fault> {
        if node.ty() != NodeType::Number {
            return Err(self.expected(ty, node));
        }
        let digits = self.slice(node);
        digits.parse().map_err(|_| {
            let whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            let why = if whole { "does not fit" } else { "is no integer, expected" };
            Fault::new(format!("{} {why} {ty}", excerpt(digits)), node.span().start)
        })
    }

    fn float<T: FromStr + Copy>(&self, ty: &Type, node: &Node, infinite: fn(T) -> bool) -> Result<T, Fault> {
        if node.ty() != NodeType::Number {
            return Err(self.expected(ty, node));
        }
        let digits = self.slice(node);
        match digits.parse::<T>() {
            // A finite literal must not turn into infinity unnoticed.
            Ok(number) if !infinite(number) || digits.ends_with("inf") => Ok(number),
            _ => Err(Fault::new(format!("{} does not fit {ty}", excerpt(digits)), node.span().start)),
        }
    }

    fn string(&mut self, ty: &Type, node: &Node) -> Result<(), Fault> {
        if !matches!(node.ty(), NodeType::String | NodeType::MultilineString) {
            return Err(self.expected(ty, node));
        }
        let text = node.as_str(self.text).map_err(|error| explain(&error, self.text))?;
        self.out.text(&text);
        Ok(())
    }

    fn list(&mut self, ty: &Type, element: &Type, node: &Node) -> Result<(), Fault> {
        let Ok(nodes) = node.as_list() else { return Err(self.expected(ty, node)) };
        self.length(nodes.len(), node)?;
        for (i, each) in nodes.enumerate() {
            self.value(element, each).map_err(|fault| fault.under(format!("[{i}]")))?;
        }
        Ok(())
    }

    fn record(&mut self, ty: &Type, fields: &[(&str, Type)], node: &Node) -> Result<(), Fault> {
        // `{}` is the empty flags in WAVE, but here only a record without fields can be meant.
        let given: Vec<(&str, &Node)> = match node.ty() {
            NodeType::Record => node.as_record(self.text).map_err(|error| explain(&error, self.text))?.collect(),
            NodeType::Flags if node.as_flags(self.text).is_ok_and(|mut flags| flags.next().is_none()) => Vec::new(),
            _ => return Err(self.expected(ty, node)),
        };
        for (name, _) in &given {
            if !fields.iter().any(|(known, _)| known == name) {
                return Err(Fault::new(format!("there is no field `{name}`"), self.offset_of(name)));
            }
        }
        for (name, field_type) in fields {
            match (given.iter().find(|(written, _)| written == name), field_type) {
                (Some((_, held)), _) => {
                    self.value(field_type, held).map_err(|fault| fault.under(format!(".{name}")))?;
                }
                (None, Type::Option(_)) => self.out.u32(0),
                (None, _) => {
                    return Err(Fault::new(format!("the field `{name}` is missing"), node.span().start));
                }
            }
        }
        Ok(())
    }

    fn tuple(&mut self, ty: &Type, elements: &[Type], node: &Node) -> Result<(), Fault> {
        let Ok(nodes) = node.as_tuple() else { return Err(self.expected(ty, node)) };
        if nodes.len() != elements.len() {
            let what = format!("expected {} elements, got {}", elements.len(), nodes.len());
            return Err(Fault::new(what, node.span().start));
        }
        for (i, (each, element)) in nodes.zip(elements).enumerate() {
            self.value(element, each).map_err(|fault| fault.under(format!(".{i}")))?;
        }
        Ok(())
    }

    fn payload(&mut self, name: &str, ty: Option<&Type>, given: Option<&Node>, at: usize) -> Result<(), Fault> {
        match (ty, given) {
            (Some(ty), Some(node)) => self.value(ty, node).map_err(|fault| fault.under(format!(".{name}"))),
            (None, None) => Ok(()),
            (Some(ty), None) => Err(Fault::new(format!("`{name}` needs a payload of type {ty}"), at)),
            (None, Some(node)) => Err(Fault::new(format!("`{name}` has no payload"), node.span().start)),
        }
    }

    #[cold]
    fn expected_case(&self, ty: &Type, node: &Node) -> Fault {
        let word = self.slice(node).split('(').next().unwrap_or("").trim();
        let keyword = wasm_wave::lex::Keyword::decode(word).is_some();
        let mut fault = self.expected(ty, node);
        if keyword {
            fault.what += &format!("; a case of that name is written `%{word}`");
        }
        fault
    }

    fn variant(&mut self, ty: &Type, cases: &[(&str, Option<Type>)], node: &Node) -> Result<(), Fault> {
        let Ok((name, payload)) = node.as_variant(self.text) else { return Err(self.expected_case(ty, node)) };
        let Some(index) = cases.iter().position(|(known, _)| *known == name) else {
            return Err(Fault::new(format!("there is no case `{name}`"), node.span().start));
        };
        self.out.u32(index as u32);
        self.payload(name, cases[index].1.as_ref(), payload, node.span().start)
    }

    fn enumeration(&mut self, ty: &Type, names: &[&str], node: &Node) -> Result<(), Fault> {
        let Ok(name) = node.as_enum(self.text) else { return Err(self.expected_case(ty, node)) };
        let Some(index) = names.iter().position(|known| *known == name) else {
            return Err(Fault::new(format!("there is no case `{name}`"), node.span().start));
        };
        self.out.u32(index as u32);
        Ok(())
    }

    fn option(&mut self, ty: &Type, some: &Type, node: &Node) -> Result<(), Fault> {
        match node.as_option() {
            Ok(None) => self.out.u32(0),
            Ok(Some(held)) => {
                self.out.u32(1);
                return self.value(some, held);
            }
            // As WAVE has it, `some` may be left out unless that would be ambiguous.
            Err(_) if !matches!(some, Type::Option(_) | Type::Result(..)) => {
                self.out.u32(1);
                return self.value(some, node);
            }
            Err(_) => return Err(self.expected(ty, node)),
        }
        Ok(())
    }

    fn result(&mut self, ty: &Type, ok: Option<&Type>, err: Option<&Type>, node: &Node) -> Result<(), Fault> {
        let at = node.span().start;
        match node.as_result() {
            Ok(Ok(payload)) => {
                self.out.u32(0);
                self.payload("ok", ok, payload, at)
            }
            Ok(Err(payload)) => {
                self.out.u32(1);
                self.payload("err", err, payload, at)
            }
            // `ok` too may be left out.
            Err(_) => match ok {
                Some(ok) if !matches!(ok, Type::Option(_) | Type::Result(..)) => {
                    self.out.u32(0);
                    self.value(ok, node)
                }
                _ => Err(self.expected(ty, node)),
            },
        }
    }

    fn flags(&mut self, ty: &Type, names: &[&str], node: &Node) -> Result<(), Fault> {
        let Ok(given) = node.as_flags(self.text) else { return Err(self.expected(ty, node)) };
        let mut words = vec![0u32; names.len().div_ceil(32)];
        for label in given {
            let name = unmarked(label);
            let Some(index) = names.iter().position(|known| *known == name) else {
                return Err(Fault::new(format!("there is no flag `{name}`"), self.offset_of(label)));
            };
            words[index / 32] |= 1 << (index % 32);
        }
        for word in words {
            self.out.u32(word);
        }
        Ok(())
    }
}
