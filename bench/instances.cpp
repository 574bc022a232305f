// SPDX-License-Identifier: Apache-2.0
#include "bench/alternate.hpp"
#include "bench/only.hpp"
#include "bench/rows.hpp"

namespace holdfast::bench {
namespace {

/// A pool whose one cell is given a new instance after every call.
class short_lived {
 public:
  explicit short_lived(const subject& with)
      : owner_(with.with),
        pool_(with.open(owner_, {.cells = 1, .rebuild = {.retire_calls = 1}})),
        add_(must(pool_.function<std::uint32_t(std::uint32_t, std::uint32_t)>("add"))) {}

  void add(unsigned count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto told = add_(i, 7);
      must_complete(told);
      if (*told != i + 7) throw std::runtime_error("add answered another sum");
      if (told.generation <= last_) throw std::runtime_error("an instance was used twice");
      last_ = told.generation;
    }
  }

 private:
  host owner_;
  pool pool_;
  adder add_;
  std::uint64_t last_ = 0;
};

struct way_back {
  std::string name;
  std::size_t keep;
  bool scan;
};

/// How the memory of an instance is best put back, by how much of it was written: what the bridge's settings
/// come from.
void measure_slots(results& into) {
  const std::vector<char> text = read_file(HOLDFAST_SOURCE_DIR "/bench/guests/touch.wat");
  constexpr std::size_t kib = 1024;
  const way_back backs[] = {{"given", 0, false},
                            {"lowest_64k", 64 * kib, false},
                            {"scan_64k", 64 * kib, true},
                            {"scan_256k", 256 * kib, true},
                            {"scan_1m", 1024 * kib, true}};
  std::vector<slots_peer> peers;
  for (const way_back& each : backs) {
    try {
      peers.emplace_back(std::as_bytes(std::span(text)), each.keep, each.scan);
    } catch (const std::runtime_error& none) {
      into.missing.push_back("memory put back by " + each.name + ": " + none.what());
      break;
    }
  }
  for (const std::uint32_t pages : {4U, 32U, 128U, 512U}) {
    std::vector<way> ways;
    for (const slots_peer& each : peers)
      ways.push_back({"", [&each, pages](unsigned times) { each.touch(pages, times); }});
    const std::vector<double> took = alternate(ways, {.rounds = 21});
    for (std::size_t i = 0; i < took.size(); ++i)
      into.add({.name = "slot_" + std::to_string(pages * 4) + "k_" + backs[i].name,
                .what = "an instance that writes to " + std::to_string(pages) +
                        " pages and its end, by Wasmtime alone",
                .value = took[i],
                .floor = took[0]});
  }
}

}  // namespace

void measure_instances(subject& with, results& into) {
  short_lived ours(with);
  const std::vector<way> ways{
      {"direct", [&](unsigned count) { with.direct.add_in_new(count); }},
      {"pool", [&](unsigned count) { ours.add(count); }},
  };
  const std::vector<double> took = alternate(ways);
  into.add({.name = "new_instance",
            .what = "a new instance for every call, the call and the end of the old one included; the floor "
                    "is a store "
                    "and `InstancePre::instantiate_async` of the pooling allocator with the same call",
            .value = took[1],
            .floor = took[0],
            .must = bar{1.3}});
  measure_slots(into);
}

bool only_instances(subject& with, const std::string& name, const repeat& run) {
  short_lived ours(with);
  const std::vector<way> ways{{"new_instance", [&](unsigned count) { ours.add(count); }}};
  return run_only(ways, name, run);
}

}  // namespace holdfast::bench
