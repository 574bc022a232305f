// SPDX-License-Identifier: Apache-2.0
#include "storm/ground.hpp"

#include <algorithm>
#include <condition_variable>
#include <span>
#include <string>
#include <utility>

#include "storm/answers.hpp"

namespace holdfast::storm {
namespace {

using namespace std::chrono_literals;

constexpr std::array all_sites{site::orders,  site::echo,    site::sleeper, site::fickle,  site::ring_a,
                               site::ring_b,  site::vault,   site::polite,  site::version, site::after,
                               site::passing, site::company, site::circle};
constexpr std::array exchanged_sites{site::version, site::orders, site::echo, site::sleeper, site::circle};

// An answer that comes long after its guest was cut: it must hurt nobody.
constexpr duration too_late = 200ms;
constexpr const char* bank = "holdfast:demo/accounts";

std::size_t index(site where) noexcept { return static_cast<std::size_t>(where); }

const char* file_of(site where) noexcept {
  switch (where) {
    case site::orders:
    case site::passing:
      return "orders.wasm";
    case site::echo:
      return "echo.wat";
    case site::sleeper:
    case site::fickle:
    case site::ring_a:
    case site::ring_b:
      return "sleeper.wat";
    case site::vault:
      return "vault.wat";
    case site::polite:
      return "cooperative.wat";
    case site::after:
      return "post-return.wat";
    case site::company:
    case site::circle:
      return "company.wat";
    case site::version:
      break;
  }
  return nullptr;
}

std::uint32_t cells_of(site where) noexcept {
  switch (where) {
    case site::orders:
      return 4;
    case site::sleeper:
      return 6;
    case site::ring_a:
    case site::ring_b:
      return 1;
    default:
      return 2;
  }
}

// The smallest component that tells which one it is.
std::string version_text(std::uint32_t version) {
  return "(component (core module $m (func (export \"version\") (result i32) (i32.const " +
         std::to_string(version) +
         "))) (core instance $i (instantiate $m))"
         " (func (export \"version\") (result u32) (canon lift (core func $i \"version\"))))";
}

// What the vault keeps. At rest none is left: each is destroyed with the instance that kept it, at the
// latest.
struct account {
  explicit account(std::uint64_t start) noexcept : held(start) { alive.fetch_add(1); }
  account(const account&) = delete;
  account& operator=(const account&) = delete;
  ~account() { alive.fetch_sub(1); }
  std::uint64_t held;
  static inline std::atomic<std::int64_t> alive{0};
};

}  // namespace

result<guests> load_guests(const engine& with, const std::filesystem::path& folder) {
  guests all;
  for (const site where : all_sites) {
    for (auto* slot : {&all.first, &all.other}) {
      const bool exchanged = slot == &all.other;
      result<component> made = error(errc::internal);
      if (where == site::version) {
        const std::string text = version_text(exchanged ? 2 : 1);
        made = component::compile(with, std::as_bytes(std::span(text)));
      } else {
        compile_options how{.cache = default_compile_cache()};
        if (where == site::fickle)
          how.contract.manifest = HOLDFAST_SOURCE_DIR "/tests/storm/fickle.holdfast.json";
        made = component::load(with, folder / file_of(where), how);
      }
      if (!made) return made.error();
      (*slot)[index(where)] = std::move(*made);
    }
  }
  auto broken = component::load(with, folder / "start-trap.wat");
  if (!broken) return broken.error();
  all.broken = std::move(*broken);
  return all;
}

std::uint32_t instances_needed() noexcept {
  std::uint32_t all = 0;
  for (const site where : all_sites) all += cells_of(where);
  for (const site where : exchanged_sites) all += 3 * cells_of(where);
  return all + cells_of(site::passing);
}

result<void> fill_every_place(const engine& with, const guests& all) {
  host owner(with);
  const host_function nobody = [](host_call call) { std::move(call).fail("nobody asks for this"); };
  for (const site where : all_sites) {
    pool_options how;
    how.cells = with.options().max_instances;
    how.rebuild.at_once = how.cells;
    for (const char* name : {"sleep", "pause", "block"})
      how.functions.define("holdfast:demo/host", name, nobody);
    how.functions.define_resource<account>(bank, "account");
    for (const char* name : {"[constructor]account", "[method]account.deposit", "close", "exchange", "total"})
      how.functions.define(bank, name, nobody);
    const auto made = owner.open(*all.first[index(where)], std::move(how));
    if (!made) return made.error();
    const auto built = [](const cell_status& cell) { return cell.state == cell_state::idle; };
    const auto patience = std::chrono::steady_clock::now() + 60s;
    while (!std::ranges::all_of(made->cells(), built)) {
      if (std::chrono::steady_clock::now() > patience)
        return error(errc::no_resources, std::string(to_string(where)) + ": not every place can be filled");
      std::this_thread::sleep_for(1ms);
    }
    made->drain(duration::zero());
  }
  return {};
}

ground::ground(const engine& with, const guests& of, std::shared_ptr<ledger> book,
               boost::asio::any_io_executor callbacks)
    : guests_(of), book_(std::move(book)) {
  // Host functions that block until they are asked to stop take a thread each, and so do calls from inside.
  auto journal = open_journal(folder_ / "journal");
  if (!journal) throw std::system_error(journal.error().code, journal.error().message());
  host_.emplace(with, host_options{.function_threads = 16,
                                   .observe = book_,
                                   .keys = {.count = 2000, .time = 20s},
                                   .journal = *std::move(journal),
                                   .callbacks = std::move(callbacks)});
}

ground::~ground() { close(); }

pool_options ground::options_of(site where) {
  pool_options how;
  how.name = to_string(where);
  how.cells = cells_of(where);
  how.queue_depth = 512;
  how.functions.define("holdfast:demo/host", "sleep", [this](host_call call) { sleep(std::move(call)); });
  switch (where) {
    case site::orders:
      how.retry = {.attempts = 3, .base = 2ms, .max = 10ms};
      how.rebuild.retire_calls = 5000;
      break;
    case site::fickle:
      how.retry = {.attempts = 3, .base = 2ms, .max = 10ms, .budget = 1.0};
      break;
    case site::sleeper:
    case site::polite:
      how.stop_grace = 20ms;
      break;
    case site::company:
    case site::circle:
      if (where == site::circle) how.stop_grace = 20ms;
      how.sharing.calls = size_of(where).calls;
      how.sharing.beside_hasty = size_of(where).beside_hasty;
      for (const char* name : {"pause", "block"})
        how.functions.define("holdfast:demo/host", name, [this](host_call call) { pause(std::move(call)); });
      break;
    case site::vault:
      how.rebuild.retire_calls = 400;
      how.functions.define_resource<account>(bank, "account")
          .define(bank, "[constructor]account", [](host_call call) {
            const auto made = call.give(std::make_shared<account>(call.args().at(0).get<std::uint64_t>()));
            std::move(call).reply(made);
          });
      for (const char* unused : {"[method]account.deposit", "close", "exchange", "total"})
        how.functions.define(bank, unused,
                             [](host_call call) { std::move(call).fail("nobody asks for this"); });
      break;
    default:
      break;
  }
  return how;
}

result<pool> ground::make(site where) { return host_->open(*guests_.first[index(where)], options_of(where)); }

result<void> ground::open() {
  for (const site where : all_sites) {
    auto made = make(where);
    if (!made) return error(made.error().code, std::string(to_string(where)) + ": " + made.error().message());
    const std::scoped_lock lock(mutex_);
    pools_[index(where)] = *made;
  }
  for (const site where : all_sites)
    if (const auto ready = at(where).wait_ready(); !ready)
      return error(ready.error().code, std::string(to_string(where)) + ": " + ready.error().message());
  return {};
}

pool ground::at(site where) const {
  const std::scoped_lock lock(mutex_);
  return *pools_[index(where)];
}

// What the sleepers ask of their host.

void ground::sleep(host_call call) {
  const nap_order order = nap_order::of(call.args().at(0).get<std::uint64_t>());
  const std::uint32_t before = book_->saw_effect(order.number);
  const auto answer_after = [this](host_call later, duration wait) {
    auto kept = std::make_shared<host_call>(std::move(later));
    clock_.after(wait, [kept] { std::move(*kept).reply(); });
  };
  switch (order.what) {
    case deed::nap_deaf:
      return answer_after(std::move(call), too_late);
    case deed::nap_listening: {
      std::mutex mutex;
      std::condition_variable_any stopped;
      std::unique_lock lock(mutex);
      stopped.wait_for(lock, call.stop_token(), 20s, [] { return false; });
      if (!call.stop_token().stop_requested())
        book_->note_wrong(nullptr, "a host function was not asked to stop when its guest was");
      return std::move(call).reply();
    }
    case deed::nap_calling:
      return call_from_inside(std::move(call), site::orders, deed::place, 1 + order.amount % 9);
    case deed::nap_round:
      if (order.amount == 0) return call_from_inside(std::move(call), site::ring_b, deed::nap_round, 1);
      // A round that comes back to where it began, if it began at the other ring: it would wait for itself.
      return call_from_inside(std::move(call), site::ring_a, deed::nap_round, 2);
    case deed::nap_failing:
      if (before == 0) return std::move(call).fail("the first time it always fails");
      return std::move(call).reply();
    default:
      if (order.amount == 0) return std::move(call).reply();
      return answer_after(std::move(call), std::chrono::milliseconds(order.amount));
  }
}

void ground::pause(host_call call) {
  const wait_order order = wait_order::of(call.args().at(0).get<std::uint32_t>());
  book_->saw_effect(order.number);
  const duration wait = order.deaf ? too_late : wait_of(order.number);
  const wit::value word(word_for(order.number));
  if (wait == duration::zero()) return std::move(call).reply(word);
  auto kept = std::make_shared<host_call>(std::move(call));
  clock_.after(wait, [kept, word] { std::move(*kept).reply(word); });
}

void ground::call_from_inside(host_call call, site where, deed what, std::uint32_t amount) {
  const record_ptr one = plan::extra(next_extra(), where, what, amount);
  // A child ends no later than its parent, and is left when that is to stop.
  one->may_detach = true;
  for (const outcome each : {outcome::revoked, outcome::expired_in_queue, outcome::deadline_killed})
    one->may_end.add(each);
  const pool to = at(where);
  book_->asks(one);
  const reply told = to.call(function_of(what), arguments_of(*one));
  book_->told(one, told);
  if (told.code == errc::cycle) cycles_.fetch_add(1);
  std::move(call).reply();
}

// What changes meanwhile.

void ground::exchange_one() {
  const std::uint64_t turn = turn_++;
  const site where = exchanged_sites[turn % exchanged_sites.size()];
  const std::uint64_t round = turn / exchanged_sites.size();
  const pool which = at(where);
  // Now and then the new component is broken: the old one has to stay.
  if (round % 4 == 3) {
    swap_options how{.grace = 60s, .ready = 20s, .options = options_of(where)};
    how.options->rebuild = {.base = 1ms, .give_up_after = 2};
    how.options->cells = 1;
    if (const auto done = which.swap(*guests_.broken, how); done || done.error() != errc::cannot_instantiate)
      book_->note_wrong(nullptr,
                        std::string(to_string(where)) + " was exchanged for what cannot be instantiated");
    return;
  }
  const std::size_t good = static_cast<std::size_t>(round - round / 4);
  const bool second = good % 2 == 0;
  const bool short_grace = where == site::echo || where == site::version || where == site::circle;
  const time_point began = std::chrono::steady_clock::now();
  const auto done = which.swap(*(second ? guests_.other : guests_.first)[index(where)],
                               {.grace = short_grace ? duration(5ms) : duration(60s)});
  if (!done)
    return book_->note_wrong(nullptr,
                             std::string(to_string(where)) + " was not exchanged: " + done.error().message());
  swaps_.fetch_add(1);
  book_->exchanged(where, began, which.cells(), second ? 2 : 1);
}

void ground::renew_passing() {
  auto fresh = make(site::passing);
  if (!fresh) return book_->note_wrong(nullptr, "a pool was not opened: " + fresh.error().message());
  if (const auto ready = fresh->wait_ready(); !ready)
    return book_->note_wrong(nullptr, "a pool was not ready: " + ready.error().message());
  const pool old = at(site::passing);
  // Callers still find the old one while it is drained; the new one has no calls until that is over.
  old.drain(drains_.load() % 2 == 0 ? duration::zero() : duration(50ms));
  // A caller who revokes at that moment holds its call's end in its own hands.
  const auto patience = std::chrono::steady_clock::now() + 1s;
  while (book_->live_at(site::passing) > 0 && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(1ms);
  if (const std::uint64_t left = book_->live_at(site::passing); left > 0)
    book_->note_wrong(nullptr, "drained, and " + std::to_string(left) + " calls have no outcome");
  {
    const std::scoped_lock lock(mutex_);
    pools_[index(site::passing)] = *fresh;
  }
  drains_.fetch_add(1);
}

void ground::close() {
  if (!host_) return;
  const auto patience = std::chrono::steady_clock::now() + 90s;
  while (book_->figures().live > 0 && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(1ms);
  if (const std::size_t orphans = host_->orphans().orphans; orphans > 0)
    book_->note_wrong(nullptr, std::to_string(orphans) + " calls are told to run for nobody, and none runs");
  host_->drain(1s);
  for (auto& each : pools_) each.reset();
  host_.reset();
  if (account::alive.load() != 0)
    book_->note_wrong(nullptr, std::to_string(account::alive.load()) + " resources were never destroyed");
  book_->close();
}

}  // namespace holdfast::storm
