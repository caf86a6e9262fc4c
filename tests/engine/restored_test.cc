#include <nlohmann/json.hpp>

#include "tests/engine/desk.h"

// A portal that was restored from a backup has lost its newest rows, has older versions of others,
// and gives the ids of the lost ones to new rows.

namespace b24 {
namespace {

void add_rows(Desk& desk, int count) {
  for (int i = 0; i < count; ++i) {
    desk.portal().call("crm.item.add",
                       fmt::format(R"({{"entityTypeId":2,"fields":{{"title":"lost {}"}}}})", i));
    desk.portal().call(
        "tasks.task.add",
        fmt::format(R"({{"fields":{{"TITLE":"lost {}","RESPONSIBLE_ID":3,"CREATED_BY":1}}}})", i));
  }
}

std::int64_t lost(Desk& desk) {
  return desk.number("SELECT count(*) FROM v_deal WHERE title LIKE 'lost %'") +
         desk.number("SELECT count(*) FROM v_task WHERE title LIKE 'lost %'");
}

TEST(RestoredPortal, IsReadAnew) {
  Desk desk;
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  const std::int64_t deal = desk.portal().ids(Entity::deal).front();
  desk.portal().back_up();
  desk.go_on(hours{2});
  add_rows(desk, 12);
  desk.portal().call(
      "crm.item.update",
      fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"title":"lost change"}}}})", deal));
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(lost(desk), 25);

  desk.portal().restore();
  desk.go_on(hours{1});
  desk.portal().call("crm.item.add", R"({"entityTypeId":2,"fields":{"title":"new"}})");
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(lost(desk), 0);
  for (const Entity entity : {Entity::deal, Entity::task, Entity::call}) {
    EXPECT_EQ(desk.ids(fmt::format("SELECT id FROM v_{} ORDER BY id", name(entity))),
              desk.portal().ids(entity))
        << name(entity);
    EXPECT_TRUE(desk.stream(entity).full_done) << name(entity);
  }
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_deal WHERE title = 'new'"), 1);
  // It goes on as ever.
  desk.go_on(minutes{1});
  const std::uint64_t requests = desk.portal().counters().requests;
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.portal().counters().requests - requests, 1U);
}

TEST(RestoredPortal, WhatTheSamePassStillBringsIsNotTaken) {
  sim::PortalOptions company = small_company();
  company.calls = 9000;
  Desk desk{company, {.sweep_requests = 1}};
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  desk.portal().back_up();
  desk.go_on(hours{24});
  add_rows(desk, 12);
  for (int i = 0; i < 12; ++i) {
    desk.portal().call("crm.item.add", R"({"entityTypeId":1,"fields":{"title":"a lead"}})");
  }
  // The comparison of all calls has begun, and takes four passes.
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(desk.pass().error);
    desk.go_on(seconds{30});
  }
  ASSERT_EQ(lost(desk), 24);
  desk.portal().restore();
  for (int i = 0; i < 8; ++i) {
    desk.go_on(minutes{16});
    ASSERT_FALSE(desk.pass().error);
  }
  EXPECT_EQ(lost(desk), 0);
  for (const Entity entity : {Entity::deal, Entity::task, Entity::call, Entity::lead}) {
    EXPECT_EQ(desk.ids(fmt::format("SELECT id FROM v_{} ORDER BY id", name(entity))),
              desk.portal().ids(entity))
        << name(entity);
    EXPECT_TRUE(desk.stream(entity).full_done) << name(entity);
  }
}

TEST(RestoredPortal, WhatGoesWithSomethingElseIsNoSecondList) {
  Desk desk;
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  std::vector<std::int64_t> made;
  for (int i = 0; i < 12; ++i) {
    const auto answer = nlohmann::json::parse(
        desk.portal().call("crm.item.add", R"({"entityTypeId":2,"fields":{"title":"lost 1"}})"));
    made.push_back(answer.at("result").at("item").at("id").get<std::int64_t>());
    desk.portal().call("crm.activity.todo.add",
                       fmt::format(R"({{"ownerTypeId":2,"ownerId":{},"deadline":)"
                                   R"("2026-12-01T10:00:00+03:00","title":"lost 1"}})",
                                   made.back()));
  }
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  for (const std::int64_t id : made) desk.delete_deal(id);
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(lost(desk), 12) << "not believed yet, nor is the mirror begun anew";
  EXPECT_TRUE(desk.stream(Entity::deal).full_done);
}

TEST(RestoredPortal, ADeletionOfTheNewestOfOneListIsOneAfterAnHour) {
  Desk desk;
  add_rows(desk, 12);
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  auto ids = desk.portal().ids(Entity::deal);
  for (std::size_t i = ids.size() - 12; i < ids.size(); ++i) desk.delete_deal(ids[i]);
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(lost(desk), 24) << "not believed yet";
  desk.go_on(minutes{62});
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(lost(desk), 12);
  EXPECT_TRUE(desk.stream(Entity::task).full_done);
}

}  // namespace
}  // namespace b24
