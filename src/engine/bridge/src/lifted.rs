// SPDX-License-Identifier: Apache-2.0
//! How a component's functions are lifted. A type does not tell: a function whose type is async may be lifted so or
//! synchronously, and Wasmtime does not say which, though their results come in different ways.

use wasmparser::component_types::ComponentAnyTypeId;
use wasmparser::types::TypesRef;
use wasmparser::{CanonicalFunction, CanonicalOption, Parser, Validator, WasmFeatures};

/// Whether every function whose type is async is lifted so, in the component and those within it. False where that
/// cannot be told.
pub(crate) fn all_async(binary: &[u8]) -> bool {
    try_all_async(binary).unwrap_or(false)
}

fn try_all_async(binary: &[u8]) -> wasmparser::Result<bool> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload?;
        // The bodies of functions, which come back from here, were checked by Wasmtime.
        validator.payload(&payload)?;
        if let wasmparser::Payload::ComponentCanonicalSection(section) = payload {
            for canonical in section {
                if let CanonicalFunction::Lift { type_index, options, .. } = canonical?
                    && !options.contains(&CanonicalOption::Async)
                    && validator.types(0).is_none_or(|types| is_async(types, type_index))
                {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

fn is_async(types: TypesRef<'_>, index: u32) -> bool {
    match types.component_any_type_at(index) {
        ComponentAnyTypeId::Func(id) => types[id].async_,
        _ => true,
    }
}
