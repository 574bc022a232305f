// SPDX-License-Identifier: Apache-2.0
// A result has to own what it holds: the bytes of a call are gone when it has returned.
// expect: the result has no codec, or does not own what it holds
#include <holdfast/function.hpp>

#ifdef HOLDFAST_CONTROL
using text = std::string;
#else
using text = std::string_view;
#endif

auto use(const holdfast::pool& greeter) {
  return greeter.function<text(std::string_view)>("greet").value()("ada");
}
