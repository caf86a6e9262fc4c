#include "daemon/engine/puller.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <thread>

#include "daemon/engine/engine.h"
#include "tests/engine/company.h"
#include "tests/portal/portal.h"
#include "tests/support/fake_clock.h"

// The puller against the simulated portal, on a real file and a clock ticked by hand.

namespace b24 {
namespace {

using testing::HasSubstr;
using testing::Not;

sim::PortalOptions company() {
  return {.managers = 4,
          .deals = 1200,
          .tasks = 600,
          .calls = 1500,
          .chats = 0,  // whose messages are asked for by the clock
          .days = 30,
          .limits = {.enabled = false}};
}

class PullerTest : public StoreTest {
 protected:
  ~PullerTest() override { stop(); }

  void open(sim::PortalOptions options = company()) {
    options.clock = &clock_;
    portal_ = std::make_unique<sim::Portal>(std::move(options));
    portal_->start();
    client_ = std::make_unique<Client>(parse_webhook(Secret{portal_->webhook()}).value(),
                                       ClientOptions{}, clock_);
    start();
  }

  // The parts of the program that read, as after a start on what is in the file.
  void start() {
    stop();
    engine_reader_ = reader();
    puller_reader_ = reader();
    engine_ = std::make_unique<Engine>(*writer_, *engine_reader_, config_, rules_, events_, clock_,
                                       EngineOptions{"", !rules_.rules.empty()},
                                       [this](const Notice& notice) {
                                         tags_.push_back(notice.tag);
                                         return true;
                                       });
    puller_ = std::make_unique<Puller>(*client_, *puller_reader_, events_, hints_, clock_,
                                       PullerOptions{});
    engine_thread_ = std::jthread{[this](const std::stop_token& token) { engine_->run(token); }};
    facts_ = puller_->read_facts({});
  }

  // What was handed on by now is written first.
  void stop() {
    if (engine_thread_.joinable()) {
      engine_thread_.request_stop();
      engine_thread_.join();
    }
    puller_.reset();
    engine_.reset();
  }

  PassReport pass(Puller::Counts counts = Puller::Counts::when_due) {
    return puller_->pass(counts, {});
  }
  // Everything is read, and one more look has found nothing.
  void read_all() {
    ASSERT_FALSE(pass(Puller::Counts::now).error);
    clock_.advance(seconds{30});
    ASSERT_FALSE(pass().error);
    clock_.advance(seconds{30});
    portal_->reset_counters();
  }

  StreamState stream(Entity entity) {
    for (const StreamState& state : reader()->streams()) {
      if (state.entity == entity) return state;
    }
    return {};
  }
  std::string mirror(const std::string& table) {
    return rows("SELECT group_concat(id) FROM (SELECT id FROM " + table +
                " WHERE deleted_at IS NULL ORDER BY id)")
        .front();
  }
  std::string portal(Entity entity) const {
    auto ids = portal_->ids(entity);
    std::sort(ids.begin(), ids.end());
    return fmt::format("{}", fmt::join(ids, ","));
  }
  void expect_equal() {
    EXPECT_EQ(mirror("deals"), portal(Entity::deal));
    EXPECT_EQ(mirror("tasks"), portal(Entity::task));
    EXPECT_EQ(mirror("calls"), portal(Entity::call));
    EXPECT_EQ(mirror("users"), portal(Entity::user));
  }

  void delete_deal(std::int64_t id) {
    portal_->call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", id));
  }
  bool has_deal(std::int64_t id) {
    return !rows(fmt::format("SELECT 1 FROM v_deal WHERE id = {}", id)).empty();
  }

