#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "daemon/engine/doubt.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/retry.h"
#include "tests/store/store_fixture.h"
#include "tests/support/fake_clock.h"

// What the engine keeps besides judging: whom it believes, the days of calls, what was not
// delivered, and for how long.

namespace b24 {
namespace {

using Rows = std::vector<std::string>;
using Sweep = PulledPart::Sweep;
using testing::ElementsAre;
using testing::HasSubstr;

std::size_t times(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

class EngineKeepingTest : public StoreTest {
 protected:
  EngineKeepingTest() : reader_(reader()) { restart(); }

  // As after the end of the program, with the settings of now.
  void restart() {
    engine_.reset();
    open_writer();
    engine_ = std::make_unique<Engine>(*writer_, *reader_, config_, RuleSet{}, events_, clock_,
                                       EngineOptions{"https://portal.test", true},
                                       [this](const Notice& notice) {
                                         sent_.push_back(notice.id);
                                         stop_.request_stop();
                                         return true;
                                       });
  }

  // Turns of the loop until a notice is sent; a few seconds at most.
  void run_until_sent() {
    stop_ = {};
    const std::jthread guard{[this](const std::stop_token& done) {
      std::mutex mutex;
      std::unique_lock lock{mutex};
      std::condition_variable_any().wait_for(lock, done, seconds{5}, [] { return false; });
      stop_.request_stop();
    }};
    engine_->run(stop_.get_token());
  }

  void set_clock(Time now) { clock_.advance(now - clock_.now()); }

  void read_whole(Entity entity, std::int64_t first, std::int64_t last) {
    take_sweep(entity, first, last, false);
  }
  void compare_ids(Entity entity, std::int64_t first, std::int64_t last) {
    take_sweep(entity, first, last, true);
  }
  void take_sweep(Entity entity, std::int64_t first, std::int64_t last, bool ids_only) {
    Pulled pulled;
    PulledPart begin;
    begin.state = stream(entity);
    begin.sweep = Sweep::begin;
    begin.sweep_began_at = clock_.now();
    pulled.parts.push_back(begin);
    PulledPart rest = begin;
    rest.sweep = Sweep::finish;
    rest.ids_only = ids_only;
    for (std::int64_t id = first; id <= last; ++id) rest.records.push_back(record(entity, id, {}));
    pulled.parts.push_back(rest);
    engine_->take(std::move(pulled));
  }
  void take_rows(Entity entity, std::vector<Record> records,
                 std::optional<Time> watermark = std::nullopt) {
    Pulled pulled;
    PulledPart part;
    part.state = stream(entity);
    part.state.watermark = watermark;
    part.records = std::move(records);
    pulled.parts.push_back(std::move(part));
    engine_->take(std::move(pulled));
  }
  StreamState stream(Entity entity) {
    StreamState state;
    state.entity = entity;
    state.full_done = true;
    state.fresh_at = clock_.now();
    return state;
  }
  std::int64_t there(Entity entity) { return reader_->row_counts()[entity]; }

  std::int64_t queue(const std::string& text, const std::string& tag = "t") {
    std::int64_t id = 0;
    in_transaction([&] { id = writer_->queue({0, 5, tag, text, text}, clock_.now()); });
    return id;
  }
  void fail(std::int64_t id, ErrorKind kind, const std::string& text = "нет ответа") {
    engine_->take(Delivered{id, error(kind, text)});
  }
  seconds pause(std::int64_t id) {
    const auto at = rows("SELECT next_try_at FROM outbox WHERE id = " + std::to_string(id)).at(0);
    return at == "NULL" ? seconds{-1} : from_unix(std::stoll(at)) - clock_.now();
  }

  FakeClock clock_{kStart};
  Config config_;
  EventQueue events_{64};
  std::unique_ptr<Reader> reader_;
  std::vector<std::int64_t> sent_;
  std::stop_source stop_;
  std::unique_ptr<Engine> engine_;
};

TEST(DoubtTest, IsByShareAndPassesAfterAnHour) {
  const std::optional<Doubt> none;
  const Doubt sixty{kStart, 60};
  const struct {
    const char* what;
    std::optional<Doubt> before;
    SweepResult found;
    std::optional<Doubt> after;
  } cases[] = {
      {"nothing is gone", none, {60, 0, 0, kStart}, none},
      {"nothing was there", none, {0, 0, 0, kStart}, none},
      {"less than half is gone", none, {60, 29, 0, kStart}, none},
      {"half is gone", none, {60, 30, 0, kStart}, Doubt{kStart, 30}},
      {"most of a handful is gone", none, {5, 4, 0, kStart}, none},
      {"all of a handful is gone", none, {3, 3, 0, kStart}, Doubt{kStart, 3}},
      {"too early", sixty, {60, 60, 0, kStart + minutes{59}}, sixty},
      {"the same after an hour", sixty, {60, 60, 0, kStart + hours{1}}, none},
      {"about the same after an hour", sixty, {60, 54, 0, kStart + hours{1}}, none},
      {"something else after an hour",
       sixty,
       {60, 40, 0, kStart + hours{1}},
       Doubt{kStart + hours{1}, 40}},
      {"the rows are there again", sixty, {60, 0, 0, kStart + minutes{1}}, none},
      {"a few of the newest are gone", none, {60, 9, 9, kStart}, none},
      {"the newest are gone", none, {60, 10, 10, kStart}, Doubt{kStart, 10}},
      {"nearly all that are gone are the newest", none, {60, 11, 10, kStart}, Doubt{kStart, 11}},
      {"some of the gone are the newest", none, {60, 20, 10, kStart}, none},
      {"gone here and there, and the newest", none, {60, 14, 9, kStart}, none},
      {"the clock was set back",
       sixty,
       {60, 60, 0, kStart - hours{6}},
       Doubt{kStart - hours{6}, 60}},
  };
  for (const auto& c : cases) EXPECT_EQ(doubt_after(c.before, c.found), c.after) << c.what;
}

TEST(DoubtTest, AListHasLostItsEndWhenTheRestIsThere) {
  EXPECT_TRUE(lost_its_end({60, 10, 10, kStart}));
  EXPECT_FALSE(lost_its_end({60, 9, 9, kStart}));
  EXPECT_FALSE(lost_its_end({60, 60, 60, kStart})) << "nothing is shown";
  EXPECT_FALSE(lost_its_end({60, 40, 12, kStart})) << "only what some user may see";
  EXPECT_FALSE(lost_its_end({60, 25, 12, kStart})) << "gone all over the list";
}

TEST_F(EngineKeepingTest, AnEmptyListIsBelievedWhenItStaysEmpty) {
  read_whole(Entity::user, 1, 60);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    read_whole(Entity::user, 1, 0);
    EXPECT_EQ(there(Entity::user), 60);
    clock_.advance(minutes{20});
    restart();
  }
  read_whole(Entity::user, 1, 0);
  EXPECT_EQ(there(Entity::user), 0);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(
      times(log, "portal shows too few rows to be believed yet entity=user gone=60 mirror=60"), 1U);
  EXPECT_EQ(times(log, "doubt is over entity=user doubted=60 gone=60 mirror=60"), 1U);
}

TEST_F(EngineKeepingTest, ADoubtEndsWhenTheRowsAreThereAgain) {
  read_whole(Entity::department, 1, 40);
  read_whole(Entity::department, 1, 0);
  clock_.advance(hours{1});
  read_whole(Entity::department, 1, 40);
  clock_.advance(hours{1});
  read_whole(Entity::department, 1, 0);
  EXPECT_EQ(there(Entity::department), 40) << "it is a new doubt";
}

TEST_F(EngineKeepingTest, AGreatDeletionEndsInTheMirror) {
  read_whole(Entity::deal, 1, 1000);
  compare_ids(Entity::deal, 601, 1000);
  EXPECT_EQ(there(Entity::deal), 1000);
  clock_.advance(hours{1});
  compare_ids(Entity::deal, 601, 1000);
  EXPECT_EQ(there(Entity::deal), 400);
  compare_ids(Entity::deal, 701, 1000);
  EXPECT_EQ(there(Entity::deal), 300) << "what is ordinary needs no second look";
}

TEST_F(EngineKeepingTest, DaysOfCallsFollowTheZoneOfTheSettings) {
  const std::int64_t night = to_unix(kStart + hours{14} - seconds{1});  // 23:59:59 in Moscow
  std::vector<Record> calls;
  for (std::int64_t id = 1; id <= 10'001; ++id) {
    calls.push_back(record(Entity::call, id, {{"started_at", integer(night)}}));
  }
  take_rows(Entity::call, std::move(calls));
  const std::string days = "SELECT day, count(*) FROM calls GROUP BY day";
  ASSERT_EQ(rows(days), Rows{"2026-11-21|10001"});

  config_.calendar.zone = "Asia/Yekaterinburg";
  restart();
  const auto turns = engine_->turns();
  take_rows(Entity::deal, {});
  EXPECT_EQ(rows(days), Rows{"2026-11-22|10001"});
  EXPECT_EQ(engine_->turns() - turns, 2U) << "the watchdog sees every chunk";
}

TEST_F(EngineKeepingTest, ACalendarThatIsNotReadOnceStaysInForce) {
  const auto kept = [&] { return facts_from_json(*writer_->meta(kFactsMeta))->facts.calendar; };
  PortalFacts facts;
  facts.scopes = {"crm", "calendar"};
  facts.calendar = CalendarSettings{.work_start = hours{8}};
  engine_->take(FactsRead{facts});
  facts.calendar = std::nullopt;
  facts.calendar_problem = "Портал занят.";
  testing::internal::CaptureStderr();
  engine_->take(FactsRead{facts});
  engine_->take(FactsRead{facts});
  EXPECT_EQ(times(testing::internal::GetCapturedStderr(), "calendar not read"), 1U);
  ASSERT_TRUE(kept());
  EXPECT_EQ(kept()->work_start, hours{8});

  testing::internal::CaptureStderr();
  facts.scopes = {"crm"};
  engine_->take(FactsRead{facts});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("scopes of the webhook have changed"));
  EXPECT_FALSE(kept()) << "without the scope nobody can say whether it is still so";
}

TEST_F(EngineKeepingTest, AZoneThatTheSystemDoesNotKnowIsMadeUpFor) {
  const std::int64_t night = to_unix(kStart + hours{14} - seconds{1});
  take_rows(Entity::call, {record(Entity::call, 1, {{"started_at", integer(night)}})});
  PortalFacts facts;
  facts.user_zone = "Mars/Olympus";
  facts.portal_offset = hours{5};
  testing::internal::CaptureStderr();
  engine_->take(FactsRead{facts});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("time zone not known zone=Mars/Olympus in_its_place=Etc/GMT-5"));
  EXPECT_EQ(writer_->meta(kDaysZoneMeta), "Etc/GMT-5");
  EXPECT_EQ(rows("SELECT day FROM calls"), Rows{"2026-11-22"});
}

