#include <thread>

#include "daemon/engine/kept.h"
#include "tests/engine/desk.h"
#include "tests/support/workplace.h"

// The puller when the portal, or a part of it, is in trouble: what it says of each stream, what it
// does not lose, and what it leaves alone. A portal over HTTP, a file, and a clock ticked by hand.

namespace b24 {
namespace {

const std::set<std::string> kNone;
constexpr const char* kCalendar = "calendar.accessibility.get";

class FailingCalendar : public testing::TestWithParam<sim::Fault> {};

TEST_P(FailingCalendar, SpoilsNothingButItself) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const auto known = desk.meta(kAbsencesMeta);
  ASSERT_TRUE(known);
  desk.portal().add_fault(GetParam());
  desk.go_on(hours{1});
  desk.calls(kCalendar);
  EXPECT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.problems(), kNone);
  EXPECT_GE(desk.calls(kCalendar), 1U);
  EXPECT_EQ(desk.meta(kAbsencesMeta), known);  // stays in force

  desk.go_on(seconds{30});
  EXPECT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kCalendar), 0U) << "not with every poll";

  desk.portal().clear_faults();
  desk.go_on(minutes{10});
  EXPECT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kCalendar), 1U);
  EXPECT_NE(desk.meta(kAbsencesMeta), known);
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingCalendar,
                         testing::Values(sim::Fault{.kind = sim::FaultKind::error,
                                                    .method = kCalendar,
                                                    .count = -1,
                                                    .detail = "INTERNAL_SERVER_ERROR",
                                                    .status = 500},
                                         sim::Fault{.kind = sim::FaultKind::operating_limit,
                                                    .method = kCalendar,
                                                    .count = -1}),
                         [](const auto& test) { return std::string{sim::name(test.param.kind)}; });

TEST(PullerTrouble, OfAllStreamsEndsWithTheNextGoodPass) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  desk.portal().add_fault(outage());
  desk.go_on(seconds{30});
  const PassReport failed = desk.pass();
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(desk.problems(), std::set<std::string>{failed.error->text});
  for (const Entity entity : kEntities) {
    EXPECT_NE(desk.stream(entity).problem, "") << name(entity);
    EXPECT_FALSE(desk.stream(entity).refused) << name(entity);
  }
  desk.portal().clear_faults();
  desk.go_on(seconds{30});
  EXPECT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.problems(), kNone);
}

TEST(PullerTrouble, InTheMiddleOfTheFirstReadIsNoRefusal) {
  Desk desk;
  desk.portal().add_fault(outage());
  ASSERT_TRUE(desk.pass().error);
  EXPECT_NE(desk.stream(Entity::deal).problem, "");
  EXPECT_FALSE(desk.stream(Entity::deal).refused);
  EXPECT_FALSE(desk.stream(Entity::deal).full_done);
  desk.portal().clear_faults();
  EXPECT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.problems(), kNone);
  EXPECT_TRUE(desk.stream(Entity::deal).full_done);
}

TEST(PullerTrouble, OfOneListThatFailsForTheMomentIsNoRefusal) {
  Desk desk;
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = "tasks.task.list",
                           .count = -1,
                           .detail = "INTERNAL_SERVER_ERROR",
                           .status = 500});
  const PassReport report = desk.pass();
  EXPECT_FALSE(report.error);
  EXPECT_GE(report.streams.size(), 1U);
  EXPECT_NE(desk.stream(Entity::task).problem, "");
  EXPECT_FALSE(desk.stream(Entity::task).refused);
  EXPECT_TRUE(desk.stream(Entity::deal).full_done);
}

TEST(PullerTrouble, RefusalStandsWhileThePortalIsAway) {
  sim::PortalOptions options = small_company();
  options.scopes.erase("telephony");
  Desk desk{options};
  EXPECT_FALSE(desk.pass().error);
  const StreamState refused = desk.stream(Entity::call);
  EXPECT_TRUE(refused.refused);
  EXPECT_NE(refused.problem, "");
  EXPECT_EQ(desk.problems().size(), 1U);

  desk.portal().add_fault(outage());
  ASSERT_TRUE(desk.pass().error);
  EXPECT_EQ(desk.stream(Entity::call).problem, refused.problem);
  EXPECT_EQ(desk.problems().size(), 2U);

  desk.portal().clear_faults();
  EXPECT_FALSE(desk.pass().error);
  EXPECT_TRUE(desk.stream(Entity::call).refused);
  EXPECT_EQ(desk.problems(), std::set<std::string>{refused.problem});
}

