// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <holdfast/error.hpp>
#include <holdfast/world.hpp>
#include <span>
#include <vector>

/// The documentation and the marks that a component carries itself, in a custom section.
///
/// No tool that makes components leaves the doc comments of its WIT in them. `holdfast docs --embed` does, so
/// that every host knows the contract without the WIT. Its section is `holdfast-docs`, JSON text:
///
///     {"version": 1,
///      "functions": {"NAME": {"docs": "...", "marks": ["idempotent"]}},
///      "interfaces": {"NAME": "..."}}
///
/// with full names; documentation that is empty and marks that are none are left out. The `package-docs`
/// section of WebAssembly's own tools is read where there is no such one; it cannot say anything of a
/// function in an interface of another package, and few components have it.
namespace holdfast::wit {

/// Reads what a component, binary or text, carries.
/// @par Errors  `errc::bad_contract`: a wrong mark, or a `holdfast-docs` section that is not as above. A
/// `package-docs` section that cannot be read is passed over: it may be of a later version
result<void> apply_carried(world& of, std::span<const std::byte> component);

/// A copy of a binary component that carries the documentation and the marks of this world. What it carried
/// in that section before is gone.
/// @par Errors  `errc::bad_contract`: not a binary component
result<std::vector<std::byte>> embed(std::span<const std::byte> component, const world& of);

}  // namespace holdfast::wit
