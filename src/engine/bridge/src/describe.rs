// SPDX-License-Identifier: Apache-2.0
//! A component's imports and exports: the packed description for C++, and the shape of each export for calls.
//!
//! Types are written out in place, and WIT types may share their parts, so a small component can have a description of
//! any size; the number of nodes is bounded.

use crate::abi::hfb_kind;
use crate::error::{Failure, failure};
use crate::lift::slots_of;
use crate::shape::Shape;
use crate::transmit::has_element;
use holdfast_wave::packed::{Writer, tag};
use std::collections::BTreeSet;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, ResourceType, Type};

/// Type nodes and named items that one description may hold.
const MOST_NODES: u32 = 200_000;

/// An exported function: where to find it, and how its values are packed.
pub(crate) struct Export {
    pub name: String,
    pub index: ComponentExportIndex,
    pub params: Vec<Shape>,
    /// The size of the packed arguments, where all are numbers.
    pub numbers: Option<usize>,
    /// Whether its parameters name a resource that those of no export before it do.
    pub names_resource: bool,
    /// Whether its result may hold handles.
    pub brings_handles: bool,
    /// Whether its parameters or its result may hold ends of streams or futures.
    pub moves_ends: bool,
    pub unsupported: Option<&'static str>,
    /// The flat values of its result.
    pub flat: usize,
    /// Whether its type is async: then it may be lifted so, or synchronously.
    pub is_async: bool,
}

impl Export {
    /// Whether it takes HTTP requests as WASI 0.2 has them.
    pub(crate) fn handles_http(&self) -> bool {
        self.name.starts_with("wasi:http/incoming-handler@0.2.") && self.name.ends_with("#handle")
    }
}

/// An imported function.
pub(crate) struct Import {
    /// Empty for the root.
    pub interface: String,
    pub name: String,
    /// Whether its type is async: then the instance goes on while it is answered.
    pub is_async: bool,
    /// Whether its arguments or its result may hold handles.
    pub passes_handles: bool,
}

impl Import {
    /// `interface#name`, or the name alone for one of the root.
    pub(crate) fn full_name(&self) -> String {
        join(&self.interface, &self.name)
    }
}

pub(crate) struct Description {
    pub packed: Vec<u8>,
    pub exports: Vec<Export>,
    pub imports: Vec<Import>,
    /// Interface (empty for the root) and name of each imported resource.
    pub resources: Vec<(String, String)>,
    /// How many resources the types name, by which a `Shape::Handle` counts them.
    pub resource_types: usize,
    /// Whether the arguments of an imported function may hold handles.
    pub passes_handles: bool,
    pub uses_wasi: bool,
    /// Whether every async function is known to be lifted async.
    pub lifts_async: bool,
}

/// How the result of an export comes, in a store with concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comes {
    /// In so many slots.
    InSlots(usize),
    /// In slots, or behind a pointer in one: that depends on how it is lifted, which nobody tells.
    Either,
}

impl Description {
    pub(crate) fn result_of(&self, export: &Export) -> Comes {
        let slots = slots_of(export.flat);
        match export.is_async {
            // Lifted synchronously, as its type is: always one, written or not.
            false => Comes::InSlots(1),
            true if slots <= 1 || self.lifts_async => Comes::InSlots(slots),
            true => Comes::Either,
        }
    }
}

impl Description {
    /// An interface of WASI 0.3 that is imported.
    pub(crate) fn third_wasi(&self) -> Option<&str> {
        let functions = self.imports.iter().map(|import| &import.interface);
        let resources = self.resources.iter().map(|(interface, _)| interface);
        let third = |interface: &&String| interface.starts_with("wasi:") && interface.contains("@0.3.");
        functions.chain(resources).find(third).map(String::as_str)
    }
}

pub(crate) fn describe(component: &Component) -> Result<Description, Failure> {
    let engine = component.engine();
    let ty = component.component_type();
    let mut walk = Walk {
        component,
        writer: Writer::new(),
        nodes: 0,
        resources: Vec::new(),
        named: BTreeSet::new(),
        passes_handles: false,
        imported: Vec::new(),
    };
    for (name, item) in ty.imports(engine) {
        walk.resources_of(name, &item.ty)?;
    }
    for (name, item) in ty.exports(engine) {
        walk.resources_of(name, &item.ty)?;
    }

    let mut imports = Vec::new();
    walk.writer.length(ty.imports(engine).len());
    for (name, item) in ty.imports(engine) {
        walk.import(name, "", &item.ty, &mut imports)?;
    }
    let mut exports = Vec::new();
    walk.writer.length(ty.exports(engine).len());
    for (name, item) in ty.exports(engine) {
        walk.export(name, "", None, &item.ty, &mut exports)?;
    }
    let uses_wasi = ty.imports(engine).any(|(name, _)| name.starts_with("wasi:"));
    Ok(Description {
        packed: walk.writer.bytes,
        exports,
        imports,
        resources: walk.imported,
        resource_types: walk.resources.len(),
        passes_handles: walk.passes_handles,
        uses_wasi,
        lifts_async: false,
    })
}

