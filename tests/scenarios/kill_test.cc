#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "tests/support/workplace.h"

// SIGKILL at random moments, while reading and while telling: afterwards the mirror equals the
// portal, every alert is on the screen, and none twice.

namespace b24 {
namespace {

using nlohmann::json;

int kills() {
  const char* wish = std::getenv("B24_KILLS");
  return wish == nullptr ? 100 : std::atoi(wish);
}

sim::PortalOptions company() {
  return {.managers = 8,
          .deals = 3000,
          .tasks = 1500,
          .calls = 12000,
          .leads = 300,
          .contacts = 300,
          .companies = 100,
          .quotes = 150,
          .invoices = 150,
          .activities = 1000,
          .days = 30,  // payments are followed for five weeks
          .problems = false,
          .limits = {.enabled = false}};
}

// Each start takes for granted that the one before it sent requests which nobody noted, and waits
// for the room: of so many in a row that would be most of the time.
void let_start_at_once(Workplace& workplace) {
  workplace.limits = false;
  workplace.configure();
}

TEST(KillScenario, ReadingGoesOnWhereItWas) {
  Workplace workplace{company()};
  let_start_at_once(workplace);
  workplace.portal().add_fault(
      {.kind = sim::FaultKind::slow, .count = -1, .delay = milliseconds{20}});
  auto& portal = workplace.portal();
  std::mt19937 random{7};
  std::uniform_int_distribution<std::uint64_t> requests{0, 6};
  std::uniform_int_distribution<int> lifetime{0, 30};
  int struck = 0;
  for (int i = 0; i < kills(); ++i) {
    const auto enough = portal.counters().requests + requests(random);
    Process sync{workplace.command({"sync"}), workplace.folder()};
    portal.mutate(20, static_cast<std::uint64_t>(i) + 1);
    ASSERT_TRUE(
        eventually([&] { return portal.counters().requests >= enough || !sync.running(); }));
    std::this_thread::sleep_for(milliseconds{lifetime(random)});
    struck += sync.running() ? 1 : 0;
    sync.signal(SIGKILL);
    sync.wait();
  }
  EXPECT_GE(struck, kills() / 5) << "most reads ended before their kill";
  portal.clear_faults();
  EXPECT_EQ(workplace.run({"sync"}).exit_code, 0);
  EXPECT_EQ(differences(workplace, Asked::by_polls), "");
  EXPECT_EQ(link_differences(workplace), "");
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "");
  const Finished verified = workplace.run({"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

// What a rule reads on demand is asked for by the service alone, from its second look on.
TEST(KillScenario, GoodsAndCommentsAreReadToTheEnd) {
  sim::PortalOptions options = company();
  options.deals = 300;
  options.tasks = options.calls = options.activities = 100;
  Workplace workplace{options};
  let_start_at_once(workplace);
  workplace.read_on_demand();
  auto& portal = workplace.portal();
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  portal.add_fault({.kind = sim::FaultKind::slow, .count = -1, .delay = milliseconds{20}});
  std::mt19937 random{13};
  std::uniform_int_distribution<int> lifetime{0, 60};
  const auto asked = [&] {
    const auto counters = portal.counters();
    const auto of = [&](const char* method) {
      const auto found = counters.methods.find(method);
      return found == counters.methods.end() ? 0 : found->second;
    };
    return of("crm.item.productrow.list") + of("crm.timeline.comment.list");
  };
  for (int i = 0; i < std::max(3, kills() / 20); ++i) {
    portal.mutate(60, static_cast<std::uint64_t>(i) + 1);
    const auto before = asked();
    Process run{workplace.command({"run"}), workplace.folder()};
    ASSERT_TRUE(eventually([&] { return asked() > before; })) << run.err();
    std::this_thread::sleep_for(milliseconds{lifetime(random)});
    ASSERT_TRUE(run.running()) << run.err();
    run.signal(SIGKILL);
    run.wait();
  }
  portal.clear_faults();
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "");
  const Finished verified = workplace.run({"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST(KillScenario, EveryAlertArrivesAndNoneTwice) {
  Workplace workplace{company()};
  let_start_at_once(workplace);
  auto& portal = workplace.portal();
  const json facts = json::parse(portal.facts());
  {
    // The first look, so that what comes later is news.
    Process run{workplace.command({"run"}), workplace.folder()};
    ASSERT_TRUE(eventually([&] { return workplace.has_begun(); })) << run.err();
    run.signal(SIGTERM);
    ASSERT_EQ(run.wait().exit_code, 0) << run.err();
  }
  std::mt19937 random{11};
  std::uniform_int_distribution<int> lifetime{0, 400};
  std::set<std::int64_t> troubled;
  for (int i = 0; i < kills(); ++i) {
    // Every so often somebody new gets into trouble.
    if (i % std::max(1, kills() / 8) == 0 && troubled.size() < facts["managers"].size()) {
      const auto manager = facts["managers"][troubled.size()].get<std::int64_t>();
      troubled.insert(manager);
      for (int t = 0; t < 60; ++t) {
        const json fields = {{"TITLE", fmt::format("Задача {}", t)},
                             {"RESPONSIBLE_ID", manager},
                             {"CREATED_BY", manager},
                             {"DEADLINE", format_offset(portal.now() - days{4}, hours{3})}};
        portal.call("tasks.task.add", json{{"fields", fields}}.dump());
      }
    }
    const auto requests = portal.counters().requests;
    Process run{workplace.command({"run"}), workplace.folder()};
    // Some kills strike while it starts, the others while it works.
    if (i % 4 != 0) {
      ASSERT_TRUE(eventually([&] { return portal.counters().requests > requests; })) << run.err();
    }
    std::this_thread::sleep_for(milliseconds{lifetime(random)});
    run.signal(SIGKILL);
    run.wait();
  }
  Process run{workplace.command({"run"}), workplace.folder()};
  // What is on the screens about each manager's pile.
  const auto shown = [&] {
    std::map<std::int64_t, std::vector<std::string>> managers;
    for (const auto& notification : portal.visible()) {
      if (notification.tag.find("overdue_pile") == std::string::npos) continue;
      const auto id = notification.tag.find(":m") + 2;
      managers[std::stoll(notification.tag.substr(id))].push_back(notification.tag);
    }
    return managers;
  };
  EXPECT_TRUE(eventually([&] { return shown().size() == troubled.size(); }))
      << run.err() << shown().size() << " of " << troubled.size();
  const auto requests = portal.counters().requests;
  ASSERT_TRUE(eventually([&] { return portal.counters().requests >= requests + 4; }));
  for (const auto& [manager, tags] : shown()) {
    EXPECT_TRUE(troubled.contains(manager)) << manager;
    // One pile, one message: its first episode, shown once.
    ASSERT_EQ(tags.size(), 1U) << manager;
    EXPECT_TRUE(tags[0].ends_with(":e1")) << tags[0];
  }
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0);
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "");
  const Finished verified = workplace.run({"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace b24
