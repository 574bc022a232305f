// SPDX-License-Identifier: Apache-2.0
#include "core/lineage.hpp"

#include <utility>

namespace holdfast::core {
namespace {

thread_local call* caller = nullptr;

}  // namespace

on_behalf::on_behalf(boost::intrusive_ptr<call> of) noexcept
    : of_(std::move(of)), before_(std::exchange(caller, of_.get())) {}

on_behalf::~on_behalf() { caller = before_; }

call* on_behalf::current() noexcept { return caller; }

}  // namespace holdfast::core
