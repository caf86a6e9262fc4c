#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/engine/company.h"
#include "tests/engine/desk.h"

// A deal that only time makes worth an alert, and what became of it on the portal a minute before.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr const char* kRules = R"(version: 1
rules:
  - id: old_deals
    name: Старые сделки
    each: deal
    where: closed = 0
    since: stage_since
    longer_than: 400 days
    group: {by: manager, wait: 0 seconds, max_items: 5}
    text: "Сделок {count}"
    item: "{title}"
)";

class PointCheckPortal : public testing::Test {
 protected:
  static sim::PortalOptions company() {
    sim::PortalOptions options = sim::bare(small_company());
    options.problems = false;
    return options;
  }

  // A deal of the manager that will be too old in ten minutes.
  std::int64_t add_deal(std::size_t manager, const std::string& title) {
    const auto facts = nlohmann::json::parse(desk_.portal().facts());
    const std::string moved = format_utc(desk_.ticks.now() - days{400} + minutes{10});
    const nlohmann::json fields = {{"title", title},
                                   {"assignedById", facts["managers"][manager]},
                                   {"createdTime", moved},
                                   {"movedTime", moved}};
    const nlohmann::json asked = {{"entityTypeId", 2}, {"fields", fields}};
    const auto made = nlohmann::json::parse(desk_.portal().call("crm.item.add", asked.dump()));
    return made["result"]["item"]["id"];
  }
  // Looks until the rules have begun with what is there, and nothing more is read at once.
  void begin() {
    ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
    for (int i = 0; i < 3; ++i) look();
    ASSERT_THAT(desk_.told(), IsEmpty());
  }
  PassReport look() {
    desk_.go_on(minutes{1});
    return desk_.pass();
  }
  // One by one what the looks of so many minutes told.
  Lines looks(int count) {
    Lines told;
    for (int i = 0; i < count; ++i) {
      look();
      std::ranges::move(desk_.told(), std::back_inserter(told));
    }
    return told;
  }

  Desk desk_{company(), {}, rules_of(kRules)};
};

TEST_F(PointCheckPortal, WhatBecameOfADealAMinuteAgoIsKnownBeforeItIsTold) {
  const std::int64_t deleted = add_deal(0, "Удалённая");
  const std::int64_t hidden = add_deal(1, "Скрытая");
  const std::int64_t moved = add_deal(2, "Сдвинутая");
  add_deal(3, "Забытая");
  begin();
  ASSERT_THAT(looks(6), IsEmpty());
  desk_.portal().remove(Entity::deal, deleted);
  desk_.portal().hide(Entity::deal, hidden);
  desk_.portal().call(
      "crm.item.update",
      fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"stageId":"WON"}}}})", moved));
  desk_.portal().reset_counters();
  EXPECT_THAT(looks(5), ElementsAre("Сделок 1\nЗабытая"));
  // Five polls, in which the four deals are asked for beside the lists; and why two are gone.
  EXPECT_EQ(desk_.portal().counters().requests, 6U);
  EXPECT_EQ(desk_.ids("SELECT entity_id FROM v_hidden"), std::vector<std::int64_t>{hidden});
  EXPECT_EQ(desk_.reader().deleted(Entity::deal, {deleted, hidden, moved}),
            (std::vector<std::int64_t>{deleted, hidden}));
  desk_.portal().reset_counters();
  EXPECT_THAT(looks(3), IsEmpty());
  EXPECT_EQ(desk_.portal().counters().requests, 3U) << "one a poll when nothing is new";
}

TEST_F(PointCheckPortal, APortalInTroubleLosesNothingAndIsToldOnce) {
  add_deal(0, "Забытая");
  begin();
  ASSERT_THAT(looks(6), IsEmpty());
  desk_.portal().add_fault({.kind = sim::FaultKind::error,
                            .method = "crm.item.list",
                            .count = -1,
                            .detail = "INTERNAL_SERVER_ERROR",
                            .status = 500});
  EXPECT_THAT(looks(4), IsEmpty());
  desk_.portal().clear_faults();
  desk_.portal().add_fault(outage());
  EXPECT_TRUE(look().error);
  desk_.portal().clear_faults();
  EXPECT_THAT(looks(3), ElementsAre("Сделок 1\nЗабытая"));
  EXPECT_THAT(looks(3), IsEmpty());
}

// Rights that are lost for many deals: the administrators hear of it, and of the end.
TEST_F(PointCheckPortal, LostRightsAreTold) {
  begin();
  const auto ids = desk_.portal().ids(Entity::deal);
  for (std::size_t i = 0; i < 6; ++i) {
    desk_.portal().hide(Entity::deal, ids[i]);
    desk_.hints.add({Entity::deal, ids[i]});
  }
  EXPECT_THAT(looks(3),
              ElementsAre("🔴 b24watch: пользователю вебхука больше не видна часть портала: "
                          "сделки – 6.\nОни не удалены, у него отняли права на них. В "
                          "открытых показателях их пока нет. Верните ему права "
                          "администратора – вернутся и они."));
  EXPECT_THAT(looks(2), IsEmpty());
  for (std::size_t i = 0; i < 6; ++i) desk_.portal().show(Entity::deal, ids[i]);
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  EXPECT_THAT(looks(1),
              ElementsAre("✅ b24watch: пользователю вебхука снова видно всё. Не было видно: "
                          "сделки – 6."));
  EXPECT_THAT(looks(2), IsEmpty());
}

}  // namespace
}  // namespace b24