struct Walk<'a> {
    component: &'a Component,
    writer: Writer,
    nodes: u32,
    resources: Vec<(ResourceType, String)>,
    /// Which of them the exports' parameters name.
    named: BTreeSet<usize>,
    passes_handles: bool,
    imported: Vec<(String, String)>,
}

/// How many core values one of that type is passed in, by the canonical ABI.
fn flat_values(ty: &Type) -> usize {
    let widest = |cases: &mut dyn Iterator<Item = Option<Type>>| {
        1 + cases.flatten().map(|ty| flat_values(&ty)).max().unwrap_or(0)
    };
    match ty {
        Type::String | Type::List(_) => 2,
        Type::Record(record) => record.fields().map(|field| flat_values(&field.ty)).sum(),
        Type::Tuple(tuple) => tuple.types().map(|ty| flat_values(&ty)).sum(),
        Type::Variant(variant) => widest(&mut variant.cases().map(|case| case.ty)),
        Type::Option(option) => widest(&mut std::iter::once(Some(option.ty()))),
        Type::Result(result) => widest(&mut [result.ok(), result.err()].into_iter()),
        Type::Flags(flags) => flags.names().len().div_ceil(32),
        _ => 1,
    }
}

/// The size of a value in memory and its alignment, by the canonical ABI.
fn layout(ty: &Type) -> (usize, usize) {
    let row = |parts: &mut dyn Iterator<Item = Type>| {
        let (mut size, mut align) = (0usize, 1);
        for (part, step) in parts.map(|ty| layout(&ty)) {
            size = size.next_multiple_of(step) + part;
            align = align.max(step);
        }
        (size.next_multiple_of(align), align)
    };
    let cases = |count: usize, payloads: &mut dyn Iterator<Item = Option<Type>>| {
        let word = if count <= 1 << 8 {
            1
        } else if count <= 1 << 16 {
            2
        } else {
            4
        };
        let (mut size, mut align) = (0, 1);
        for (part, step) in payloads.flatten().map(|ty| layout(&ty)) {
            size = size.max(part);
            align = align.max(step);
        }
        let align_all = align.max(word);
        ((word.next_multiple_of(align) + size).next_multiple_of(align_all), align_all)
    };
    match ty {
        Type::Bool | Type::S8 | Type::U8 => (1, 1),
        Type::S16 | Type::U16 => (2, 2),
        Type::S64 | Type::U64 | Type::Float64 => (8, 8),
        Type::String | Type::List(_) => (8, 4),
        Type::Record(record) => row(&mut record.fields().map(|field| field.ty)),
        Type::Tuple(tuple) => row(&mut tuple.types()),
        Type::Variant(variant) => cases(variant.cases().len(), &mut variant.cases().map(|case| case.ty)),
        Type::Enum(names) => cases(names.names().len(), &mut std::iter::empty()),
        Type::Option(option) => cases(2, &mut std::iter::once(Some(option.ty()))),
        Type::Result(result) => cases(2, &mut [result.ok(), result.err()].into_iter()),
        Type::Flags(flags) => match flags.names().len() {
            0 => (0, 1),
            1..=8 => (1, 1),
            9..=16 => (2, 2),
            count => (count.div_ceil(32) * 4, 4),
        },
        _ => (4, 4),
    }
}

fn join(interface: &str, name: &str) -> String {
    if interface.is_empty() { name.to_owned() } else { format!("{interface}#{name}") }
}

