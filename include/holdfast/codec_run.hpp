// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <holdfast/codec.hpp>
#include <span>
#include <string>
#include <vector>

/// Values that are one run of bytes as they lie in a guest's memory: a text, and a list of numbers or chars.
///
/// Once the run was checked, they are made of it in one copy, without a packed form between.
namespace holdfast::wit {

template <class T>
struct run_of;

template <>
struct run_of<std::string> {
  using element = char;
  static std::string copied(std::span<const std::byte> run) {
    return {reinterpret_cast<const char*>(run.data()), run.size()};
  }
};

template <run_scalar T>
struct run_of<std::vector<T>> {
  using element = T;
  static std::vector<T> copied(std::span<const std::byte> run) { return copied_run<T>(run); }
};

/// `std::string`, and a vector of numbers or chars; of `bool` it is none.
template <class T>
concept one_run = requires(std::span<const std::byte> run) {
  { run_of<T>::copied(run) } -> std::same_as<T>;
};

}  // namespace holdfast::wit