TEST(PullerTrouble, AHintedRowThatIsNotUnderstoodIsNotGone) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t id = desk.portal().ids(Entity::deal).front();
  desk.portal().add_fault(
      {.kind = sim::FaultKind::broken_row, .method = "crm.item.list", .count = -1});
  desk.hints.add({Entity::deal, id});
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_GE(desk.reader().rejected_counts()[Entity::deal], 1);
  EXPECT_TRUE(desk.has_deal(id));

  desk.portal().clear_faults();
  desk.delete_deal(id);
  desk.hints.add({Entity::deal, id});
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_FALSE(desk.has_deal(id));
}

TEST(PullerTrouble, FactsThatCannotBeReadAreTold) {
  Desk desk{small_company(), {.pace = {seconds{1}, seconds{1}}}};
  desk.ticks.set_manual(true);
  std::jthread running{[&](const std::stop_token& stop) { desk.puller->run(stop); }};
  const auto all_read = [&] { return desk.meta(kAbsencesMeta).has_value(); };
  ASSERT_TRUE(eventually(all_read));
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = "profile",
                           .count = -1,
                           .detail = "INSUFFICIENT_SCOPE",
                           .status = 403});
  desk.go_on(hours{1});
  EXPECT_TRUE(eventually([&] { return desk.problems().size() == 1; }));
  EXPECT_FALSE(desk.stream(Entity::deal).refused);
  desk.portal().clear_faults();
  desk.go_on(minutes{10});
  EXPECT_TRUE(eventually([&] { return desk.problems().empty(); }));
}

// A used-up operating budget is the method's own matter.
TEST(PullerTrouble, AMethodThatMustRestHoldsUpNoOther) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const auto calls = desk.number("SELECT count(*) FROM v_call");
  const std::int64_t deal = desk.portal().ids(Entity::deal).front();
  desk.portal().mutate(60, 1);
  desk.delete_deal(deal);
  desk.hints.add({Entity::deal, deal});
  desk.portal().add_fault(
      {.kind = sim::FaultKind::operating_limit, .method = "voximplant.statistic.get"});
  const SteadyTime began = desk.clock.steady_now();
  EXPECT_FALSE(desk.pass().error);
  EXPECT_LT(desk.clock.steady_now() - began, minutes{1});
  EXPECT_FALSE(desk.has_deal(deal));
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_call"), calls);
  EXPECT_EQ(desk.problems(), std::set<std::string>{});
  desk.go_on(minutes{11});
  EXPECT_FALSE(desk.pass().error);
  EXPECT_GT(desk.number("SELECT count(*) FROM v_call"), calls);
}

TEST(PullerTrouble, HintsOfAFailedPassAreNotLost) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t gone = desk.portal().ids(Entity::deal).front();
  const std::int64_t there = desk.portal().ids(Entity::deal).back();
  desk.delete_deal(gone);
  desk.hints.add({Entity::deal, gone});
  desk.hints.add({Entity::deal, there});
  desk.portal().add_fault(outage());
  ASSERT_TRUE(desk.pass().error);
  EXPECT_TRUE(desk.has_deal(gone));
  // They wait for the next pass, and do not hurry it.
  EXPECT_FALSE(desk.hints.wait(milliseconds{0}, desk.stop()));
  desk.portal().clear_faults();
  EXPECT_FALSE(desk.pass().error);
  EXPECT_FALSE(desk.has_deal(gone));
  EXPECT_TRUE(desk.has_deal(there));
  EXPECT_TRUE(desk.hints.take().empty());
}

TEST(PullerTrouble, PausesGrowBetweenThePollAndFiveMinutesOrThePoll) {
  const Error away = error(ErrorKind::unavailable, "away");
  const struct {
    seconds last, poll, want;
  } cases[] = {
      {seconds{0}, seconds{30}, seconds{30}},     {seconds{30}, seconds{30}, seconds{60}},
      {seconds{240}, seconds{30}, seconds{300}},  {seconds{300}, seconds{30}, seconds{300}},
      {seconds{0}, seconds{3600}, seconds{3600}}, {seconds{3600}, seconds{3600}, seconds{3600}},
  };
  for (const auto& c : cases) EXPECT_EQ(Puller::pause_after(away, c.last, c.poll), c.want);
  EXPECT_EQ(Puller::pause_after(error(ErrorKind::blocked, ""), seconds{30}, seconds{30}),
            minutes{10});
}

