#include "daemon/engine/point_check.h"

#include <gmock/gmock.h>

#include <future>

#include "daemon/engine/engine.h"
#include "tests/engine/company.h"
#include "tests/support/fake_clock.h"

// Before people are told of an object the portal has shown it: the engine event by event, with the
// test in the place of the puller.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr const char* kRules = R"(version: 1
metrics:
  tasks_open:
    title: Открытые задачи
    kind: state
    sql: |
      SELECT manager_id, count(*) AS value FROM v_task WHERE status IN (2, 3) GROUP BY manager_id
    objects:
      entity: task
      sql: |
        SELECT manager_id, id, title FROM v_task WHERE status IN (2, 3) ORDER BY manager_id, id
rules:
  - id: many_tasks
    name: Много задач
    metric: tasks_open
    by: manager
    above: 2
    keep_firing_for: 1 day
    group: {by: manager, wait: 0 seconds, max_items: 3}
    text: "{manager}: задач {value|number}"
    item: "{title}"
  - id: old_deals
    name: Старые сделки
    each: deal
    where: closed = 0
    since: stage_since
    longer_than: 14 days
    keep_firing_for: 1 day
    group: {by: manager, wait: 0 seconds, max_items: 2}
    text: "{manager}: сделок {count}"
    item: "{title}"
)";

constexpr seconds kTomorrow = days{1} + minutes{1};

class PointCheckTest : public StoreTest {
 protected:
  PointCheckTest() { config_.people.departments = {5}; }

  void start() {
    engine_.reset();
    reader_.reset();
    open_writer();
    reader_ = reader();
    engine_ = std::make_unique<Engine>(
        *writer_, *reader_, config_, rules_of(kRules), events_, clock_,
        EngineOptions{"https://example.bitrix24.ru", true, std::make_shared<NeededDetails>(),
                      [this](const Hint& hint, PointCheck::Asking) {
                        if (room_ <= asked_.size()) return false;
                        asked_.push_back(fmt::format("{}:{}", name(hint.entity), hint.id));
                        return true;
                      }},
        [this](const Notice& notice) {
          handed_.push_back(notice);
          return true;
        });
  }

  StreamState complete(Entity entity) {
    return {.entity = entity, .full_done = true, .fresh_at = clock_.now()};
  }
  void bring(Entity entity, std::vector<Record> rows = {}, std::vector<std::int64_t> gone = {}) {
    Pulled pulled;
    pulled.parts.push_back(
        {.state = complete(entity), .records = std::move(rows), .gone = std::move(gone)});
    engine_->take(std::move(pulled));
  }
  void end_look() { engine_->take(PassDone{true, std::make_shared<std::promise<Committed>>()}); }
  // A look in which nothing has changed.
  void look() {
    Pulled pulled;
    for (const Entity entity : kEntities) pulled.parts.push_back({.state = complete(entity)});
    engine_->take(std::move(pulled));
    end_look();
  }
  // A program that has begun, over rows it has seen long ago: manager 11 has three tasks and two
  // deals, and both are too old by tomorrow.
  void start_calmly() {
    start();
    bring(Entity::user, people_rows());
    bring(Entity::department, department_rows());
    look();
    ASSERT_THAT(told(), IsEmpty());
    bring(Entity::deal, {deal_row(701, 11, days{13}), deal_row(702, 11, days{13})});
    look();
  }

  // What was handed to the sender since the last call; all of it arrives.
  Lines told() {
    Lines lines;
    for (const Notice& notice : std::exchange(handed_, {})) {
      lines.push_back(notice.plain);
      engine_->take(Delivered{notice.id, notice.id + 1000});
    }
    return lines;
  }
  Lines asked() { return std::exchange(asked_, {}); }
  Lines alerts() { return rows("SELECT rule_id, key, state FROM alerts ORDER BY rule_id, key"); }

  FakeClock clock_{kThursday};
  Config config_;
  EventQueue events_{64};
  std::size_t room_ = 1000;
  Lines asked_;
  std::vector<Notice> handed_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Engine> engine_;
};

const char* const kBoth = "Иван: сделок 2\nСделка 701\nСделка 702";

