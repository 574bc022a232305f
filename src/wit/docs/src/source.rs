// SPDX-License-Identifier: Apache-2.0
//! The doc comments of WIT files, each with the full name of what it stands on and its place.

use crate::files;
use std::path::Path;
use wit_parser::{Docs, Function, InterfaceId, PackageId, Resolve, Span, World, WorldItem, WorldKey};

/// What a comment stands on, in the order of the numbers that C++ reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Function = 0,
    Interface = 1,
    /// An `export` of an interface by a world, told even without a comment: what a world exports tells which one a
    /// component implements.
    Export = 2,
    /// A world, for its own sake: told even without a comment, so that it can be named.
    World = 3,
    /// A package or a type.
    Other = 4,
}

#[derive(Debug)]
pub struct Item {
    pub kind: Kind,
    /// The full name of the world, `ns:pkg/name@1.0.0`; empty for what stands in an interface of its own.
    pub world: String,
    /// The full name of the interface, as a component exports it; empty for the functions of a world.
    pub interface: String,
    /// The name of the function, or of the package or type.
    pub name: String,
    /// The comment, without its slashes; empty where there is none.
    pub docs: String,
    /// `path:line:column`.
    pub place: String,
}

/// Reads a WIT file, or a directory with its `deps`. Every function is told, with or without a comment. Of worlds, only
/// those of the package itself; of interfaces, those of its dependencies too.
pub fn read(path: &Path) -> Result<Vec<Item>, String> {
    let (main, deps) = files::read(path)?;
    let mut resolve = Resolve::default();
    let package = resolve
        .push_groups(main, deps)
        .map_err(|error| files::told(&resolve.render_location(error.kind().span()), error.kind()))?;
    let mut reader = Reader { resolve: &resolve, items: Vec::new() };
    for (_, each) in &resolve.packages {
        reader.other(&each.docs, &each.name.to_string(), path.display().to_string());
    }
    for (id, _) in &resolve.interfaces {
        if let Some(name) = resolve.id_of(id) {
            reader.interface(id, "", &name);
        }
    }
    for (_, each) in &resolve.types {
        let place = reader.place(each.span);
        reader.other(&each.docs, each.name.as_deref().unwrap_or_default(), place);
    }
    for &id in resolve.packages[package].worlds.values() {
        reader.world(&resolve.worlds[id], package);
    }
    Ok(reader.items)
}

struct Reader<'a> {
    resolve: &'a Resolve,
    items: Vec<Item>,
}

impl Reader<'_> {
    fn place(&self, span: Span) -> String {
        self.resolve.render_location(span)
    }

    fn other(&mut self, docs: &Docs, name: &str, place: String) {
        if docs.contents.is_some() {
            self.push(Kind::Other, "", "", name, docs, place);
        }
    }

    fn function(&mut self, function: &Function, world: &str, interface: &str) {
        let place = self.place(function.span);
        self.push(Kind::Function, world, interface, &function.name, &function.docs, place);
    }

    fn interface(&mut self, id: InterfaceId, world: &str, name: &str) {
        let interface = &self.resolve.interfaces[id];
        let place = self.place(interface.span);
        self.push(Kind::Interface, world, name, "", &interface.docs, place);
        for function in interface.functions.values() {
            self.function(function, world, name);
        }
    }

    fn world(&mut self, world: &World, package: PackageId) {
        let full = self.resolve.id_of_name(package, &world.name);
        let place = self.place(world.span);
        self.push(Kind::World, &full, "", "", &world.docs, place);
        for (key, item) in &world.exports {
            match item {
                WorldItem::Function(function) => self.function(function, &full, ""),
                WorldItem::Interface { id, docs, span, .. } => {
                    let name = self.resolve.name_world_key(key);
                    // One that is written out in the world, or that the world gives a name of its own.
                    if matches!(key, WorldKey::Name(_)) {
                        self.interface(*id, &full, &name);
                    }
                    let place = self.place(*span);
                    self.push(Kind::Export, &full, &name, "", docs, place);
                }
                WorldItem::Type { .. } => {}
            }
        }
    }

    fn push(&mut self, kind: Kind, world: &str, interface: &str, name: &str, docs: &Docs, place: String) {
        self.items.push(Item {
            kind,
            world: world.to_owned(),
            interface: interface.to_owned(),
            name: name.to_owned(),
            docs: docs.contents.clone().unwrap_or_default(),
            place,
        });
    }
}
