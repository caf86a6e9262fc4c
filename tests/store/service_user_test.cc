#include <fmt/format.h>

#include "tests/store/store_fixture.h"

// What our own user does is no manager's work, and does not move what rules judge by.

namespace b24 {
namespace {

using Rows = std::vector<std::string>;

constexpr std::int64_t kService = 1;
constexpr std::int64_t kAnna = 11;
constexpr std::int64_t kBoris = 12;

class ServiceUserTest : public StoreTest {
 protected:
  ServiceUserTest() {
    in_transaction([&] { writer_->set_service_user(kService); });
  }
  static Value at(hours after) { return integer(to_unix(kStart + after)); }

  // The card as a look that many hours after kStart sees it: its latest event was just then.
  void seen(Entity entity, int hour, Value by, std::int64_t manager = kAnna) {
    upsert(entity,
           {record(entity, 1,
                   {{"manager_id", integer(manager)},
                    {"last_activity_at", at(hours{hour})},
                    {"last_activity_by", std::move(by)},
                    {"updated_at", at(hours{hour})}})},
           kStart + hours{hour});
  }
  // Hours after kStart, and whose.
  std::string last(Entity entity) {
    return rows(fmt::format("SELECT (last_activity_at - {}) / 3600, last_activity_by FROM v_{}",
                            to_unix(kStart), name(entity)))
        .front();
  }
};

TEST_F(ServiceUserTest, IsNamed) {
  upsert(Entity::user, {record(Entity::user, kService, {}), record(Entity::user, kAnna, {})});
  EXPECT_EQ(rows("SELECT id, is_service FROM v_manager"), (Rows{"1|1", "11|0"}));
  in_transaction([&] { writer_->set_service_user(kAnna); });
  EXPECT_EQ(rows("SELECT id, is_service FROM v_manager"), (Rows{"1|0", "11|1"}));
}

TEST_F(ServiceUserTest, HisPostsMoveNoLastActivity) {
  for (const Entity entity : {Entity::deal, Entity::lead}) {
    const std::string_view what = name(entity);
    seen(entity, 0, integer(kAnna));
    EXPECT_EQ(last(entity), "0|11") << what;
    seen(entity, 1, integer(kService));
    EXPECT_EQ(last(entity), "0|11") << what;
    seen(entity, 2, integer(kService));
    EXPECT_EQ(last(entity), "0|11") << what << ": again";
    seen(entity, 3, integer(kBoris));
    EXPECT_EQ(last(entity), "3|12") << what;
    seen(entity, 4, integer(kBoris));
    seen(entity, 5, integer(kService));
    EXPECT_EQ(last(entity), "4|12") << what << ": the one before his";
    seen(entity, 6, integer(kService), kService);
    EXPECT_EQ(last(entity), "6|1") << what << ": a card of his own";
  }
}

TEST_F(ServiceUserTest, WhatWasBeforeHisPostsMayBeUnknown) {
  seen(Entity::deal, 0, integer(kService));
  EXPECT_EQ(last(Entity::deal), "NULL|NULL") << "the mirror never saw another";
  seen(Entity::deal, 1, integer(kService));
  EXPECT_EQ(last(Entity::deal), "NULL|NULL");
  seen(Entity::deal, 2, integer(kAnna));
  EXPECT_EQ(last(Entity::deal), "2|11");
  seen(Entity::deal, 3, Value{});
  EXPECT_EQ(last(Entity::deal), "3|NULL") << "whoever it was";
}

TEST_F(ServiceUserTest, HisCommentsAreMarked) {
  upsert(Entity::deal, {record(Entity::deal, 1, {{"manager_id", integer(kAnna)}}),
                        record(Entity::deal, 2, {{"manager_id", integer(kService)}})});
  const DetailRows comments[] = {{Detail::deal_comment,
                                  1,
                                  {{5, {integer(kAnna), at(hours{0})}, {}},
                                   {6, {integer(kService), at(hours{0})}, {}},
                                   {7, {Value{}, at(hours{0})}, {}}}},
                                 {Detail::deal_comment, 2, {{8, {integer(kService), {}}, {}}}}};
  in_transaction([&] { writer_->save_details(comments); });
  EXPECT_EQ(rows("SELECT id, by_service FROM v_comment ORDER BY id"),
            (Rows{"5|0", "6|1", "7|0", "8|0"}));
}

TEST_F(ServiceUserTest, HisActivitiesAreMarked) {
  const auto activity = [](std::int64_t id, std::int64_t author, std::int64_t manager) {
    return record(Entity::activity, id,
                  {{"author_id", integer(author)}, {"manager_id", integer(manager)}});
  };
  upsert(Entity::activity, {activity(1, kAnna, kAnna), activity(2, kService, kAnna),
                            activity(3, kService, kService), activity(4, kAnna, kService)});
  EXPECT_EQ(rows("SELECT id, by_service FROM v_activity ORDER BY id"),
            (Rows{"1|0", "2|1", "3|0", "4|0"}));
}

// Times are minutes after kStart.
TEST_F(ServiceUserTest, HisWordsInAChatAnswerNobody) {
  const auto session = [&](std::int64_t manager) {
    upsert(Entity::activity, {record(Entity::activity, 501,
                                     {{"provider_id", text("IMOPENLINES_SESSION")},
                                      {"manager_id", integer(manager)},
                                      {"completed", integer(0)},
                                      {"associated_id", integer(321)}})});
  };
  const auto written = [&](const std::vector<std::pair<int, std::int64_t>>& words) {
    DetailRows messages{Detail::chat_message, 501, {}};
    for (const auto& [minute, author] : words) {
      const char* side = author == 700 ? "client" : "operator";
      messages.records.push_back(
          {1000 + minute,
           {integer(to_unix(kStart + minutes{minute})), text(side), integer(author), integer(7)},
           {}});
    }
    in_transaction([&] { writer_->save_details(std::span{&messages, 1}); });
  };
  const auto chat = [&] {
    const auto minute = [](const char* column) {
      return fmt::format("({} - {}) / 60", column, to_unix(kStart));
    };
    return rows(fmt::format("SELECT answers, {}, first_answer_by, {}, last_side, {} FROM v_chat",
                            minute("first_answer_at"), minute("last_answer_at"),
                            minute("waits_since")))
        .front();
  };
  session(kAnna);
  written({{1, 700}, {2, kService}});
  EXPECT_EQ(chat(), "0|NULL|NULL|NULL|client|1");
  EXPECT_EQ(rows("SELECT id, by_service FROM v_chat_message ORDER BY id"),
            (Rows{"1001|0", "1002|1"}));
  written({{1, 700}, {2, kService}, {3, kBoris}, {4, 700}, {5, kService}});
  EXPECT_EQ(chat(), "1|3|12|3|client|4");
  session(kService);
  EXPECT_EQ(chat(), "3|2|1|5|operator|NULL") << "the session is his own";
}

}  // namespace
}  // namespace b24
