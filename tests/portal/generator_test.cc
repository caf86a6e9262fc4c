#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>

#include "tests/portal/php.h"
#include "tests/portal/portal.h"

namespace b24::sim {
namespace {

PortalOptions at(const char* now, std::uint64_t seed = 1) {
  return {.managers = 20,
          .departments = 3,
          .deals = 1500,
          .tasks = 1200,
          .calls = 12'000,
          .seed = seed,
          .now = parse_time(now)};
}

TEST(PortalGeneratorTest, MakesTheSameCompanyTwice) {
  const Portal first{at("2026-11-20T12:00:00+03:00")};
  const Portal second{at("2026-11-20T12:00:00+03:00")};
  const Portal other{at("2026-11-20T12:00:00+03:00", 2)};
  for (const Entity entity : kEntities) {
    EXPECT_EQ(first.rows(entity), second.rows(entity)) << name(entity);
  }
  EXPECT_EQ(first.facts(), second.facts());
  EXPECT_NE(first.rows(Entity::deal), other.rows(Entity::deal));
}

TEST(PortalGeneratorTest, MakesAsMuchAsAsked) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  EXPECT_EQ(portal.count(Entity::deal), 1500u);
  EXPECT_EQ(portal.count(Entity::task), 1200u);
  EXPECT_GE(portal.count(Entity::call), 12'000u);
  EXPECT_LE(portal.count(Entity::call), 13'000u);
  EXPECT_EQ(portal.count(Entity::department), 5u);
  for (const Entity entity : kEntities) {
    auto ids = portal.ids(entity);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << name(entity);
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size()) << name(entity);
  }
}

// Managers who play a part, in the order in which the parts are dealt out (generator.h); those at
// odd places are ordinary.
std::string part(const Json& facts, std::size_t number) {
  return facts["managers"][number * 2].dump();
}

std::set<std::string> keys(const Json& map) {
  std::set<std::string> names;
  for (const auto& [key, value] : map.items()) names.insert(key);
  return names;
}

// At any hour, on working days and at weekends, exactly the planted people are found.
TEST(PortalGeneratorTest, PlantsEachProblemForItsPeopleAlone) {
  for (const char* now : {"2026-11-20T12:00:00+03:00", "2026-11-20T20:00:00+03:00",
                          "2026-11-22T02:00:00+03:00", "2026-11-23T09:01:00+03:00"}) {
    for (const std::uint64_t seed : {1U, 2U}) {
      SCOPED_TRACE(fmt::format("{} seed {}", now, seed));
      const Portal portal{at(now, seed)};
      const Json facts = Json::parse(portal.facts());
      ASSERT_EQ(facts["managers"].size(), 20u);
      EXPECT_EQ(keys(facts["overdue_pile"]), std::set{part(facts, 0)});
      EXPECT_EQ(keys(facts["overload_deals"]), std::set{part(facts, 1)});
      EXPECT_EQ(keys(facts["calls_drop_vs_baseline"]), std::set{part(facts, 2)});
      EXPECT_GE(facts["deal_stuck_stage"].size(), 1u);
      EXPECT_EQ(facts["absent"].dump(), "[" + part(facts, 4) + "]");
    }
  }
}

TEST(PortalGeneratorTest, KeepsOrdinaryPeopleFarFromTheThresholds) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const Json facts = Json::parse(portal.facts());
  const std::string quiet = part(facts, 2);
  const Json& drop = facts["calls_drop_vs_baseline"][quiet];
  EXPECT_LT(drop["value"], 0.5 * drop["norm"].get<double>());
  EXPECT_GE(drop["norm"], 6);
  EXPECT_GE(facts["overdue_pile"][part(facts, 0)].size(), 8u);
  EXPECT_GT(facts["overload_deals"][part(facts, 1)], 40);
  std::map<std::int64_t, int> open;
  for (const Json& deal : Json::parse(portal.rows(Entity::deal))) {
    if (deal["closed"] == "N" && deal["isRecurring"] == "N") ++open[deal["assignedById"]];
  }
  for (const auto& [manager, count] : open) {
    if (std::to_string(manager) == part(facts, 1)) continue;
    EXPECT_GE(count, 15) << manager;
    EXPECT_LE(count, 25) << manager;
  }
}

TEST(PortalGeneratorTest, SetsTraps) {
  const Portal portal{at("2026-11-20T12:00:00+03:00")};
  const Json facts = Json::parse(portal.facts());
  std::map<std::string, std::map<std::string, int>> late;  // by manager and status
  int midnight = 0;
  for (const Json& task : Json::parse(portal.rows(Entity::task))) {
    if (task["deadline"].is_null()) continue;
    const std::string deadline = task["deadline"];
    if (deadline == "2026-11-20T00:00:00+03:00") ++midnight;
    if (deadline < "2026-11-20T12:00:00+03:00") ++late[task["responsibleId"]][task["status"]];
  }
  const auto id = [&](std::size_t number) { return part(facts, number); };
  EXPECT_EQ(midnight, 6);
  EXPECT_GE(late[id(4)]["2"] + late[id(4)]["3"], 7);  // on leave
  EXPECT_GE(late[id(6)]["6"], 6);                     // deferred
  EXPECT_GE(late[id(6)]["4"], 6);                     // awaiting control
  int templates = 0;
  for (const Json& deal : Json::parse(portal.rows(Entity::deal))) {
    templates += deal["isRecurring"] == "Y" && deal["closed"] == "N";
  }
  EXPECT_GE(templates, 15);
}

TEST(PortalGeneratorTest, MakesACompanyWithoutProblems) {
  PortalOptions options = at("2026-11-20T12:00:00+03:00");
  options.problems = false;
  const Portal portal{options};
  const Json facts = Json::parse(portal.facts());
  for (const char* rule : {"overdue_pile", "overload_deals", "calls_drop_vs_baseline"}) {
    EXPECT_TRUE(facts[rule].empty()) << rule;
  }
  EXPECT_TRUE(facts["deal_stuck_stage"].empty());
}

// The demo's problem comes, is named, and goes again.
TEST(PortalGeneratorTest, LivesThroughAProblemAndItsEnd) {
  PortalOptions options = at("2026-11-20T12:00:00+03:00");
  options.calls = 100;
  options.live = true;
  options.live_interval_seconds = 0.05;
  Portal portal{options};
  const std::size_t planted = Json::parse(portal.facts())["overdue_pile"].size();
  const auto wait_for_piles = [&](std::size_t count) {
    for (int i = 0; i < 1000; ++i) {
      if (Json::parse(portal.facts())["overdue_pile"].size() == count) return true;
      std::this_thread::sleep_for(milliseconds{10});
    }
    return false;
  };
  portal.start();
  EXPECT_TRUE(wait_for_piles(planted + 1));
  EXPECT_TRUE(wait_for_piles(planted));
  EXPECT_GT(portal.count(Entity::call), 100u);
}

TEST(PortalGeneratorTest, ChangesAtRandomAndTheSameForTheSameSeed) {
  Portal first{at("2026-11-20T12:00:00+03:00")};
  Portal second{at("2026-11-20T12:00:00+03:00")};
  const std::string before = first.rows(Entity::deal);
  first.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  second.set_now(*parse_time("2026-11-20T13:00:00+03:00"));
  const MutationCounts made = first.mutate(300, 7);
  second.mutate(300, 7);
  EXPECT_GT(made.deals_added, 0);
  EXPECT_GT(made.deals_deleted, 0);
  EXPECT_GT(made.tasks_closed, 0);
  EXPECT_GT(made.calls_added, 0);
  EXPECT_NE(first.rows(Entity::deal), before);
  for (const Entity entity : kEntities) EXPECT_EQ(first.rows(entity), second.rows(entity));
  int changed = 0;
  for (const Json& deal : Json::parse(first.rows(Entity::deal))) {
    changed += deal["updatedTime"] == "2026-11-20T13:00:00+03:00";
  }
  EXPECT_GT(changed, 50);
}

}  // namespace
}  // namespace b24::sim
