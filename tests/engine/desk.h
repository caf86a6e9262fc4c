#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "config/config.h"
#include "connectors/bitrix24/application.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/offline_events.h"
#include "daemon/engine/puller.h"
#include "daemon/engine/surroundings.h"
#include "daemon/same_portal.h"
#include "daemon/store/token_file.h"
#include "tests/portal/portal.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

// A puller at its desk: a portal over HTTP, a file, the engine, and a clock ticked by hand.

namespace b24 {

// A clock whose date can be set back, as an administrator does; durations go on.
class SetBackClock : public Clock {
 public:
  explicit SetBackClock(FakeClock& inner) : inner_(inner) {}
  Time now() const override { return inner_.now() - back_.load(); }
  SteadyTime steady_now() const override { return inner_.steady_now(); }
  bool sleep_until(SteadyTime until, const std::stop_token& stop) override {
    return inner_.sleep_until(until, stop);
  }
  void set_back(seconds by) { back_ = by; }

 private:
  FakeClock& inner_;
  std::atomic<seconds> back_{seconds{0}};
};

inline sim::PortalOptions small_company() {
  return {.managers = 4,
          .deals = 60,
          .tasks = 40,
          .calls = 120,
          .chats = 0,
          .days = 20,
          .limits = {.enabled = false}};
}

inline LimiterOptions no_limits() {
  LimiterOptions limits;
  limits.enabled = false;
  return limits;
}

// A portal, a file, the engine in its thread and a puller, which the test's thread drives.
class Desk {
 public:
  // With rules they are judged, at any hour.
  explicit Desk(sim::PortalOptions options = small_company(), PullerOptions pulling = {},
                RuleSet rules = {}, Way way = Way::webhook, LimiterOptions limits = no_limits())
      : portal_([&] {
          options.clock = &ticks;
          return options;
        }()) {
    portal_.start();
    config_.state_dir = folder_.path();
    config_.notify_hours = Config::NotifyHours::any;
    writer_ = std::move(*Writer::open(paths()));
    for (auto* reader : {&reader_, &engine_reader_, &puller_reader_}) {
      *reader = std::move(*Reader::open(paths()));
    }
    config_.portal.limits = limits;
    client_ = make_client(access(way), config_, {}, std::nullopt, clock);
    const auto needed = std::make_shared<NeededDetails>();
    pulling.details.needed = needed;
    const EngineOptions judging{portal_.url(), !rules.rules.empty(), needed, ask_by(hints)};
    engine_ = std::make_unique<Engine>(*writer_, *engine_reader_, config_, std::move(rules),
                                       events_, clock, judging, [this](const Notice& notice) {
                                         std::lock_guard lock{told_mutex_};
                                         told_.push_back(notice.plain);
                                         return true;
                                       });
    start_puller(std::move(pulling));
    engine_thread_ = std::jthread{[this] { engine_->run(stop_.get_token()); }};
    if (!puller->read_facts(stop())) throw std::runtime_error{"no facts"};
  }
  // A puller that knows what is in the file, and nothing more.
  void restart() { start_puller({}); }
  // A new process after the old one has ended.
  void restart_process(PullerOptions options = {}) {
    PassDone done{false, std::make_shared<std::promise<Committed>>(), client_->report()};
    events_.push(done, stop());
    done.committed->get_future().wait();
    puller.reset();
    client_ = make_client(client_->access(), config_, {}, meta(kLimitsMeta), clock);
    events_.push(Noted{kLimitsMeta, limits_now(*client_, clock)}, stop());
    start_puller(std::move(options));
  }
  ~Desk() {
    stop_.request_stop();
    client_->cancel();
  }

  sim::Portal& portal() { return portal_; }
  Client& client() { return *client_; }
  Reader& reader() { return *reader_; }
  // Behind the program's back.
  void tamper(const std::string& sql) {
    SQLite::Database{paths().file().string(), SQLite::OPEN_READWRITE, 5000}.exec(sql);
  }
  std::stop_token stop() const { return stop_.get_token(); }
  PassReport pass(Puller::Counts counts = Puller::Counts::when_due) {
    return puller->pass(counts, stop());
  }
  void go_on(seconds by) { ticks.advance(by); }