impl Walk<'_> {
    fn node(&mut self) -> Result<(), Failure> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(failure(
                hfb_kind::TooLarge,
                format!("the component's types have more than {MOST_NODES} parts when written out"),
            ));
        }
        Ok(())
    }

    /// Finds the resources first: a type may name one before its definition comes by.
    fn resources_of(&mut self, name: &str, item: &ComponentItem) -> Result<(), Failure> {
        self.node()?;
        match item {
            ComponentItem::Resource(ty) => {
                if !self.resources.iter().any(|(known, _)| known == ty) {
                    self.resources.push((*ty, name.to_owned()));
                }
            }
            ComponentItem::ComponentInstance(instance) => {
                for (name, item) in instance.exports(self.component.engine()) {
                    self.resources_of(name, &item.ty)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(
        &mut self,
        name: &str,
        interface: &str,
        item: &ComponentItem,
        imports: &mut Vec<Import>,
    ) -> Result<(), Failure> {
        self.node()?;
        match item {
            ComponentItem::ComponentFunc(function) => {
                self.writer.u8(0);
                self.writer.text(name);
                self.writer.length(imports.len());
                let (params, result) = self.function(function)?;
                self.passes_handles |= params.iter().any(Shape::has_handles);
                imports.push(Import {
                    interface: interface.to_owned(),
                    name: name.to_owned(),
                    is_async: function.async_(),
                    passes_handles: params.iter().chain(&result).any(Shape::has_handles),
                });
            }
            ComponentItem::ComponentInstance(instance) => {
                let inner = join(interface, name);
                self.interface(name, instance);
                for (name, item) in instance.exports(self.component.engine()) {
                    self.import(name, &inner, &item.ty, imports)?;
                }
            }
            ComponentItem::Resource(_) => {
                self.imported.push((interface.to_owned(), name.to_owned()));
                self.other(name, item);
            }
            other => self.other(name, other),
        }
        Ok(())
    }

    fn export(
        &mut self,
        name: &str,
        interface: &str,
        parent: Option<&ComponentExportIndex>,
        item: &ComponentItem,
        exports: &mut Vec<Export>,
    ) -> Result<(), Failure> {
        self.node()?;
        let lost = || failure(hfb_kind::Internal, format!("export `{}` cannot be looked up", join(interface, name)));
        match item {
            ComponentItem::ComponentFunc(function) => {
                self.writer.u8(0);
                self.writer.text(name);
                self.writer.length(exports.len());
                let (params, result) = self.function(function)?;
                let index = self.component.get_export_index(parent, name).ok_or_else(lost)?;
                let unsupported = params.iter().chain(&result).find_map(Shape::unsupported);
                let named = &mut self.named;
                let names_resource = params.iter().fold(false, |new, param| param.names(named) | new);
                let brings_handles = result.as_ref().is_some_and(Shape::has_handles);
                let moves_ends = params.iter().chain(&result).any(Shape::has_ends);
                let name = join(interface, name);
                let numbers = params.iter().map(Shape::number).sum();
                let flat = function.results().map(|ty| flat_values(&ty)).sum();
                exports.push(Export {
                    name,
                    index,
                    params,
                    numbers,
                    names_resource,
                    brings_handles,
                    moves_ends,
                    unsupported,
                    flat,
                    is_async: function.async_(),
                });
            }
            ComponentItem::ComponentInstance(instance) => {
                let inner = join(interface, name);
                let index = self.component.get_export_index(parent, name).ok_or_else(lost)?;
                self.interface(name, instance);
                for (name, item) in instance.exports(self.component.engine()) {
                    self.export(name, &inner, Some(&index), &item.ty, exports)?;
                }
            }
            other => self.other(name, other),
        }
        Ok(())
    }

    fn interface(&mut self, name: &str, instance: &ComponentInstance) {
        self.writer.u8(1);
        self.writer.text(name);
        self.writer.length(instance.exports(self.component.engine()).len());
    }

    fn other(&mut self, name: &str, item: &ComponentItem) {
        self.writer.u8(match item {
            ComponentItem::Resource(_) => 2,
            ComponentItem::Type(_) => 3,
            ComponentItem::Module(_) => 4,
            ComponentItem::Component(_) => 5,
            // Core functions cannot be imported or exported by a valid component.
            _ => 6,
        });
        self.writer.text(name);
    }

    fn function(&mut self, function: &ComponentFunc) -> Result<(Vec<Shape>, Option<Shape>), Failure> {
        self.writer.u8(u8::from(function.async_()));
        self.writer.length(function.params().len());
        let mut params = Vec::with_capacity(function.params().len());
        for (name, ty) in function.params() {
            self.writer.text(name);
            params.push(self.ty(&ty)?);
        }
        let result = function.results().next();
        self.writer.u8(u8::from(result.is_some()));
        let result = result.map(|ty| self.ty(&ty)).transpose()?;
        Ok((params, result))
    }

    fn tagged(&mut self, tag: u8, shape: Shape) -> Result<Shape, Failure> {
        self.writer.u8(tag);
        Ok(shape)
    }

    fn ty(&mut self, ty: &Type) -> Result<Shape, Failure> {
        self.node()?;
        match ty {
            Type::Bool => self.tagged(tag::BOOL, Shape::Bool),
            Type::S8 => self.tagged(tag::S8, Shape::Number(1)),
            Type::U8 => self.tagged(tag::U8, Shape::Number(1)),
            Type::S16 => self.tagged(tag::S16, Shape::Number(2)),
            Type::U16 => self.tagged(tag::U16, Shape::Number(2)),
            Type::S32 => self.tagged(tag::S32, Shape::Number(4)),
            Type::U32 => self.tagged(tag::U32, Shape::Number(4)),
            Type::S64 => self.tagged(tag::S64, Shape::Number(8)),
            Type::U64 => self.tagged(tag::U64, Shape::Number(8)),
            Type::Float32 => self.tagged(tag::F32, Shape::Number(4)),
            Type::Float64 => self.tagged(tag::F64, Shape::Number(8)),
            Type::Char => self.tagged(tag::CHAR, Shape::Char),
            Type::String => self.tagged(tag::STRING, Shape::String),
            Type::List(list) => {
                self.writer.u8(tag::LIST);
                Ok(Shape::List(Box::new(self.ty(&list.ty())?)))
            }
            Type::Record(record) => {
                self.writer.u8(tag::RECORD);
                self.writer.length(record.fields().len());
                let mut fields = Vec::with_capacity(record.fields().len());
                for field in record.fields() {
                    self.writer.text(field.name);
                    fields.push(self.ty(&field.ty)?);
                }
                Ok(Shape::Fields(fields))
            }
            Type::Tuple(tuple) => {
                self.writer.u8(tag::TUPLE);
                self.writer.length(tuple.types().len());
                let fields = tuple.types().map(|ty| self.ty(&ty)).collect::<Result<_, _>>()?;
                Ok(Shape::Fields(fields))
            }
            Type::Variant(variant) => {
                self.writer.u8(tag::VARIANT);
                self.writer.length(variant.cases().len());
                let mut cases = Vec::with_capacity(variant.cases().len());
                for case in variant.cases() {
                    self.node()?;
                    self.writer.text(case.name);
                    cases.push(self.side(case.ty.as_ref())?);
                }
                Ok(Shape::Cases(cases))
            }
            Type::Enum(names) => {
                self.writer.u8(tag::ENUM);
                self.names(names.names())?;
                Ok(Shape::Cases(names.names().map(|_| None).collect()))
            }
            Type::Option(option) => {
                self.writer.u8(tag::OPTION);
                Ok(Shape::Cases(vec![None, Some(self.ty(&option.ty())?)]))
            }
            Type::Result(result) => {
                self.writer.u8(tag::RESULT);
                let ok = self.side(result.ok().as_ref())?;
                let err = self.side(result.err().as_ref())?;
                Ok(Shape::Cases(vec![ok, err]))
            }
            Type::Flags(flags) => {
                self.writer.u8(tag::FLAGS);
                self.names(flags.names())?;
                Ok(Shape::Flags(flags.names().len() as u32))
            }
            Type::Own(resource) => self.resource(true, resource),
            Type::Borrow(resource) => self.resource(false, resource),
            Type::Future(future) => self.end(tag::FUTURE, future.ty(), "future of resources or of large elements"),
            Type::Stream(stream) => self.end(tag::STREAM, stream.ty(), "stream of resources or of large elements"),
            Type::ErrorContext => self.unsupported("error-context"),
            Type::Map(_) => self.unsupported("map"),
            Type::FixedLengthList(_) => self.unsupported("list<_, N>"),
        }
    }

    fn side(&mut self, ty: Option<&Type>) -> Result<Option<Shape>, Failure> {
        self.writer.u8(u8::from(ty.is_some()));
        ty.map(|ty| self.ty(ty)).transpose()
    }

    fn names<'n>(&mut self, names: impl ExactSizeIterator<Item = &'n str>) -> Result<(), Failure> {
        self.writer.length(names.len());
        for name in names {
            self.node()?;
            self.writer.text(name);
        }
        Ok(())
    }

    fn resource(&mut self, own: bool, resource: &ResourceType) -> Result<Shape, Failure> {
        // A resource that no item names (abstract in a nested component) gets an empty name.
        let known = self.resources.iter().position(|(known, _)| known == resource);
        let index = known.unwrap_or_else(|| {
            self.resources.push((*resource, String::new()));
            self.resources.len() - 1
        });
        self.writer.u8(if own { tag::OWN } else { tag::BORROW });
        self.writer.text(&self.resources[index].1);
        self.writer.length(index);
        Ok(Shape::Handle { resource: index, own })
    }

    fn end(&mut self, tag: u8, payload: Option<Type>, spelling: &'static str) -> Result<Shape, Failure> {
        let before = self.writer.bytes.len();
        self.writer.u8(tag);
        let carried = self.side(payload.as_ref())?;
        let passes = |shape: &Shape| !shape.has_handles() && shape.unsupported().is_none();
        if carried.as_ref().is_none_or(passes) && payload.is_none_or(|ty| has_element(layout(&ty).0)) {
            return Ok(Shape::End);
        }
        self.writer.bytes.truncate(before);
        self.unsupported(spelling)
    }

    fn unsupported(&mut self, spelling: &'static str) -> Result<Shape, Failure> {
        self.writer.u8(tag::UNSUPPORTED);
        self.writer.text(spelling);
        Ok(Shape::Unsupported(spelling))
    }
}
