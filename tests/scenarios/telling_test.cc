#include <gtest/gtest.h>

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/workplace.h"

// A day with the head of sales: what he is shown, and what not.

namespace b24 {
namespace {

using nlohmann::json;

sim::PortalOptions calm_company() {
  return {.managers = 6,
          .deals = 200,
          .tasks = 150,
          .calls = 3000,
          .problems = false,
          .limits = {.enabled = false}};
}

// A manager who is nobody's head and owns deals, and his head.
struct Pair {
  std::int64_t manager;
  std::int64_t head;
};
Pair some_manager(sim::Portal& portal) {
  const json facts = json::parse(portal.facts());
  const std::int64_t manager = facts["managers"][0].get<std::int64_t>();
  return {manager, facts["heads"][std::to_string(manager)].get<std::int64_t>()};
}

void add_overdue_tasks(sim::Portal& portal, std::int64_t manager, int count) {
  for (int i = 0; i < count; ++i) {
    const json fields = {{"TITLE", fmt::format("Перезвонить клиенту [{}]", i + 1)},
                         {"RESPONSIBLE_ID", manager},
                         {"CREATED_BY", manager},
                         {"DEADLINE", format_offset(portal.now() - days{3 + i}, hours{3})}};
    portal.call("tasks.task.add", json{{"fields", fields}}.dump());
  }
}

void close_all_tasks(sim::Portal& portal, std::int64_t manager) {
  for (const json& task : json::parse(portal.rows(Entity::task))) {
    if (task["responsibleId"] != std::to_string(manager) || task["status"] == "5") continue;
    portal.call("tasks.task.update",
                json{{"taskId", task["id"]}, {"fields", {{"STATUS", "5"}}}}.dump());
  }
}

// What is on the screen about one manager's pile.
std::vector<sim::Notification> piles(sim::Portal& portal, std::int64_t head) {
  std::vector<sim::Notification> found;
  for (const auto& shown : portal.visible(head)) {
    if (shown.tag.find("overdue_pile") != std::string::npos) found.push_back(shown);
  }
  return found;
}

const char* kQuick = "rules: [rules]\n";

// The shipped rule with no wait between two texts, so that a test need not wait ten minutes.
void without_waiting(Workplace& workplace) {
  std::filesystem::create_directories(workplace.folder() + "/rules");
  std::ofstream{workplace.folder() + "/rules/own.yaml"} << R"(version: 1
rules:
  - id: overdue_pile
    name: Много просроченных задач
    metric: tasks_overdue_open
    by: manager
    above: 4
    where: share_percent >= 20
    group: {by: manager, wait: 0 seconds, max_items: 7}
    text: "🟡 {manager}: просрочено задач – {value|number}"
    item: "• [url={url}]{title}[/url]"
    resolved: "✅ {manager}: просроченные задачи разобраны"
)";
  workplace.configure(kQuick);
}

TEST(TellingScenario, FirstStartIsOneSummaryAndNoFlood) {
  sim::PortalOptions options = calm_company();
  options.problems = true;
  Workplace workplace{options};
  Process run{workplace.command({"run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return !workplace.portal().visible().empty(); })) << run.err();
  // Some polls later there is still nothing but the summary for each head.
  const auto polls = workplace.portal().counters().requests;
  ASSERT_TRUE(eventually([&] { return workplace.portal().counters().requests >= polls + 4; }));
  std::set<std::int64_t> told;
  for (const auto& shown : workplace.portal().visible()) {
    EXPECT_TRUE(told.insert(shown.user_id).second) << shown.text;
    EXPECT_TRUE(shown.system);
    EXPECT_EQ(shown.client_id, "b24watch");
  }
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0);
}

TEST(TellingScenario, AlertIsToldReplacedAndClosed) {
  Workplace workplace{calm_company()};
  without_waiting(workplace);
  auto& portal = workplace.portal();
  const Pair who = some_manager(portal);
  Process run{workplace.command({"run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return workplace.has_begun(); })) << run.err();

  add_overdue_tasks(portal, who.manager, 40);
  ASSERT_TRUE(eventually([&] { return piles(portal, who.head).size() == 1; })) << run.err();
  const auto first = piles(portal, who.head).front();
  EXPECT_NE(first.text.find("просрочено задач"), std::string::npos) << first.text;
  EXPECT_NE(first.text.find("/tasks/task/view/"), std::string::npos) << first.text;
  // A title's brackets must not become mark-up.
  EXPECT_EQ(first.text.find("клиенту ["), std::string::npos) << first.text;
  EXPECT_NE(first.plain, "");

  add_overdue_tasks(portal, who.manager, 40);
  ASSERT_TRUE(eventually([&] { return piles(portal, who.head).front().id != first.id; }));
  EXPECT_EQ(piles(portal, who.head).size(), 1U);
  EXPECT_EQ(piles(portal, who.head).front().tag, first.tag);

  close_all_tasks(portal, who.manager);
  ASSERT_TRUE(eventually([&] {
    const auto shown = piles(portal, who.head);
    return shown.size() == 1 && shown.front().text.find("✅") != std::string::npos;
  })) << run.err();

  // A new pile is a new episode: news, beside the closed one.
  add_overdue_tasks(portal, who.manager, 40);
  ASSERT_TRUE(eventually([&] { return piles(portal, who.head).size() == 2; }));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0);
}

// The pile was made after the backup: it is gone, and nobody has worked it off.
TEST(TellingScenario, ARestoredPortalResolvesNothing) {
  Workplace workplace{calm_company()};
  without_waiting(workplace);
  auto& portal = workplace.portal();
  const Pair who = some_manager(portal);
  portal.back_up();
  {
    Process run{workplace.command({"run"}), workplace.folder()};
    ASSERT_TRUE(eventually([&] { return workplace.has_begun(); })) << run.err();
    add_overdue_tasks(portal, who.manager, 40);
    for (int i = 0; i < 20; ++i) {
      portal.call("crm.item.add", R"({"entityTypeId":2,"fields":{"title":"lost"}})");
    }
    ASSERT_TRUE(eventually([&] { return piles(portal, who.head).size() == 1; })) << run.err();
    run.signal(SIGTERM);
    ASSERT_EQ(run.wait().exit_code, 0);
  }
  portal.restore();
  Process run{workplace.command({"run"}), workplace.folder()};
  const auto closed = [&] {
    const auto shown = piles(portal, who.head);
    return shown.size() == 1 && shown.front().text.starts_with("⚪");
  };
  ASSERT_TRUE(eventually(closed)) << run.err();
  EXPECT_NE(piles(portal, who.head)
                .front()
                .plain.find(
                    "портал восстановили из резервной копии, тревоги «Много просроченных задач» на "
                    "нём нет"),
            std::string::npos)
      << piles(portal, who.head).front().plain;
  const auto told = portal.visible(1);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.front().plain.find("пропали самые новые сделки (20), задачи (40)"),
            std::string::npos)
      << told.front().plain;
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0);
  EXPECT_EQ(workplace.run({"sync"}).exit_code, 0);
  EXPECT_EQ(differences(workplace), "");
}

TEST(TellingScenario, RestartRepeatsNothing) {
  Workplace workplace{calm_company()};
  auto& portal = workplace.portal();
  const Pair who = some_manager(portal);
  const auto start = [&] {
    return std::make_unique<Process>(workplace.command({"run"}), workplace.folder());
  };
  auto run = start();
  ASSERT_TRUE(eventually([&] { return workplace.has_begun(); }));
  add_overdue_tasks(portal, who.manager, 40);
  ASSERT_TRUE(eventually([&] { return piles(portal, who.head).size() == 1; })) << run->err();
  const auto posted = portal.notifications().size();
  for (int i = 0; i < 3; ++i) {
    run->signal(SIGTERM);
    EXPECT_EQ(run->wait().exit_code, 0);
    const auto requests = portal.counters().requests;
    run = start();
    ASSERT_TRUE(eventually([&] { return portal.counters().requests >= requests + 4; }));
  }
  EXPECT_EQ(portal.notifications().size(), posted);
}

TEST(TellingScenario, PortalDownDelaysAndLosesNothing) {
  Workplace workplace{calm_company()};
  auto& portal = workplace.portal();
  const Pair who = some_manager(portal);
  Process run{workplace.command({"run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return workplace.has_begun(); }));
  // Every delivery fails at first, after it was carried out: the answer alone is lost.
  portal.add_fault({.kind = sim::FaultKind::reset,
                    .method = "im.notify.system.add",
                    .count = 2,
                    .strikes = sim::Strikes::after});
  add_overdue_tasks(portal, who.manager, 40);
  ASSERT_TRUE(eventually([&] { return portal.notifications().size() >= 3; }, seconds{60}))
      << run.err();
  EXPECT_EQ(piles(portal, who.head).size(), 1U);
}

TEST(TellingScenario, ReloadTakesAllRulesOrNone) {
  Workplace workplace{calm_company()};
  without_waiting(workplace);
  Process run{workplace.command({"run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return workplace.has_begun(); }));
  const std::string file = workplace.folder() + "/rules/own.yaml";
  std::ofstream{file, std::ios::app} << "  - id: broken\n    metrik: deals_open\n";
  run.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return run.err().find("rules not loaded") != std::string::npos; }));
  // The earlier rules go on judging.
  auto& portal = workplace.portal();
  const Pair who = some_manager(portal);
  add_overdue_tasks(portal, who.manager, 40);
  ASSERT_TRUE(eventually([&] { return piles(portal, who.head).size() == 1; })) << run.err();

  without_waiting(workplace);
  run.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return run.err().find("rules loaded") != std::string::npos; }))
      << run.err();
  EXPECT_EQ(piles(portal, who.head).size(), 1U);

  // An edit ends what no longer matches, and calls it no recovery.
  std::ofstream{file} << "version: 1\nrules:\n  - id: overdue_pile\n    above: 4000\n"
                      << "    clear_below: 4000\n";
  run.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] {
    const auto shown = piles(portal, who.head);
    return shown.size() == 1 && shown[0].text.find("изменили") != std::string::npos;
  })) << run.err();
  EXPECT_EQ(piles(portal, who.head)[0].text.find("🟢"), std::string::npos);
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0);
}

TEST(TellingScenario, DryRunShowsAndSendsNothing) {
  sim::PortalOptions options = calm_company();
  options.problems = true;
  Workplace workplace{options};
  Process run{workplace.command({"run", "--dry-run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return run.out().find("b24watch") != std::string::npos; }))
      << run.err();
  run.signal(SIGINT);
  EXPECT_EQ(run.wait().exit_code, 0);
  EXPECT_TRUE(workplace.portal().notifications().empty());
}

TEST(TellingScenario, StopsAtOnceEvenWhileThePortalHangs) {
  Workplace workplace{calm_company()};
  Process run{workplace.command({"run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return workplace.portal().counters().requests >= 3; }));
  workplace.portal().add_fault({.kind = sim::FaultKind::slow, .count = -1, .delay = seconds{20}});
  const auto requests = workplace.portal().counters().requests;
  ASSERT_TRUE(eventually([&] { return workplace.portal().counters().requests > requests; }));
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(seconds{10}).exit_code, 0) << run.err();
}

}  // namespace
}  // namespace b24
