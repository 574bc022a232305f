// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <map>

#include "serve/gateway.hpp"
#include "serve/page_files.hpp"
#include "serve/problem.hpp"
#include "serve/units.hpp"

/// What people and monitors look at: the dashboard, its events, metrics, and lists of calls and actors.
namespace holdfast::serve {
namespace {

constexpr std::chrono::milliseconds between_events(250);
constexpr unsigned quiet_turns = 40;  // of these, then a comment says that the stream lives
constexpr unsigned most_readers = 64;
constexpr std::size_t most_listed = 1000;
constexpr ledger_limits read_at_once{.calls = 1000, .cells = 20'000, .faults = 200, .ended = 200};

class one_reader {
 public:
  explicit one_reader(std::atomic<unsigned>& all) noexcept
      : all_(all), fits_(all.fetch_add(1) < most_readers) {}
  one_reader(const one_reader&) = delete;
  one_reader& operator=(const one_reader&) = delete;
  ~one_reader() { --all_; }
  bool fits() const noexcept { return fits_; }

 private:
  std::atomic<unsigned>& all_;
  const bool fits_;
};

boost::json::object orphans_json(const orphan_figures& of) {
  return {{"orphans", of.orphans}, {"orphaned", of.orphaned},         {"cost", seconds(of.cost)},
          {"parked", of.parked},   {"parked_bytes", of.parked_bytes}, {"claimed", of.claimed},
          {"dropped", of.dropped}};
}

// What of a member has not been told, or is not what it was.
void add_if_new(boost::json::object& to, const char* name, boost::json::value now,
                std::map<std::string, std::string>& told) {
  std::string text = boost::json::serialize(now);
  std::string& before = told[name];
  if (before == text) return;
  before = std::move(text);
  to[name] = std::move(now);
}

std::string event(const ledger_news& news) {
  std::string text = news.snapshot ? "event: snapshot\nid: " : "event: change\nid: ";
  text += std::to_string(news.revision);
  text += "\ndata: ";
  text += boost::json::serialize(news.content);
  text += "\n\n";
  return text;
}

http_answer stream_head() {
  http_answer told(200, "text/event-stream");
  told.no_sniffing = true;
  told.fields = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  return told;
}

http_answer page_answer(const embedded_file& file, std::string_view known) {
  http_answer told(known == file.etag ? 304 : 200, file.content_type);
  told.fields = {{"ETag", std::string(file.etag)},
                 {"Cache-Control", "no-cache"},
                 {"Referrer-Policy", "no-referrer"},
                 {"Content-Security-Policy", std::string(page_policy)}};
  if (told.status == 200) told.fixed_body = file.content;
  return told;
}

result<call_filter> filter_of(std::string_view query) {
  call_filter which;
  const auto pairs = query_pairs(query);
  if (!pairs) return error(errc::bad_arguments, "the query has a wrong percent sign");
  for (const auto& [name, value] : *pairs) {
    if (name == "component") {
      which.component = value;
    } else if (name == "phase") {
      for (const call_phase each :
           {call_phase::queued, call_phase::running, call_phase::backing_off, call_phase::done})
        if (value == to_string(each)) which.phase = each;
      if (!which.phase)
        return error(errc::bad_arguments,
                     "phase: `" + value + "` is not `queued`, `running`, `backing_off` or `done`");
    } else if (name == "limit") {
      std::size_t limit = 0;
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), limit);
      if (failed != std::errc() || end != value.data() + value.size() || limit == 0 || limit > most_listed)
        return error(errc::bad_arguments, "limit: `" + value + "` is not a number from 1 to 1000");
      which.limit = limit;
    } else {
      return error(errc::bad_arguments,
                   "`" + name + "` is nothing that can be asked; `component`, `phase` and `limit` are");
    }
  }
  return which;
}

}  // namespace

boost::json::array gateway::components_now() const {
  boost::json::array all;
  for (const auto& [name, each] : service_.components()->by_name) {
    boost::json::object one{{"name", name}, {"kind", to_string(each->kind)}};
    std::size_t cells = 0;
    std::size_t broken = 0;
    std::size_t closing = 0;
    if (each->pool) {
      for (const cell_status& cell : each->pool->cells()) {
        ++cells;
        broken += cell.state == cell_state::broken ? 1 : 0;
        closing += cell.state == cell_state::draining || cell.state == cell_state::closed ? 1 : 0;
      }
      one["queued"] = each->pool->queued();
    }
    if (each->actors) {
      const actor_figures now = each->actors->figures();
      cells = now.resident;
      one["actors"] = actors_json(now);
    }
    one["cells"] = cells;
    const bool draining = service_.draining() || (each->pool && closing == cells);
    one["state"] = draining ? "draining" : each->pool && broken == cells ? "broken" : "serving";
    all.push_back(std::move(one));
  }
  return all;
}