TEST_F(PointCheckTest, WhatTimeMakesTrueWaitsForALook) {
  start_calmly();
  clock_.advance(kTomorrow);
  end_look();
  EXPECT_THAT(told(), IsEmpty());
  clock_.advance(minutes{1});
  look();
  bring(Entity::call, {call_row(1, 12, clock_.now())});  // something to judge for
  end_look();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(asked(), testing::IsSupersetOf({"deal:701", "deal:702"}));
  EXPECT_THAT(alerts(), ElementsAre("old_deals|deal:701|firing", "old_deals|deal:702|firing"));
  EXPECT_THAT(rows("SELECT * FROM messages"), IsEmpty());
  bring(Entity::deal, {deal_row(701, 11, days{13}), deal_row(702, 11, days{13})});
  look();
  EXPECT_THAT(told(), ElementsAre(kBoth));
  EXPECT_THAT(asked(), IsEmpty());
  for (int i = 0; i < 3; ++i) {
    clock_.advance(minutes{1});
    bring(Entity::call, {call_row(2 + i, 12, clock_.now())});
    look();
  }
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(asked(), IsEmpty()) << "nothing is asked when nothing is new";
}

TEST_F(PointCheckTest, WhatTheLookItselfHasShownIsToldAtOnce) {
  start_calmly();
  bring(Entity::task,
        {task_row(101, 11, days{1}), task_row(102, 11, days{1}), task_row(103, 11, days{1})});
  look();
  EXPECT_THAT(told(), ElementsAre("Иван: задач 3\nЗадача 101\nЗадача 102\nЗадача 103"));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(PointCheckTest, OnlyWhatTheTextNamesIsAskedFor) {
  start_calmly();
  std::vector<Record> deals;
  for (int i = 0; i < 40; ++i) deals.push_back(deal_row(800 + i, 12, days{13} + minutes{40 - i}));
  bring(Entity::deal, deals);
  look();
  clock_.advance(kTomorrow);
  look();
  bring(Entity::call, {call_row(1, 12, clock_.now())});
  end_look();
  const Lines found = asked();
  EXPECT_EQ(std::set(found.begin(), found.end()),
            (std::set<std::string>{"deal:701", "deal:702", "deal:800", "deal:801"}));
}

// Whatever the check finds, the rules are judged again by it.
TEST_F(PointCheckTest, WhatIsNoLongerSoIsNotTold) {
  const struct {
    const char* name;
    std::vector<Record> shown;
    std::vector<std::int64_t> gone;
    Lines told;
  } cases[] = {
      {"both are deleted", {}, {701, 702}, {}},
      {"one is deleted", {deal_row(702, 11, days{13})}, {701}, {"Иван: сделок 1\nСделка 702"}},
      {"one was closed",
       {with(Entity::deal, deal_row(701, 11, days{13}),
             {{"closed", integer(1)}, {"updated_at", integer(to_unix(kThursday))}}),
        deal_row(702, 11, days{13})},
       {},
       {"Иван: сделок 1\nСделка 702"}},
      {"one was given away",
       {with(Entity::deal, deal_row(701, 12, days{13}),
             {{"updated_at", integer(to_unix(kThursday))}}),
        deal_row(702, 11, days{13})},
       {},
       {"Иван: сделок 1\nСделка 702", "Пётр: сделок 1\nСделка 701"}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    start_calmly();
    clock_.advance(kTomorrow);
    look();
    bring(Entity::call, {call_row(1, 12, clock_.now())});
    end_look();
    ASSERT_THAT(told(), IsEmpty());
    bring(Entity::deal, c.shown, c.gone);
    look();
    EXPECT_EQ(told(), c.told);
    for (int i = 0; i < 4; ++i) {
      clock_.advance(minutes{5});
      bring(Entity::call, {call_row(10 + i, 12, clock_.now())});
      look();
    }
    EXPECT_THAT(told(), IsEmpty()) << "not by waiting for long either";
    engine_.reset();
    reader_.reset();
    writer_.reset();
    std::filesystem::remove_all(paths_.state_dir);
    clock_.advance(-(kTomorrow + minutes{20}));
    open_writer();
  }
}

// The portal may not answer for a while: then the alert waits, and goes as the mirror has it.
TEST_F(PointCheckTest, ASilentPortalSilencesNobodyForEver) {
  start_calmly();
  clock_.advance(kTomorrow);
  look();
  bring(Entity::call, {call_row(1, 12, clock_.now())});
  end_look();
  for (int minute = 1; minute < 15; ++minute) {
    clock_.advance(minutes{1});
    look();
    EXPECT_THAT(told(), IsEmpty()) << minute;
    EXPECT_THAT(asked(), testing::Contains("deal:701")) << "asked again";
  }
  clock_.advance(minutes{1});
  look();
  EXPECT_THAT(told(), ElementsAre(kBoth));
  clock_.advance(minutes{1});
  bring(Entity::call, {call_row(2, 12, clock_.now())});
  look();
  EXPECT_THAT(told(), IsEmpty());
}

// Each look shows another of the two: together they would never be fresh.
TEST_F(PointCheckTest, SomeNowAndSomeThenIsASilenceToo) {
  start_calmly();
  clock_.advance(kTomorrow);
  look();
  bring(Entity::call, {call_row(1, 12, clock_.now())});
  end_look();
  for (int minute = 1; minute < 15; ++minute) {
    clock_.advance(minutes{1});
    bring(Entity::deal, {deal_row(701 + minute % 2, 11, days{13})});
    look();
    EXPECT_THAT(told(), IsEmpty()) << minute;
    const Lines again = asked();
    EXPECT_EQ(std::set(again.begin(), again.end()),
              (std::set<std::string>{"deal:701", "deal:702"}));
  }
  clock_.advance(minutes{1});
  look();
  EXPECT_THAT(told(), ElementsAre(kBoth));
}

TEST_F(PointCheckTest, NoRoomToAskIsASilenceToo) {
  room_ = 0;
  start_calmly();
  clock_.advance(kTomorrow);
  for (int minute = 0; minute < 15; ++minute) {
    look();
    clock_.advance(minutes{1});
    bring(Entity::call, {call_row(1 + minute, 12, clock_.now())});
    EXPECT_THAT(told(), IsEmpty());
  }
  look();
  clock_.advance(minutes{1});
  bring(Entity::call, {call_row(50, 12, clock_.now())});
  look();
  EXPECT_THAT(told(), ElementsAre(kBoth));
}

TEST_F(PointCheckTest, ARestartInBetweenLosesNothingAndTellsOnce) {
  start_calmly();
  clock_.advance(kTomorrow);
  look();
  bring(Entity::call, {call_row(1, 12, clock_.now())});
  end_look();
  ASSERT_THAT(alerts(), ElementsAre("old_deals|deal:701|firing", "old_deals|deal:702|firing"));
  start();
  (void)asked();
  look();
  EXPECT_THAT(told(), IsEmpty()) << "what was shown before the restart is forgotten";
  EXPECT_THAT(asked(), ElementsAre("deal:701", "deal:702"));
  bring(Entity::deal, {deal_row(701, 11, days{13}), deal_row(702, 11, days{13})});
  look();
  EXPECT_THAT(told(), ElementsAre(kBoth));
  start();
  look();
  EXPECT_THAT(told(), IsEmpty());
}

// A portal that cannot answer is asked with its polls, not in a look after the other.
TEST_F(PointCheckTest, WhatIsAskedForAgainWakesNobody) {
  Hints hints;
  PointCheck check{ask_by(hints), clock_};
  const auto judge = [&](std::vector<ObjectRef> named) {
    EXPECT_FALSE(check.confirmed(named));
    check.judged();
    check.look_ended();
    const bool woken = hints.wait(milliseconds{0}, {});
    EXPECT_EQ(hints.take().at(Entity::deal).size(), named.size());
    return woken;
  };
  EXPECT_TRUE(judge({{Entity::deal, 7}}));
  EXPECT_FALSE(judge({{Entity::deal, 7}}));
  EXPECT_TRUE(judge({{Entity::deal, 7}, {Entity::deal, 8}}));
  EXPECT_FALSE(judge({{Entity::deal, 7}, {Entity::deal, 8}}));
}

// What one request does not read is shown by several looks, and told then.
TEST_F(PointCheckTest, MoreThanOneLookShowsIsTold) {
  Hints hints;
  PointCheck check{ask_by(hints), clock_};
  std::vector<ObjectRef> named;
  for (std::int64_t id = 1; id <= 6000; ++id) named.push_back({Entity::deal, id});
  std::vector<std::size_t> looks;
  while (!check.confirmed(named) && looks.size() < 9) {
    check.judged();
    check.look_ended();
    EXPECT_TRUE(hints.wait(milliseconds{0}, {})) << "each has some that nobody has asked for";
    std::vector<Record> rows;
    const auto taken = hints.take();
    for (const std::int64_t id : taken.at(Entity::deal)) rows.push_back({.id = id});
    check.shown(Entity::deal, rows);
    looks.push_back(rows.size());
  }
  EXPECT_THAT(looks, ElementsAre(2500, 2500, 1000));
  check.judged();
  check.look_ended();
  EXPECT_FALSE(check.is_waiting());
  EXPECT_FALSE(check.confirmed(named)) << "nothing is kept when nobody asks any more";
}

// Nor do those that the portal does not show keep the others from being asked for.
TEST_F(PointCheckTest, WhatIsNotShownLeavesRoomForTheRest) {
  Hints hints;
  PointCheck check{ask_by(hints), clock_};
  std::vector<ObjectRef> named;
  for (std::int64_t id = 1; id <= 5000; ++id) named.push_back({Entity::deal, id});
  std::set<std::int64_t> asked;
  for (int look = 0; look < 2; ++look) {
    ASSERT_FALSE(check.confirmed(named));
    check.judged();
    check.look_ended();
    const auto taken = hints.take();
    asked.insert(taken.at(Entity::deal).begin(), taken.at(Entity::deal).end());
  }
  EXPECT_EQ(asked.size(), named.size());
}

// The first summary names the oldest deal of each. Until it can, nothing is known.
TEST_F(PointCheckTest, TheFirstSummaryWaitsAsAWhole) {
  start();
  bring(Entity::user, people_rows());
  bring(Entity::department, department_rows());
  bring(Entity::deal, {deal_row(701, 11, days{20}), deal_row(702, 11, days{19})});
  start();  // killed before the look was over
  look();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(alerts(), IsEmpty());
  EXPECT_THAT(asked(), ElementsAre("deal:701"));
  bring(Entity::deal, {}, {701});
  look();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(asked(), ElementsAre("deal:702")) << "now the oldest";
  bring(Entity::deal, {deal_row(702, 11, days{19})});
  look();
  EXPECT_THAT(told(), ElementsAre(testing::AllOf(testing::HasSubstr("1 сделка у 1 менеджера"),
                                                 testing::HasSubstr("Сделка 702"))));
  EXPECT_THAT(alerts(), ElementsAre("old_deals|deal:702|known"));
  look();
  EXPECT_THAT(told(), IsEmpty());
}

// keep_firing_for is for what people were told of, and for what is there.
TEST_F(PointCheckTest, WhatNobodyWasToldOfIsNotKept) {
  start_calmly();
  bring(Entity::task,
        {task_row(101, 11, days{1}), task_row(102, 11, days{1}), task_row(103, 11, days{1})});
  clock_.advance(kTomorrow);
  look();
  Lines first = told();
  ASSERT_EQ(first.size(), 1U) << "of the tasks; the deals are asked for";
  bring(Entity::deal, {deal_row(701, 11, days{13}), deal_row(702, 11, days{13})});
  look();
  ASSERT_THAT(told(), ElementsAre(kBoth));
  // Told of, and moved on: kept for a day. Deleted: over.
  bring(Entity::deal,
        {with(Entity::deal, deal_row(702, 11, days{13}),
              {{"closed", integer(1)}, {"updated_at", integer(to_unix(clock_.now()))}})},
        {701});
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing", "old_deals|deal:701|resolved",
                                    "old_deals|deal:702|firing"));
}

}  // namespace
}  // namespace b24
