// SPDX-License-Identifier: Apache-2.0
#include "engine/blueprint.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/bridge_error.hpp"
#include "engine/component_impl.hpp"
#include "engine/engine_impl.hpp"
#include "engine/host_entry.hpp"
#include "engine/instance.hpp"
#include "wit/mentions.hpp"

namespace holdfast::bridge {
namespace {

// Grants cross as lists in the packed encoding.
class list_writer {
 public:
  void count(std::size_t of) { number(static_cast<std::uint32_t>(of)); }
  void text(std::string_view what) {
    number(static_cast<std::uint32_t>(what.size()));
    bytes_.append(what);
  }
  void flag(bool on) { bytes_.push_back(on ? '\1' : '\0'); }
  hfb_slice slice() const { return slice_of(bytes_); }

 private:
  void number(std::uint32_t n) {
    for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(n >> shift & 0xff));
  }
  std::string bytes_;
};

// What `instance_limits::resources` promises.
constexpr std::size_t default_resources = 4096;

// What a tape cannot hold.
bool passes_more_than_data(const wit::function& of) {
  const auto more = [](const wit::type& in) {
    return wit::mentions(in, [](wit::kind k) {
      return k == wit::kind::own || k == wit::kind::borrow || wit::is_transmitted(k);
    });
  };
  return std::ranges::any_of(of.params, more, &wit::field::type) || (of.result && more(*of.result));
}

struct output_sink {
  guest_output told;
};

extern "C" void holdfast_output(void* context, void* user, std::uint8_t stream, const std::uint8_t* data,
                                std::size_t size) {
  try {
    guest_text text{.stream = static_cast<guest_stream>(stream),
                    .untrusted = {reinterpret_cast<const char*>(data), size}};
    if (user != nullptr) {
      const auto& by = *static_cast<const instance*>(user);
      // What the embedder does here may end what its caller waits on.
      by.show_all();
      text.from = by.home();
      text.call = by.only_call();
    }
    static_cast<output_sink*>(context)->told(text);
  } catch (...) {  // Text that nobody can take is lost; the guest did nothing wrong.
  }
}

extern "C" void holdfast_output_drop(void* context) { delete static_cast<output_sink*>(context); }

}  // namespace

result<std::unique_ptr<blueprint>> blueprint::link(const component& what, const pool_options& options,
                                                   function_runner runner, const core::time_source& clock,
                                                   std::optional<std::size_t> tape_bytes) {
  if (tape_bytes && !what.deterministic())
    return error(errc::bad_arguments, "a tape needs a component that was compiled with `determinism::on`");
  if (tape_bytes && (options.may_reach.network || !options.may_reach.directories.empty() ||
                     !options.may_reach.http_hosts.empty()))
    return error(
        errc::bad_arguments,
        "with a tape neither directories nor the network can be granted: it has not what they answer");

  hfb_limits limits{};
  limits.memory_bytes = options.limits.memory;
  limits.table_elements = options.limits.table_elements;
  limits.hostcall_bytes = options.limits.result_bytes;
  limits.resources = options.limits.resources;
  limits.ends = options.limits.streams;
  limits.fuel = options.limits.fuel;

  list_writer environment;
  environment.count(options.may_reach.environment.size());
  for (const auto& [name, value] : options.may_reach.environment) {
    environment.text(name);
    environment.text(value);
  }
  list_writer arguments;
  arguments.count(options.may_reach.arguments.size());
  for (const auto& argument : options.may_reach.arguments) arguments.text(argument);
  list_writer directories;
  directories.count(options.may_reach.directories.size());
  for (const auto& directory : options.may_reach.directories) {
    directories.text(directory.host);
    directories.text(directory.guest);
    directories.flag(directory.read_only);
  }
  list_writer hosts;
  hosts.count(options.may_reach.http_hosts.size());
  for (const auto& host : options.may_reach.http_hosts) hosts.text(host);
  const hfb_grants grants{environment.slice(), arguments.slice(), directories.slice(),
                          options.may_reach.network, hosts.slice()};

  hfb_output output{};
  if (options.output) output = {new output_sink{options.output}, holdfast_output, holdfast_output_drop};

  hfb_linker* raw = nullptr;
  // A limit of 0 is no tape to the bridge; one of a byte holds nothing either.
  const std::size_t tape = tape_bytes ? std::max<std::size_t>(*tape_bytes, 1) : 0;
  if (hfb_error* failed =
          hfb_linker_new(what.internals()->handle.get(), &limits, &grants, &output, tape, &raw)) {
    const bool ours = hfb_error_kind(failed) == HFB_KIND_BAD_VALUE;  // a host that is none
    const error why = to_error(failed);
    return ours ? error(errc::bad_arguments, why.detail) : why;
  }
  linker_handle linker(raw);
  if (hfb_error* failed = hfb_linker_context(raw, instance::context)) return to_error(failed);

  std::unique_ptr<blueprint> made(new blueprint(what, clock));
  made->taped_ = tape_bytes.has_value();
  made->most_objects_ = options.limits.resources != 0 ? options.limits.resources : default_resources;
  if (auto defined = made->define(raw, options.functions, runner); !defined) return defined.error();
  auto brief = brief_exports::declare(raw, what.world(), options.brief,
                                      what.internals()->with.internals()->options.tick);
  if (!brief) return brief.error();
  made->brief_ = std::move(*brief);

  hfb_blueprint* linked = nullptr;
  if (hfb_error* failed = hfb_linker_finish(linker.release(), &linked)) return to_error(failed);
  made->handle_.reset(linked);
  return made;
}