TEST_F(EngineKeepingTest, DaysOfCallsFollowTheZoneOfThePortal) {
  const std::int64_t night = to_unix(kStart + hours{14} - seconds{1});
  take_rows(Entity::call, {record(Entity::call, 1, {{"started_at", integer(night)}})});
  PortalFacts facts;
  facts.user_zone = "Asia/Yekaterinburg";
  engine_->take(FactsRead{facts});
  EXPECT_EQ(rows("SELECT day FROM calls"), Rows{"2026-11-22"});
  EXPECT_EQ(writer_->meta(kDaysZoneMeta), "Asia/Yekaterinburg");
}

TEST(RetryTest, PausesGrowAndRefusalsEnd) {
  OutboxEntry entry;
  std::vector<std::int64_t> pauses;
  for (; entry.failures < 9; ++entry.failures) {
    pauses.push_back(retry_after(ErrorKind::unavailable, entry).pause->count());
  }
  EXPECT_THAT(pauses, ElementsAre(5, 10, 20, 40, 80, 160, 320, 600, 600));
  entry.failures = 1'000'000;
  for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::wait_until, ErrorKind::blocked}) {
    EXPECT_EQ(retry_after(kind, entry).pause, seconds{600}) << name(kind);
    const bool silent = kind == ErrorKind::unavailable;
    EXPECT_EQ(retry_after(kind, entry).failure, silent ? Failure::unanswered : Failure::passing)
        << name(kind);
  }
  // A scope may be given after the weekend: no notice is lost for it.
  entry.refusals = 1000;
  EXPECT_EQ(retry_after(ErrorKind::no_rights, entry).pause, seconds{3600});
  EXPECT_EQ(retry_after(ErrorKind::no_rights, entry).failure, Failure::passing);
  for (const ErrorKind kind : {ErrorKind::rejected, ErrorKind::gone}) {
    entry.refusals = 22;
    EXPECT_EQ(retry_after(kind, entry).pause, seconds{3600}) << name(kind);
    entry.refusals = 23;
    EXPECT_EQ(retry_after(kind, entry).pause, std::nullopt) << name(kind);
    EXPECT_EQ(retry_after(kind, entry).failure, Failure::refusal) << name(kind);
  }
}

