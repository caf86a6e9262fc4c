#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "connectors/bitrix24/details.h"
#include "tests/engine/desk.h"

// What activities are bound to, read after them.

namespace b24 {
namespace {

using nlohmann::json;

constexpr const char* kActivityLinksMethod = "crm.activity.binding.list";
constexpr const char* kBound = "SELECT count(*) FROM v_activity_link WHERE is_owner = 0";

sim::PortalOptions company_with_activities() {
  sim::PortalOptions options = small_company();
  options.activities = 120;
  return options;
}

// Every pair of the portal, in order.
std::vector<std::string> pairs_of_the_portal(Desk& desk) {
  std::vector<std::string> pairs;
  for (const std::int64_t id : desk.portal().ids(Entity::activity)) {
    const json answer = json::parse(
        desk.portal().call(kActivityLinksMethod, fmt::format(R"({{"activityId":{}}})", id)));
    for (const json& pair : answer.at("result")) {
      pairs.push_back(fmt::format("{} {} {}", id, pair.at("entityTypeId").get<std::int64_t>(),
                                  pair.at("entityId").get<std::int64_t>()));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::vector<std::string> pairs_of_the_mirror(Desk& desk) {
  std::vector<std::string> pairs;
  const auto ids = [&](const char* column) {
    return desk.ids(
        fmt::format("SELECT {} FROM v_activity_link ORDER BY activity_id, "
                    "entity_type_id, entity_id",
                    column));
  };
  const auto activities = ids("activity_id");
  const auto types = ids("entity_type_id");
  const auto objects = ids("entity_id");
  for (std::size_t i = 0; i < activities.size(); ++i) {
    pairs.push_back(fmt::format("{} {} {}", activities[i], types[i], objects[i]));
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

TEST(PullerLinks, AreThoseOfThePortal) {
  Desk desk{company_with_activities()};
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), desk.portal().ids(Entity::activity).size());
  const auto pairs = pairs_of_the_portal(desk);
  EXPECT_GT(pairs.size(), desk.portal().ids(Entity::activity).size()) << "some have several";
  desk.calls(kActivityLinksMethod);
  EXPECT_EQ(pairs_of_the_mirror(desk), pairs);

  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 0U) << "nothing has changed";
  const std::int64_t changed = desk.portal().ids(Entity::activity).front();
  desk.portal().call("crm.activity.update",
                     fmt::format(R"({{"id":{},"fields":{{"SUBJECT":"Новая тема"}}}})", changed));
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 1U);
  EXPECT_EQ(pairs_of_the_mirror(desk), pairs);
}

TEST(PullerLinks, ManyAreReadLittleByLittle) {
  Desk desk{company_with_activities(), {.details = {.requests = 1}}};
  const auto all = desk.portal().ids(Entity::activity).size();
  ASSERT_GT(all, 100U);
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 50U);
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 0U) << "a look between two polls is for a hint";
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 50U);
  // Another process goes on where this one stood.
  desk.restart();
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), all - 100);
}

TEST(PullerLinks, APortalWithoutTheMethodIsReadAllTheSame) {
  Desk desk{company_with_activities()};
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = kActivityLinksMethod,
                           .count = -1,
                           .detail = "ERROR_METHOD_NOT_FOUND"});
  const PassReport report = desk.pass();
  EXPECT_FALSE(report.error) << report.error->text;
  EXPECT_TRUE(report.streams.empty());
  EXPECT_EQ(desk.number(kBound), 0);
  EXPECT_GT(desk.number("SELECT count(*) FROM v_activity_link"), 100) << "the owners";
  const auto asked = desk.calls(kActivityLinksMethod);
  EXPECT_LE(asked, 50U);
  desk.go_on(minutes{10});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 0U) << "it is left alone for an hour";
  desk.portal().clear_faults();
  desk.go_on(minutes{51});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_GT(desk.number(kBound), 0);
}

TEST(PullerLinks, OneThatIsRefusedHoldsUpNoOther) {
  Desk desk{company_with_activities()};
  ASSERT_FALSE(desk.pass().error);
  const auto ids = desk.portal().ids(Entity::activity);
  const auto change = [&](std::int64_t id) {
    desk.portal().call("crm.activity.update",
                       fmt::format(R"({{"id":{},"fields":{{"SUBJECT":"Новая тема"}}}})", id));
    desk.go_on(seconds{30});
    ASSERT_FALSE(desk.pass().error);
  };
  desk.portal().add_fault(
      {.kind = sim::FaultKind::error, .method = kActivityLinksMethod, .detail = "ACCESS_DENIED"});
  desk.calls(kActivityLinksMethod);
  change(ids.front());
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 1U);
  change(ids.back());
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 1U) << "and the first is not asked for again";
}

TEST(PullerLinks, WhatIsNotAnsweredForTheMomentHoldsUpNoOther) {
  Desk desk{company_with_activities()};
  const auto all = desk.portal().ids(Entity::activity).size();
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = kActivityLinksMethod,
                           .count = 10,
                           .detail = "INTERNAL_SERVER_ERROR",
                           .status = 500});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), all);
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 0U) << "not with every poll";
  desk.go_on(minutes{10});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 10U);
  const auto pairs = pairs_of_the_portal(desk);
  EXPECT_EQ(pairs_of_the_mirror(desk), pairs);
}

TEST(PullerLinks, AMethodThatAnswersNothingIsLeftAloneForAWhile) {
  Desk desk{company_with_activities()};
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = kActivityLinksMethod,
                           .count = -1,
                           .detail = "INTERNAL_SERVER_ERROR",
                           .status = 500});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 50U);
  desk.go_on(minutes{9});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 0U);
  desk.portal().clear_faults();
  desk.go_on(minutes{1});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), desk.portal().ids(Entity::activity).size());
}

TEST(PullerLinks, WhatIsGoneMeanwhileHasNone) {
  Desk desk{company_with_activities(), {.details = {.requests = 0}}};
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t gone = desk.portal().ids(Entity::activity).back();
  desk.portal().call("crm.activity.delete", fmt::format(R"({{"id":{}}})", gone));
  desk.restart();
  ASSERT_FALSE(desk.pass().error);
  EXPECT_GT(desk.number(kBound), 0);
  desk.calls(kActivityLinksMethod);
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivityLinksMethod), 0U) << "it is not asked for again";
}

}  // namespace
}  // namespace b24
