#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "daemon/engine/engine.h"
#include "daemon/store/backup.h"
#include "tests/store/store_fixture.h"
#include "tests/support/fake_clock.h"

// The engine and its disk: the nightly backup, and the state of one that is put back.

namespace b24 {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class EngineDiskTest : public StoreTest {
 protected:
  EngineDiskTest() { restart(); }

  void restart() {
    engine_.reset();
    reader_ = reader();
    engine_ = std::make_unique<Engine>(*writer_, *reader_, config_, RuleSet{}, events_, clock_,
                                       EngineOptions{"https://portal.test", true},
                                       [this](const Notice& notice) {
                                         if (failures_ > 0) fail();
                                         sent_.push_back(notice.id);
                                         return true;
                                       });
  }
  // What the rules need is read.
  void read_all() {
    Pulled pulled;
    for (const Entity entity : kEntities) {
      PulledPart part;
      part.state = {.entity = entity, .full_done = true, .fresh_at = clock_.now()};
      pulled.parts.push_back(part);
    }
    engine_->take(pulled);
  }
  // One turn of the loop, which ends with a look at the rules.
  void turn() {
    stop_ = {};
    const auto done = std::make_shared<std::promise<Committed>>();
    events_.put(PassDone{true, done});
    const std::jthread guard{[&] {
      done->get_future().wait_for(seconds{10});
      stop_.request_stop();
    }};
    engine_->run(stop_.get_token());
  }
  // As a full disk does.
  void fail() {
    --failures_;
    failed_at_.push_back(clock_.steady_now());
    StoreFailure failure{"full"};
    failure.passes = true;
    throw failure;
  }
  void go_to(const char* time) { clock_.advance(parse_time(time).value() - clock_.now()); }
  std::vector<std::string> made() const {
    std::vector<std::string> times;
    for (const Backup& backup : backups(paths_)) times.push_back(format_utc(backup.made_at));
    return times;
  }

  FakeClock clock_{kStart};
  Config config_;
  EventQueue events_{64};
  std::unique_ptr<Reader> reader_;
  std::vector<std::int64_t> sent_;
  int failures_ = 0;
  std::vector<SteadyTime> failed_at_;
  std::stop_source stop_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineDiskTest, BacksUpOnceANight) {
  turn();
  EXPECT_THAT(made(), IsEmpty()) << "nothing has been judged yet";
  read_all();
  turn();
  turn();
  EXPECT_THAT(made(), ElementsAre("2026-11-21T07:00:00Z"));
  for (const char* time : {"2026-11-21T23:50:00+03:00", "2026-11-22T02:50:00+03:00"}) {
    go_to(time);
    turn();
    EXPECT_EQ(made().size(), 1U) << time;
  }
  go_to("2026-11-22T03:05:00+03:00");
  turn();
  EXPECT_THAT(made(), ElementsAre("2026-11-22T00:05:00Z", "2026-11-21T07:00:00Z"));
  // Switched off at night: the next morning.
  go_to("2026-11-24T09:00:00+03:00");
  turn();
  EXPECT_EQ(made().front(), "2026-11-24T06:00:00Z");
}

TEST_F(EngineDiskTest, AClockThatWasAheadKeepsNothingOff) {
  back_up(paths_, clock_.now() + days{4000});
  read_all();
  turn();
  turn();
  EXPECT_THAT(made(), ElementsAre("2026-11-21T07:00:00Z", "2037-11-03T07:00:00Z"));
}

TEST_F(EngineDiskTest, ABackupThatFailsIsTriedAgain) {
  std::ofstream{paths_.state_dir / "backup"} << "in the way";
  read_all();
  turn();
  turn();
  fs::remove(paths_.state_dir / "backup");
  clock_.advance(seconds{601});
  turn();
  EXPECT_EQ(made().size(), 1U);
}

TEST_F(EngineDiskTest, WhatWaitedInABackupIsSentOnceTheRulesHaveBeenJudged) {
  std::int64_t id = 0;
  in_transaction([&] {
    id = writer_->queue({0, 5, "tag", "text", "text"}, clock_.now());
    writer_->set_meta(kRestoredMeta, "1795244400");
  });
  restart();
  turn();
  turn();
  EXPECT_THAT(sent_, IsEmpty()) << "the mirror is not read yet";
  read_all();
  turn();
  EXPECT_THAT(sent_, ElementsAre(id));
  EXPECT_EQ(writer_->meta(kRestoredMeta), "");
}

TEST_F(EngineDiskTest, IsTriedAgainAtGrowingPauses) {
  in_transaction([&] { writer_->queue({0, 5, "tag", "text", "text"}, clock_.now()); });
  failures_ = 8;
  turn();
  EXPECT_EQ(sent_.size(), 1U);
  std::vector<std::int64_t> pauses;
  for (std::size_t i = 1; i < failed_at_.size(); ++i) {
    pauses.push_back((failed_at_[i] - failed_at_[i - 1]).count() / 1000);
  }
  EXPECT_THAT(pauses, ElementsAre(1, 2, 4, 8, 16, 30, 30));
  EXPECT_EQ(engine_->trouble(), "");
}

TEST_F(EngineDiskTest, AStopEndsTheLongestPause) {
  in_transaction([&] { writer_->queue({0, 5, "tag", "text", "text"}, clock_.now()); });
  failures_ = 1;
  clock_.set_manual(true);
  std::jthread running{[&] { engine_->run(stop_.get_token()); }};
  while (engine_->trouble().empty()) std::this_thread::yield();
  stop_.request_stop();
  running.join();
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(EngineDiskTest, TheLogTellsOnlyOfWhatIsCommitted) {
  const std::string line = "rows not understood entity=deal";
  Pulled pulled;
  pulled.parts.push_back({.state = {.entity = Entity::deal},
                          .records = {},
                          .rejected = {{Entity::deal, "{}", "why"}},
                          .gone = {}});
  const auto change = [&](const char* sql) {
    SQLite::Database{paths_.file().string(), SQLite::OPEN_READWRITE, 5000}.exec(sql);
  };
  change("CREATE TRIGGER full BEFORE UPDATE ON streams BEGIN SELECT RAISE(ABORT, 'full'); END");
  testing::internal::CaptureStderr();
  EXPECT_THROW(engine_->take(pulled), StoreFailure);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr(line)));
  change("DROP TRIGGER full");
  testing::internal::CaptureStderr();
  engine_->take(pulled);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(line));
}

}  // namespace
}  // namespace b24