  StreamState stream(Entity entity) {
    for (const StreamState& state : reader_->streams()) {
      if (state.entity == entity) return state;
    }
    return {};
  }
  // The problems of the streams, each once.
  std::set<std::string> problems() {
    std::set<std::string> found;
    for (const StreamState& state : reader_->streams()) {
      if (!state.problem.empty()) found.insert(state.problem);
    }
    return found;
  }
  std::int64_t number(const std::string& sql) {
    const auto rows = reader_->query(sql);
    return rows && !rows->rows.empty() ? as_integer(rows->rows[0][0]).value_or(-1) : -1;
  }
  std::vector<std::int64_t> ids(const std::string& sql) {
    std::vector<std::int64_t> found;
    const auto rows = reader_->query(sql);
    if (!rows) throw std::runtime_error{rows.error().text};
    for (const auto& row : rows->rows) found.push_back(as_integer(row[0]).value_or(-1));
    return found;
  }
  bool has_deal(std::int64_t id) {
    return number(fmt::format("SELECT count(*) FROM v_deal WHERE id = {}", id)) == 1;
  }
  std::optional<std::string> meta(const char* name) { return reader_->meta(name); }
  // What rules know besides rows.
  Surroundings surroundings() {
    const auto facts = kept_facts(*reader_);
    return *read_surroundings(*reader_, config_,
                              facts ? std::optional{facts->facts} : std::nullopt);
  }
  // Of the database and of what waits in its log.
  std::string bytes_of_the_file() const {
    std::string bytes;
    for (const char* ending : {"", "-wal"}) {
      std::ifstream file{paths().file().string() + ending, std::ios::binary};
      bytes.append(std::istreambuf_iterator<char>{file}, {});
    }
    return bytes;
  }

  void delete_deal(std::int64_t id) {
    portal_.call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", id));
  }
  // Commands that listed deals since the last question.
  std::size_t deal_lists() {
    const std::size_t all = asked("crm.item.list?entityTypeId=2&");
    return all - std::exchange(deal_lists_, all);
  }
  // What would have been told since the last question.
  std::vector<std::string> told() {
    std::lock_guard lock{told_mutex_};
    return std::exchange(told_, {});
  }
  // How often a text stands in the latest 200 requests.
  std::size_t asked(const std::string& text) const {
    std::size_t found = 0;
    for (const sim::RequestLine& request : portal_.requests()) {
      for (auto at = request.body.find(text); at != std::string::npos;
           at = request.body.find(text, at + 1)) {
        ++found;
      }
    }
    return found;
  }
  // Calls of a method since the last question.
  std::uint64_t calls(const std::string& method) {
    const std::uint64_t all = portal_.counters().methods[method];
    return all - std::exchange(called_[method], all);
  }

  FakeClock ticks{from_unix(1'795'244'400)};
  SetBackClock clock{ticks};
  Hints hints;
  std::unique_ptr<OfflineEvents> queue;  // of an application
  std::unique_ptr<Puller> puller;

 private:
  StorePaths paths() const { return {folder_.path()}; }
  void start_puller(PullerOptions options) {
    puller = std::make_unique<Puller>(*client_, *puller_reader_, events_, hints, clock,
                                      std::move(options));
    if (!client_->access().application) return;
    hints.take();
    queue =
        std::make_unique<OfflineEvents>(*client_, events_, hints, clock, OfflineEventsOptions{});
    puller->listen_to(*queue);
  }
  Access access(Way way) {
    if (way == Way::webhook) return *parse_webhook(Secret(portal_.webhook()));
    ApplicationKeys keys{.portal = *parse_url(portal_.url()),
                         .client_id = sim::ApplicationOptions{}.client_id,
                         .client_secret = Secret{sim::ApplicationOptions{}.client_secret},
                         .server = *parse_url(portal_.url())};
    auto application = std::make_shared<Application>(
        std::move(keys), std::make_shared<TokenFile>(folder_.path()), HttpOptions{}, clock);
    if (!application->authorize(Secret{portal_.authorize()}, "", {})) {
      throw std::runtime_error{"not authorized"};
    }
    return application;
  }

  std::mutex told_mutex_;
  std::vector<std::string> told_;
  TempFolder folder_;
  sim::Portal portal_;
  Config config_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> reader_, engine_reader_, puller_reader_;
  std::unique_ptr<Client> client_;
  EventQueue events_{64};
  std::unique_ptr<Engine> engine_;
  std::map<std::string, std::uint64_t> called_;
  std::size_t deal_lists_ = 0;
  std::stop_source stop_;
  std::jthread engine_thread_;
};

inline sim::Fault outage() { return {.kind = sim::FaultKind::outage, .count = -1}; }

}  // namespace b24
