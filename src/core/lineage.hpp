// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "core/call.hpp"

/// On whose behalf this thread works: the call whose host function runs here, if one does.
///
/// What such a thread calls is that call's child: it may not wait for a cell that waits for it.
namespace holdfast::core {

class on_behalf {
 public:
  /// Until the end of the scope. Null: on nobody's.
  explicit on_behalf(boost::intrusive_ptr<call> of) noexcept;
  on_behalf(const on_behalf&) = delete;
  on_behalf& operator=(const on_behalf&) = delete;
  ~on_behalf();

  /// Null where no host function runs on this thread.
  static call* current() noexcept;

 private:
  const boost::intrusive_ptr<call> of_;
  call* const before_;
};

}  // namespace holdfast::core