TEST_F(EngineKeepingTest, AFailedDeliveryIsTriedAtLongerPausesWithOneLine) {
  const auto id = queue("а");
  testing::internal::CaptureStderr();
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 4; ++i) {
    fail(id, ErrorKind::unavailable);
    pauses.push_back(pause(id).count());
    if (i == 1) restart();
  }
  fail(id, ErrorKind::no_rights, "нет прав");
  EXPECT_EQ(pause(id), hours{1});
  engine_->take(Delivered{id, 900});
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(pauses, ElementsAre(5, 10, 20, 40));
  EXPECT_EQ(times(log, "message not delivered"), 2U) << log;
  EXPECT_EQ(times(log, "text=\"нет ответа\""), 1U);
  EXPECT_THAT(log, HasSubstr("message delivered outbox_id=1 portal_id=900 failures=5"));
}

TEST_F(EngineKeepingTest, ARefusedNoticeIsGivenUpAfterADay) {
  const auto id = queue("а");
  testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) fail(id, ErrorKind::blocked, "вебхук удалён");
  for (int i = 0; i < 23; ++i) fail(id, ErrorKind::gone, "уволен");
  EXPECT_EQ(reader_->outbox_counts().given_up, 0);
  fail(id, ErrorKind::gone, "уволен");
  fail(id, ErrorKind::gone, "уволен");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(reader_->outbox_counts().given_up, 1);
  EXPECT_EQ(reader_->outbox_counts().waiting, 0);
  EXPECT_EQ(times(log,
                  "message given up outbox_id=1 recipient=5 failures=124 kind=gone "
                  "text=уволен"),
            1U)
      << log;
}

