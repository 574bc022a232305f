// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <holdfast/component.hpp>
#include <holdfast/function.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// The function that a name stands for in whichever component a pool has now.
namespace holdfast::detail {

/// Looked up and checked once a component; a call in the component of before costs no lock.
///
/// @par Thread safety  safe once made
class export_target {
 public:
  static holdfast::result<export_target> find(const component& first, std::string_view name,
                                              signature_check check);

  /// Valid while the component lives.
  /// @par Errors  `no_such_export`, `bad_arguments`: the component was exchanged, and this one does not fit
  holdfast::result<const wit::function*> in(const component& now) const;

 private:
  // Weak: a component that was exchanged is not kept by those who once called it. While the weak pointer is
  // there no other component can be taken for it.
  struct known {
    std::weak_ptr<const component::impl> of;
    holdfast::result<const wit::function*> answer;
    bool is(const component& now) const noexcept {
      return !of.owner_before(now.internals()) && !now.internals().owner_before(of);
    }
  };
  struct later {
    std::mutex mutex;
    known latest;
  };

  export_target(std::string name, signature_check check, known first)
      : name_(std::move(name)), check_(check), first_(std::move(first)), later_(new later{{}, first_}) {}
  static known look_up(const component& in, std::string_view name, signature_check check);

  std::string name_;
  signature_check check_;
  known first_;
  std::unique_ptr<later> later_;
};

}  // namespace holdfast::detail