  FakeClock clock_{kThursday};
  Config config_;
  RuleSet rules_;                  // nothing is judged without any
  std::vector<std::string> tags_;  // of what would be told; the engine's thread writes it
  std::unique_ptr<sim::Portal> portal_;
  std::unique_ptr<Client> client_;
  EventQueue events_{64};
  Hints hints_;
  std::unique_ptr<Reader> engine_reader_;
  std::unique_ptr<Reader> puller_reader_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Puller> puller_;
  Result<PortalFacts> facts_ = PortalFacts{};
  std::jthread engine_thread_;
};

// --- full read and poll ---

TEST_F(PullerTest, ReadsEverythingAndThenOneRequestAPoll) {
  open();
  read_all();
  expect_equal();
  for (int poll = 0; poll < 5; ++poll) {
    EXPECT_EQ(pass().error, std::nullopt);
    clock_.advance(seconds{30});
  }
  EXPECT_EQ(portal_->counters().requests, 5U);
}

TEST_F(PullerTest, AnInterruptedFullReadGoesOnAtTheCommittedCursor) {
  sim::PortalOptions options = sim::bare(company());
  options.deals = 6000;
  open(options);
  std::stop_source stop_wish;
  int requests = 0;
  puller_->on_progress([&](const Progress&) {
    if (++requests == 2) stop_wish.request_stop();
  });
  const PassReport broken_off = puller_->pass(Puller::Counts::now, stop_wish.get_token());
  ASSERT_TRUE(broken_off.error);
  EXPECT_EQ(broken_off.error->kind, ErrorKind::stopped);
  stop();
  const StreamState deals = stream(Entity::deal);
  EXPECT_FALSE(deals.full_done);
  EXPECT_EQ(deals.problem, "");
  ASSERT_GT(deals.cursor_id, 0);
  EXPECT_EQ(rows("SELECT max(id) FROM deals").front(), std::to_string(deals.cursor_id));

  start();
  const std::size_t before = portal_->requests().size();
  const PassReport rest = pass(Puller::Counts::now);
  EXPECT_FALSE(rest.error);
  expect_equal();
  std::string asked;
  const auto sent = portal_->requests();
  for (std::size_t i = before; i < sent.size(); ++i) asked += sent[i].body + '\n';
  // With all fields and no further condition: what is read, not what is counted or has changed.
  const std::string whole = "isRecurring&filter%5B%3Eid%5D={}&order";
  EXPECT_THAT(asked, HasSubstr(fmt::format(fmt::runtime(whole), deals.cursor_id)));
  EXPECT_THAT(asked, Not(HasSubstr(fmt::format(fmt::runtime(whole), 0))));
}

TEST_F(PullerTest, ARowThatCannotBeUnderstoodIsKeptRawAndTheRestGoesOn) {
  open();
  portal_->add_fault({.kind = sim::FaultKind::broken_row, .method = "crm.item.list", .count = 1});
  const PassReport report = pass(Puller::Counts::now);
  EXPECT_FALSE(report.error);
  EXPECT_TRUE(report.streams.empty());
  EXPECT_EQ(reader()->rejected_counts().at(Entity::deal), 1);
  EXPECT_THAT(rows("SELECT raw FROM rejected_rows").front(), HasSubstr("\"stageId\""));
  // The count told that one was missing, and asked for by its id it could be read.
  expect_equal();
}

TEST_F(PullerTest, AStreamWithoutRightsIsOffAndTheOthersGoOn) {
  sim::PortalOptions options = company();
  options.scopes.erase("task");
  open(options);
  for (int i = 0; i < 2; ++i) {
    const PassReport report = pass(Puller::Counts::now);
    EXPECT_FALSE(report.error);
    ASSERT_FALSE(report.streams.empty());
    for (const Error& problem : report.streams) EXPECT_EQ(problem.kind, ErrorKind::no_rights);
    EXPECT_EQ(stream(Entity::task).problem, report.streams.front().text);
    EXPECT_FALSE(stream(Entity::task).full_done);
    EXPECT_EQ(mirror("deals"), portal(Entity::deal));
    EXPECT_EQ(mirror("calls"), portal(Entity::call));
    clock_.advance(seconds{30});
  }
}

TEST_F(PullerTest, AWebhookThatSeesAPartOnlyIsRefused) {
  sim::PortalOptions options = company();
  options.admin = false;
  open(options);
  ASSERT_FALSE(facts_);
  EXPECT_EQ(facts_.error().kind, ErrorKind::no_rights);
}

// --- what is gone ---

TEST_F(PullerTest, ADeletionIsFoundByComparingTheNumbers) {
  open();
  read_all();
  const auto gone = portal_->ids(Entity::deal).at(7);
  delete_deal(gone);
  EXPECT_FALSE(pass().error);
  EXPECT_TRUE(has_deal(gone)) << "a poll asks what changed, and nobody tells of what is gone";
  clock_.advance(minutes{15});
  EXPECT_FALSE(pass().error);
  EXPECT_TRUE(has_deal(gone)) << "one difference may be a row that was made between two commands";
  clock_.advance(seconds{30});
  EXPECT_FALSE(pass().error);
  EXPECT_FALSE(has_deal(gone));
  expect_equal();
}

TEST_F(PullerTest, HalfOfEverythingDoesNotVanish) {
  open();
  read_all();
  const auto ids = portal_->ids(Entity::task);
  for (std::size_t i = 0; i < ids.size(); i += 2) {
    portal_->call("tasks.task.delete", fmt::format(R"({{"taskId":{}}})", ids[i]));
  }
  clock_.advance(minutes{15});
  EXPECT_FALSE(pass().error);
  clock_.advance(seconds{30});
  EXPECT_FALSE(pass().error);
  // The ids were compared, and what they said was not believed.
  EXPECT_EQ(rows("SELECT doubted_rows FROM streams WHERE entity = 'task'"),
            std::vector<std::string>{"300"});
  EXPECT_EQ(rows("SELECT count(*) FROM v_task").front(), "600");
}

// --- an outage ---

TEST_F(PullerTest, AnOutageEndsForEveryStream) {
  open();
  read_all();
  portal_->add_fault({.kind = sim::FaultKind::outage, .count = -1});
  const PassReport lost = pass();
  ASSERT_TRUE(lost.error);
  EXPECT_EQ(lost.error->kind, ErrorKind::unavailable);
  for (const StreamState& state : reader()->streams()) {
    EXPECT_EQ(state.problem, lost.error->text) << name(state.entity);
  }
  portal_->clear_faults();
  EXPECT_FALSE(pass().error);
  for (const StreamState& state : reader()->streams()) {
    EXPECT_EQ(state.problem, "") << name(state.entity);
  }
}

TEST_F(PullerTest, AnOutageInTheFullReadMakesNoHalfSummary) {
  sim::PortalOptions options = sim::bare(company());
  options.deals = 6000;
  options.tasks = 100;
  rules_ = rules_of(kCountedRules);
  open(options);
  int requests = 0;
  puller_->on_progress([&](const Progress&) {
    if (++requests == 2) portal_->add_fault({.kind = sim::FaultKind::outage, .count = -1});
  });
  EXPECT_TRUE(pass(Puller::Counts::now).error);
  EXPECT_TRUE(stream(Entity::task).full_done);
  EXPECT_FALSE(stream(Entity::deal).full_done);
  portal_->clear_faults();
  EXPECT_FALSE(pass(Puller::Counts::now).error);
  stop();
  ASSERT_FALSE(tags_.empty());
  std::set<std::string> once;
  for (const std::string& tag : tags_) {
    EXPECT_THAT(tag, HasSubstr("b24watch:start:"));
    EXPECT_TRUE(once.insert(tag).second) << tag << " is told twice";
  }
}

// --- hints ---

TEST_F(PullerTest, AHintedDeletionNeedsNoComparison) {
  open();
  read_all();
  const auto ids = portal_->ids(Entity::deal);
  delete_deal(ids.at(3));
  hints_.add({Entity::deal, ids.at(3)});
  hints_.add({Entity::deal, ids.at(4)});  // the portal still shows it
  EXPECT_FALSE(pass().error);
  EXPECT_EQ(portal_->counters().requests, 1U);
  EXPECT_FALSE(has_deal(ids.at(3)));
  EXPECT_TRUE(has_deal(ids.at(4)));
}

TEST_F(PullerTest, AHintOutlivesALookThatFailed) {
  open();
  read_all();
  const auto gone = portal_->ids(Entity::deal).at(3);
  delete_deal(gone);
  hints_.add({Entity::deal, gone});
  portal_->add_fault({.kind = sim::FaultKind::outage, .count = -1});
  EXPECT_TRUE(pass().error);
  portal_->clear_faults();
  EXPECT_FALSE(pass().error);
  EXPECT_FALSE(has_deal(gone));
}

}  // namespace
}  // namespace b24