boost::json::object gateway::server_now(const principal& who) const {
  const config& all = service_.settings();
  return {{"version", HOLDFAST_VERSION},
          {"wasmtime", engine::version()},
          {"started", seconds(started_.time_since_epoch())},
          {"draining", service_.draining()},
          {"connections", figures_.connections()},
          {"journal",
           all.journal.empty() ? boost::json::value(nullptr) : boost::json::value(all.journal.string())},
          {"rights", boost::json::object{{"kill", who.may.kill}, {"drain", who.may.drain}}}};
}

// Others' calls are shown to those alone who may end them.
bool gateway::sees_all(const visit& on) const noexcept { return !door_.asks() || on.who.may.kill; }

task<gateway::maybe_answer> gateway::events(visit& on) {
  if (on.method != http_method::get) co_return allow_only(on, "GET");
  if (!sees_all(on))
    co_return problem_of(http_refusal(403, "`" + on.who.name + "` may not see the calls of others"));
  const one_reader here(readers_);
  if (!here.fits()) co_return problem_of(http_refusal(503, "too many look at the events already"));
  on.serves.reset();  // they go on past many a reload
  if (!co_await on.turn.begin_answer(stream_head())) co_return std::nullopt;
  if (on.turn.request().method == http_method::head) {
    co_await on.turn.end_answer();
    co_return std::nullopt;
  }
  loop_timer next(on.turn.executor());
  std::map<std::string, std::string> told;
  ledger_news news = ledger_.snapshot(read_at_once);
  for (unsigned quiet = 0;;) {
    if (news.snapshot) told.clear();
    const bool ledger_spoke = news.snapshot || news.content.size() > 2;
    const std::size_t before = news.content.size();
    add_if_new(news.content, "server", server_now(on.who), told);
    add_if_new(news.content, "components", components_now(), told);
    add_if_new(news.content, "orphans", orphans_json(service_.owner().orphans()), told);
    if (ledger_spoke || news.content.size() != before) {
      quiet = 0;
      const std::string text = event(news);
      if (!co_await on.turn.write(asio::buffer(text))) co_return std::nullopt;
    } else if (++quiet == quiet_turns) {
      quiet = 0;
      if (!co_await on.turn.write(asio::buffer(": alive\n\n", 9))) co_return std::nullopt;
    }
    if (on.turn.ending()) break;
    next.expires_after(between_events);
    co_await next.async_wait(asio::as_tuple(asio::bind_cancellation_slot(on.turn.leaving(), use_task)));
    if (on.turn.left()) co_return std::nullopt;
    news = ledger_.changes_since(news.revision, read_at_once);
  }
  co_await on.turn.end_answer();
  co_return std::nullopt;
}

http_answer gateway::show_page(const visit& on, std::string_view path) const {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  const embedded_file* const file = settings_.dashboard ? find_page_file(path) : nullptr;
  if (file == nullptr)
    return problem_of(http_refusal(404, "there is nothing at `" + std::string(path) + "`"));
  return page_answer(*file, on.turn.request().field("if-none-match").value_or(""));
}

http_answer gateway::show_metrics(const visit& on) const {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  http_answer told(200, metrics_type, metrics_.text());
  told.fields.emplace_back("Cache-Control", "no-store");
  return told;
}

http_answer gateway::list_calls(const visit& on) const {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  auto which = filter_of(on.turn.request().query());
  if (!which) return problem_of(which.error());
  if (!sees_all(on)) which->principal = on.who.name;
  boost::json::object told;
  told["calls"] = ledger_.list(*which);
  return json_answer(200, told);
}

http_answer gateway::list_actors(const visit& on) const {
  if (on.method != http_method::get) return allow_only(on, "GET, HEAD");
  boost::json::array all;
  for (const auto& [name, each] : on.serves->by_name) {
    if (!each->actors) continue;
    boost::json::object one{{"component", name}};
    for (auto& figure : actors_json(each->actors->figures())) one.insert(std::move(figure));
    all.push_back(std::move(one));
  }
  boost::json::object told;
  told["actors"] = std::move(all);
  return json_answer(200, told);
}

}  // namespace holdfast::serve
