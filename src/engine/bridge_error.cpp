// SPDX-License-Identifier: Apache-2.0
#include "engine/bridge_error.hpp"

#include <string>

namespace holdfast::bridge {
namespace {

// Safe to show as it is: the bridge bounds and escapes all text that it hands out.
std::string text(hfb_slice slice) { return std::string(text_of(slice)); }

// Exhaustive over the bridge's kinds: a new one does not compile until someone has decided.
errc code_of(hfb_kind kind) noexcept {
  switch (kind) {
    case HFB_KIND_NOT_WASM:
      return errc::not_wasm;
    case HFB_KIND_CORE_MODULE:
      return errc::core_module;
    case HFB_KIND_MALFORMED:
      return errc::malformed_component;
    case HFB_KIND_UNSUPPORTED:
      return errc::unsupported_component;
    case HFB_KIND_UNKNOWN_IMPORT:
      return errc::unknown_import;
    case HFB_KIND_TYPE_MISMATCH:
      return errc::type_mismatch;
    case HFB_KIND_TOO_LARGE:
      return errc::limit;
    case HFB_KIND_CACHE:
      return errc::internal;
    case HFB_KIND_INSTANTIATION:
      return errc::cannot_instantiate;
    case HFB_KIND_TRAP:
      return errc::trapped;
    case HFB_KIND_HOST_FAILED:
      return errc::host_failed;
    case HFB_KIND_INTERRUPTED:
      return errc::killed;  // the cell knows the reason
    case HFB_KIND_MEMORY_LIMIT:
      return errc::trapped;
    case HFB_KIND_BAD_VALUE:
      return errc::host_failed;
    case HFB_KIND_NO_RESOURCES:
      return errc::no_resources;
    case HFB_KIND_OUT_OF_FUEL:
    case HFB_KIND_SLICE_OVER:
      return errc::deadline_killed;
    case HFB_KIND_MAY_WAIT:
      return errc::bad_arguments;
    case HFB_KIND_DIVERGED:
      return errc::replay_diverged;
    case HFB_KIND_INTERNAL:
      return errc::internal;
  }
  return errc::internal;
}

}  // namespace

error to_error(hfb_error* owned) {
  const error_handle held(owned);
  return {code_of(hfb_error_kind(held.get())), text(hfb_error_message(held.get()))};
}

core::fault to_fault(hfb_error* owned) {
  const error_handle held(owned);
  return {.code = code_of(hfb_error_kind(held.get())),
          .message = text(hfb_error_message(held.get())),
          .backtrace = text(hfb_error_detail(held.get()))};
}

}  // namespace holdfast::bridge
