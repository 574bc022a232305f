// SPDX-License-Identifier: Apache-2.0
//! Custom sections of a component, binary or text, at its top level: those of the modules inside are not its own.

use std::borrow::Cow;

const HEADER: &[u8] = b"\0asm";
/// Version 13 of the layer 1: what every component of today begins with.
const COMPONENT: &[u8] = &[0x0d, 0, 1, 0];

/// The contents of the last custom section of that name. None where there is none, and where the bytes are no
/// component: whoever compiles them has said what is wrong.
pub fn find(component: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let binary =
        if component.starts_with(HEADER) { Cow::Borrowed(component) } else { wat::parse_bytes(component).ok()? };
    let mut rest = binary.strip_prefix(HEADER)?.strip_prefix(COMPONENT)?;
    let mut found = None;
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = number(after)?;
        let (contents, next) = after.split_at_checked(size)?;
        if id == 0 {
            let (size, text) = number(contents)?;
            let (named, payload) = text.split_at_checked(size)?;
            if named == name {
                found = Some(payload);
            }
        }
        rest = next;
    }
    found.map(<[u8]>::to_vec)
}

/// A number of up to 32 bits in LEB128, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(u32::try_from(value).ok()?).ok()?, &bytes[i + 1..]));
        }
    }
    None
}
