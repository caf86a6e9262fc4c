#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/workplace.h"

// The shipped rules against what the generator planted: none missing, none extra.

namespace b24 {
namespace {

using nlohmann::json;

struct Size {
  int managers;
  std::int64_t deals;
  std::int64_t tasks;
  std::int64_t calls;
  std::uint64_t seed;
};

class PlantedFacts : public testing::TestWithParam<Size> {};

std::set<std::int64_t> keys(const json& findings, const char* id) {
  std::set<std::int64_t> ids;
  for (const json& finding : findings) ids.insert(finding["key"][id].get<std::int64_t>());
  return ids;
}

std::set<std::int64_t> keys_of_object(const json& object) {
  std::set<std::int64_t> ids;
  for (const auto& [key, value] : object.items()) ids.insert(std::stoll(key));
  return ids;
}

sim::PortalOptions company(const Size& size) {
  return {.managers = size.managers,
          .deals = size.deals,
          .tasks = size.tasks,
          .calls = size.calls,
          .seed = size.seed,
          // A Thursday, 15:30 in Moscow.
          .now = parse_time("2026-11-19T15:30:00+03:00"),
          .limits = {.enabled = false}};
}

// What the rules find is what the portal's own rows come to.
void expect_found(const Workplace& workplace, const json& facts) {
  const json piles = workplace.preview("overdue_pile");
  EXPECT_EQ(keys(piles, "manager_id"), keys_of_object(facts["overdue_pile"]));
  for (const json& finding : piles) {
    const auto id = std::to_string(finding["key"]["manager_id"].get<std::int64_t>());
    const auto want = facts["overdue_pile"][id].get<std::set<std::int64_t>>();
    EXPECT_EQ(finding["objects"].get<std::set<std::int64_t>>(), want);
    EXPECT_EQ(finding["value"], want.size());
  }

  const json loads = workplace.preview("overload_deals");
  EXPECT_EQ(keys(loads, "manager_id"), keys_of_object(facts["overload_deals"]));
  for (const json& finding : loads) {
    const auto id = std::to_string(finding["key"]["manager_id"].get<std::int64_t>());
    EXPECT_EQ(finding["value"], facts["overload_deals"][id]);
  }

  const json drops = workplace.preview("calls_drop_vs_baseline");
  EXPECT_EQ(keys(drops, "manager_id"), keys_of_object(facts["calls_drop_vs_baseline"]));
  for (const json& finding : drops) {
    const auto id = std::to_string(finding["key"]["manager_id"].get<std::int64_t>());
    const json& want = facts["calls_drop_vs_baseline"][id];
    EXPECT_NEAR(finding["value"].get<double>(), want["value"].get<double>(), 1e-6);
    EXPECT_NEAR(finding["norm"].get<double>(), want["norm"].get<double>(), 1e-6);
  }

  EXPECT_EQ(keys(workplace.preview("deal_stuck_stage"), "deal_id"),
            facts["deal_stuck_stage"].get<std::set<std::int64_t>>());
}

TEST_P(PlantedFacts, AreFoundAndNothingElse) {
  Workplace workplace{company(GetParam())};
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  expect_found(workplace, json::parse(workplace.portal().facts()));
}

TEST_P(PlantedFacts, WithinAScope) {
  Workplace workplace{company(GetParam())};
  workplace.configure(R"(
scope:
  pipelines: [0]
  test_titles: ['ПАО*', 'Позвонить*']
  test_deal_types: [SERVICES]
  duration_offsets: {reg133780: 1 minute, reg133781: 5 minutes}
)");
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  const SalesScope scope = {
      .pipelines = {0},
      .test_titles = {"ПАО*", "Позвонить*"},
      .test_deal_types = {"SERVICES"},
      .duration_offsets = {{"reg133780", minutes{1}}, {"reg133781", minutes{5}}}};
  const json facts = json::parse(workplace.portal().facts(scope));
  const json without = json::parse(workplace.portal().facts());
  for (const char* rule :
       {"overdue_pile", "overload_deals", "calls_drop_vs_baseline", "deal_stuck_stage"}) {
    EXPECT_NE(facts[rule], without[rule]) << rule << ": the scope makes no difference";
  }
  expect_found(workplace, facts);
}

INSTANTIATE_TEST_SUITE_P(Sizes, PlantedFacts,
                         testing::Values(Size{8, 600, 500, 8000, 1}, Size{8, 600, 500, 8000, 2},
                                         Size{20, 3000, 2000, 20000, 3}),
                         [](const auto& test) { return "seed" + std::to_string(test.param.seed); });

}  // namespace
}  // namespace b24