TEST(PullerClock, SetBackPutsNothingOff) {
  Desk desk{small_company(), {.verify_requests = 0}};
  ASSERT_FALSE(desk.pass().error);
  desk.clock.set_back(hours{6});
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  desk.calls("user.get");
  desk.deal_lists();
  desk.calls(kCalendar);
  desk.go_on(minutes{15});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.deal_lists(), 2U) << "what changed, and the count";
  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_GE(desk.calls("user.get"), 1U);
  EXPECT_EQ(desk.calls(kCalendar), 1U);
}

TEST(PullerTasks, ClosedWithoutADateOfChangeAreSeen) {
  sim::PortalOptions options = small_company();
  options.closing_changes_tasks = false;
  Desk desk{options, {.details = {.requests = 0}}};
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t id = desk.number("SELECT min(id) FROM v_task WHERE status IN (2, 3)");
  ASSERT_GT(id, 0);
  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);  // moves the watermark on
  desk.portal().call("tasks.task.update",
                     fmt::format(R"({{"taskId":{},"fields":{{"STATUS":5}}}})", id));
  desk.go_on(seconds{30});
  const std::uint64_t requests = desk.portal().counters().requests;
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.portal().counters().requests - requests, 1U);
  const std::string task = fmt::format(" FROM v_task WHERE id = {}", id);
  EXPECT_EQ(desk.number("SELECT status" + task), 5);
  EXPECT_EQ(desk.number("SELECT closed_at IS NOT NULL" + task), 1);
}

TEST(PullerTasks, AClosingThatCouldNotBeReadIsNotPassedOver) {
  sim::PortalOptions options = small_company();
  options.closing_changes_tasks = false;
  Desk desk{options};
  ASSERT_FALSE(desk.pass().error);
  const auto before = desk.stream(Entity::task).watermark;
  desk.go_on(seconds{30});
  // Both lists twice, then one of them: after three faults in a row it is given up.
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = "tasks.task.list",
                           .count = 5,
                           .detail = "INTERNAL_SERVER_ERROR",
                           .status = 500});
  ASSERT_FALSE(desk.pass().error);
  desk.portal().clear_faults();
  EXPECT_EQ(desk.stream(Entity::task).watermark, before);
  ASSERT_FALSE(desk.pass().error);
  EXPECT_GT(desk.stream(Entity::task).watermark, before);
  EXPECT_EQ(desk.problems(), kNone);
}

TEST(DifferencesTest, AreBelievedWhenSeenTwiceAndNotWhenLeftByAComparison) {
  Differences differences;
  const auto believed = [&](std::int64_t d) { return differences.believed(Entity::deal, d); };
  EXPECT_FALSE(believed(0));
  EXPECT_FALSE(believed(1));  // a row created between two commands
  EXPECT_TRUE(differences.doubts());
  EXPECT_FALSE(believed(0));
  EXPECT_FALSE(differences.doubts());
  EXPECT_FALSE(believed(-3));
  EXPECT_TRUE(differences.is_open(Entity::deal));
  EXPECT_TRUE(believed(-3));
  EXPECT_FALSE(differences.doubts());
  differences.compared(Entity::deal);
  EXPECT_TRUE(differences.is_open(Entity::deal));
  EXPECT_FALSE(believed(-3));  // the comparison has not helped
  EXPECT_FALSE(believed(-3));
  EXPECT_FALSE(believed(-4));
  EXPECT_TRUE(believed(-4));
  EXPECT_FALSE(differences.believed(Entity::task, -4));  // each stream for itself
  differences.compared(Entity::deal);
  EXPECT_FALSE(believed(0));  // it has helped,
  EXPECT_FALSE(believed(-4));
  EXPECT_TRUE(believed(-4));  // so the same number is news
}