TEST_F(EngineKeepingTest, AnAttemptBrokenOffByOurStopIsNoFailure) {
  const auto id = queue("а");
  fail(id, ErrorKind::stopped, "остановлено");
  EXPECT_EQ(writer_->undelivered(id)->failures, 0);
  EXPECT_EQ(pause(id), seconds{-1});
}

TEST_F(EngineKeepingTest, ARetryDoesNotWaitForAClockThatWasSetBack) {
  const auto id = queue("а");
  for (int i = 0; i < 9; ++i) fail(id, ErrorKind::unavailable);
  set_clock(kStart - hours{6});
  run_until_sent();
  EXPECT_THAT(sent_, ElementsAre(id));
}

TEST_F(EngineKeepingTest, AClockFarAheadForgetsNothing) {
  const auto deal = [](const char* title) {
    return std::vector{record(Entity::deal, 1, {{"title", text(title)}})};
  };
  take_rows(Entity::deal, deal("а"), kStart);
  take_rows(Entity::deal, deal("б"), kStart);
  const std::string changes = "SELECT count(*) FROM changes";
  ASSERT_EQ(rows(changes), Rows{"1"});
  set_clock(kStart + days{500});
  restart();
  queue("а");
  run_until_sent();
  EXPECT_EQ(rows(changes), Rows{"1"});

  // The portal's clock says the same as ours; the day after the last look has come.
  take_rows(Entity::deal, deal("б"), clock_.now());
  clock_.advance(days{1});
  queue("б");
  run_until_sent();
  EXPECT_EQ(rows(changes), Rows{"0"});
}

}  // namespace
}  // namespace b24