result<void> blueprint::define(hfb_linker* linker, const imports& offered, const function_runner& runner) {
  object_kinds kinds;
  for (const auto& [name, type] : offered.resources()) {
    if (!kind_of(kinds, type)) kinds.push_back(type);
    if (hfb_error* failed = hfb_linker_define_resource(linker, slice_of(name.first), slice_of(name.second),
                                                       *kind_of(kinds, type), instance::drop_object))
      return to_error(failed);
  }
  kinds_ = std::make_shared<const object_kinds>(std::move(kinds));

  for (const wit::function* import : component_.world().imported_functions()) {
    const auto found = offered.functions().find({import->interface, import->name});
    if (found == offered.functions().end()) continue;
    const auto& definition = found->second;
    const std::string name = "import `" + import->qualified_name() + "`: ";
    if (definition->check != nullptr) {
      if (const auto fits = definition->check(*import, wit::side::callee); !fits)
        return error(fits.error().code, name + fits.error().detail);
    }
    if (taped_ && passes_more_than_data(*import))
      return error(errc::bad_arguments, name + "resources, streams and futures have no place on a tape");
    const auto& executor = definition->on ? definition->on : offered.executor();
    if (definition->style == detail::host_style::coroutine && !executor)
      return error(errc::bad_arguments,
                   name + "a coroutine needs an executor: give one with it, or to `imports::on`");
    auto* entry = new host_entry{definition, executor, component_, import, runner, kinds_};
    if (hfb_error* failed =
            hfb_linker_define(linker, slice_of(import->interface), slice_of(import->name), host_entry::enter,
                              definition->style == detail::host_style::in_slice, entry, host_entry::drop))
      return to_error(failed);
  }
  return {};
}

std::unique_ptr<core::guest> blueprint::make(boost::intrusive_ptr<core::poller> owner,
                                             const core::home& where) noexcept {
  return make_instance(std::move(owner), where);
}

std::unique_ptr<instance> blueprint::make_instance(boost::intrusive_ptr<core::poller> owner,
                                                   const core::home& where) noexcept {
  auto kept = kinds_->empty() ? nullptr : std::make_shared<objects>(most_objects_);
  return std::make_unique<instance>(handle_.get(), std::move(owner), where, clock_, std::move(kept), brief_);
}

}  // namespace holdfast::bridge