TEST(PullerSweep, OneDifferingCountIsNotBelieved) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t gone = desk.portal().ids(Entity::deal).front();
  desk.go_on(minutes{15});
  desk.delete_deal(gone);
  desk.deal_lists();
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.deal_lists(), 2U) << "what changed, and the count";
  EXPECT_TRUE(desk.has_deal(gone));
  // The difference is over by the second look: the hint came.
  desk.hints.add({Entity::deal, gone});
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.deal_lists(), 3U) << "the hint besides";
  EXPECT_FALSE(desk.has_deal(gone));
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.deal_lists(), 1U);
}

TEST(PullerSweep, GoesOnBesideThePollsInChunks) {
  sim::PortalOptions options = sim::bare(small_company());
  options.deals = 6000;  // three requests of ids
  Desk desk{options, {.sweep_requests = 1}};
  ASSERT_FALSE(desk.pass().error);
  const std::vector<std::int64_t> ids = desk.portal().ids(Entity::deal);
  const std::int64_t gone = ids.front();
  desk.go_on(minutes{15});
  desk.delete_deal(gone);
  ASSERT_FALSE(desk.pass().error);  // doubted
  for (int round = 1; round <= 3; ++round) {
    EXPECT_TRUE(desk.has_deal(gone)) << round;
    desk.portal().call(
        "crm.item.update",
        fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"title":"round {}"}}}})", ids.back(),
                    round));
    desk.go_on(seconds{30});
    const std::uint64_t requests = desk.portal().counters().requests;
    ASSERT_FALSE(desk.pass().error);
    EXPECT_EQ(desk.portal().counters().requests - requests, 2U) << "the poll and one chunk";
    EXPECT_EQ(
        desk.number(fmt::format("SELECT count(*) FROM v_deal WHERE id = {} AND title = 'round {}'",
                                ids.back(), round)),
        1);
  }
  EXPECT_FALSE(desk.has_deal(gone));
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_deal"), 5999);
  for (const std::uint64_t expected : {2U, 1U}) {
    desk.go_on(seconds{30});
    const std::uint64_t requests = desk.portal().counters().requests;
    ASSERT_FALSE(desk.pass().error);
    EXPECT_EQ(desk.portal().counters().requests - requests, expected)
        << "once with the question why the deal is gone";
  }
}

TEST(PullerSweep, FinishesInOneGoWhenAsked) {
  sim::PortalOptions options = sim::bare(small_company());
  options.deals = 6000;
  Desk desk{options, {.sweep_requests = 1}};
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t gone = desk.portal().ids(Entity::deal).front();
  desk.delete_deal(gone);
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_FALSE(desk.has_deal(gone));
}

TEST(PullerSweep, AFailureDoesNotBeginItAnew) {
  sim::PortalOptions options = sim::bare(small_company());
  options.deals = 6000;
  Desk desk{options, {.sweep_requests = 1}};
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t gone = desk.portal().ids(Entity::deal).front();
  desk.go_on(minutes{15});
  desk.delete_deal(gone);
  ASSERT_FALSE(desk.pass().error);
  ASSERT_FALSE(desk.pass().error);  // the first chunk
  desk.portal().add_fault(outage());
  ASSERT_TRUE(desk.pass().error);
  desk.portal().clear_faults();
  ASSERT_FALSE(desk.pass().error);
  ASSERT_FALSE(desk.pass().error);
  EXPECT_FALSE(desk.has_deal(gone));
}

TEST(HintsTest, PutBackDoNotWakeButCome) {
  Hints hints;
  const std::stop_token none;
  hints.put_back({Entity::deal, 7});
  EXPECT_FALSE(hints.wait(milliseconds{0}, none));
  EXPECT_TRUE(hints.add({Entity::deal, 8}));
  EXPECT_TRUE(hints.wait(milliseconds{0}, none));
  const auto all = hints.take();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.at(Entity::deal), (std::set<std::int64_t>{7, 8}));
  EXPECT_FALSE(hints.wait(milliseconds{0}, none));
}

TEST(HintsTest, AreBounded) {
  Hints hints{2};
  EXPECT_TRUE(hints.add({Entity::deal, 1}));
  EXPECT_TRUE(hints.add({Entity::deal, 2}));
  EXPECT_FALSE(hints.add({Entity::deal, 3}));
  EXPECT_TRUE(hints.add({Entity::deal, 2}));
  hints.put_back({Entity::task, 3});
  EXPECT_EQ(hints.dropped(), 2U);
}

}  // namespace
}  // namespace b24
