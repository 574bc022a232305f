// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "core/context_waiter.hpp"

/// Whoever waits on an executor for the other end of a pipe, or of an HTTP exchange.
namespace holdfast::detail {

class pipe_waiter final : public boost::intrusive_ref_counter<pipe_waiter, boost::thread_safe_counter>,
                          public core::context_waiter {
 public:
  void tell() noexcept { hand_over(); }

  void keep() noexcept override { intrusive_ptr_add_ref(this); }
  void let_go() noexcept override { intrusive_ptr_release(this); }
  void leave() noexcept override { hand_over(); }  // its operation looks whether it was cancelled
  void withdraw() noexcept override { hand_over(); }

 private:
  void answer(reply&, const value_sink*) override {}
  void abandoned() noexcept override {}
};

}  // namespace holdfast::detail
