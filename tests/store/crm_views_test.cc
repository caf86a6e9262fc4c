#include <gmock/gmock.h>

#include "tests/store/store_fixture.h"

// What the views make of leads, quotes, invoices, activities and moves.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Rows = std::vector<std::string>;

class CrmViewsTest : public StoreTest {
 protected:
  // The portal's directory: the same code stands in several lists of it.
  void directory() {
    upsert(Entity::stage,
           {status(1, "STATUS", "NEW", "Не обработан"), status(2, "STATUS", "JUNK", "Брак", "F"),
            status(3, "QUOTE_STATUS", "NEW", "Черновик"),
            status(4, "QUOTE_STATUS", "APPROVED", "Принято", "S"),
            status(5, "SMART_INVOICE_STAGE_13", "DT31_13:N", "Новый"),
            status(6, "SMART_INVOICE_STAGE_13", "DT31_13:P", "Оплачен", "S"),
            status(7, "SOURCE", "WEB", "Сайт"), status(8, "DEAL_STAGE", "NEW", "Новая"),
            status(9, "DEAL_STAGE_5", "C5:WON", "Успех", "S")});
  }
  static Record status(std::int64_t id, const char* entity_id, const char* status_id,
                       const char* name, const char* semantics = nullptr) {
    return record(Entity::stage, id,
                  {{"entity_id", text(entity_id)},
                   {"status_id", text(status_id)},
                   {"name", text(name)},
                   {"semantics", semantics == nullptr ? Value{} : text(semantics)}});
  }
  static Value at(Time t) { return integer(to_unix(t)); }
};

TEST_F(CrmViewsTest, LeadsKnowTheirStageAndSource) {
  directory();
  upsert(Entity::lead,
         {record(Entity::lead, 1,
                 {{"stage_id", text("NEW")},
                  {"semantic", text("P")},
                  {"source_id", text("WEB")},
                  {"created_at", at(kStart)},
                  {"moved_at", at(kStart + hours{1})}}),
          // Without a word of the portal on the semantic the directory decides.
          record(Entity::lead, 2, {{"stage_id", text("JUNK")}, {"created_at", at(kStart)}}),
          record(Entity::lead, 3, {{"stage_id", text("GONE")}, {"source_id", text("GONE")}})});
  EXPECT_EQ(
      rows("SELECT id, stage, semantic, source, stage_since FROM v_lead"),
      (Rows{"1|Не обработан|P|Сайт|1795248000", "2|Брак|F|NULL|1795244400", "3|NULL|P|NULL|NULL"}));
}

TEST_F(CrmViewsTest, QuotesHaveTheSemanticOfTheDirectory) {
  directory();
  upsert(Entity::quote,
         {record(Entity::quote, 1, {{"stage_id", text("NEW")}, {"closed", integer(0)}}),
          record(Entity::quote, 2, {{"stage_id", text("APPROVED")}, {"closed", integer(1)}}),
          record(Entity::quote, 3, {{"stage_id", text("GONE")}}), record(Entity::quote, 4, {})});
  EXPECT_EQ(rows("SELECT id, stage, semantic, closed FROM v_quote"),
            (Rows{"1|Черновик|P|0", "2|Принято|S|1", "3|NULL|P|NULL", "4|NULL|P|NULL"}));
}

TEST_F(CrmViewsTest, InvoicesHaveTheSemanticOfTheirPipeline) {
  directory();
  const auto invoice = [](std::int64_t id, std::int64_t pipeline, const char* stage) {
    return record(Entity::invoice, id,
                  {{"pipeline_id", integer(pipeline)},
                   {"stage_id", text(stage)},
                   {"close_date", text("2026-11-27")},
                   {"created_at", at(kStart)}});
  };
  upsert(Entity::invoice, {invoice(1, 13, "DT31_13:N"), invoice(2, 13, "DT31_13:P"),
                           invoice(3, 14, "DT31_13:P"), record(Entity::invoice, 4, {})});
  EXPECT_EQ(rows("SELECT id, stage, semantic, pay_before, stage_since FROM v_invoice"),
            (Rows{"1|Новый|P|2026-11-27|1795244400", "2|Оплачен|S|2026-11-27|1795244400",
                  "3|NULL|P|2026-11-27|1795244400", "4|NULL|P|NULL|NULL"}));
}

TEST_F(CrmViewsTest, ContactsHaveANameInAnyCase) {
  upsert(Entity::contact,
         {record(Entity::contact, 1, {{"first_name", text("Пётр")}, {"last_name", text("Ким")}}),
          record(Entity::contact, 2, {{"last_name", text("Ли")}}),
          record(Entity::contact, 3, {{"first_name", text(" ")}})});
  EXPECT_EQ(rows("SELECT id, name FROM v_contact"), (Rows{"1|Пётр Ким", "2|Ли", "3|контакт 3"}));
}

TEST_F(CrmViewsTest, ActivitiesHaveAKind) {
  const struct {
    Value type;
    Value provider;
    const char* kind;
  } cases[] = {
      {integer(1), Value{}, "meeting"},
      {integer(6), text("CRM_MEETING"), "meeting"},
      {integer(2), text("VOXIMPLANT_CALL"), "call"},
      {integer(6), text("VOXIMPLANT_CALL"), "call"},
      {integer(3), text("TASKS"), "task"},
      {integer(6), text("CRM_TASKS_TASK"), "task"},
      {integer(4), text("CRM_EMAIL"), "email"},
      {integer(6), text("CRM_EMAIL"), "email"},
      {integer(5), Value{}, "other"},
      {integer(6), text("CRM_TODO"), "other"},
      {integer(6), text("IMOPENLINES_SESSION"), "other"},
      {Value{}, Value{}, "other"},
  };
  std::int64_t id = 0;
  std::vector<Record> activities;
  Rows wanted;
  for (const auto& c : cases) {
    activities.push_back(
        record(Entity::activity, ++id, {{"type_id", c.type}, {"provider_id", c.provider}}));
    wanted.push_back(c.kind);
  }
  upsert(Entity::activity, activities);
  EXPECT_EQ(rows("SELECT kind FROM v_activity ORDER BY id"), wanted);
  EXPECT_EQ(rows("SELECT type_id, provider_id FROM v_activity WHERE id = 10"), Rows{"6|CRM_TODO"})
      << "as the portal gave it";
}

TEST_F(CrmViewsTest, ActivitiesNameTheirOwnerAndDirection) {
  const struct {
    std::int64_t type;
    Value direction;
    const char* wanted;
  } cases[] = {{1, integer(1), "lead|in"},      {2, integer(2), "deal|out"},
               {3, integer(0), "contact|NULL"}, {4, Value{}, "company|NULL"},
               {7, Value{}, "quote|NULL"},      {31, Value{}, "invoice|NULL"},
               {147, Value{}, "NULL|NULL"}};
  std::int64_t id = 0;
  std::vector<Record> activities;
  Rows wanted;
  for (const auto& c : cases) {
    activities.push_back(record(Entity::activity, ++id,
                                {{"owner_type_id", integer(c.type)}, {"direction", c.direction}}));
    wanted.push_back(c.wanted);
  }
  upsert(Entity::activity, activities);
  EXPECT_EQ(rows("SELECT owner, direction FROM v_activity ORDER BY id"), wanted);
}

TEST_F(CrmViewsTest, MovesOfAllKindsStandTogether) {
  directory();
  const auto move = [](Entity entity, std::int64_t id, const char* stage, Value semantic,
                       Value pipeline = {}) {
    Record made = record(entity, id,
                         {{"type", integer(2)},
                          {"owner_id", integer(40)},
                          {"at", at(kStart)},
                          {"stage_id", text(stage)},
                          {"semantic", std::move(semantic)}});
    return entity == Entity::lead_move ? made : with(entity, made, {{"pipeline_id", pipeline}});
  };
  upsert(Entity::deal_move, {move(Entity::deal_move, 1, "NEW", text("P"), integer(0)),
                             move(Entity::deal_move, 2, "C5:WON", text("S"), integer(5))});
  upsert(Entity::lead_move, {move(Entity::lead_move, 1, "JUNK", text("F"))});
  upsert(Entity::invoice_move, {move(Entity::invoice_move, 1, "DT31_13:P", Value{}, integer(13))});
  EXPECT_EQ(rows("SELECT entity, id, owner_id, type, at, pipeline_id, stage_id, stage, semantic "
                 "FROM v_stage_move ORDER BY entity, id"),
            (Rows{"deal|1|40|2|1795244400|0|NEW|Новая|P", "deal|2|40|2|1795244400|5|C5:WON|Успех|S",
                  "invoice|1|40|2|1795244400|13|DT31_13:P|Оплачен|S",
                  "lead|1|40|2|1795244400|NULL|JUNK|Брак|F"}));
}

TEST_F(CrmViewsTest, WhatARuleReadsIsKnown) {
  const auto made = reader();
  const auto reads = [&](const std::string& view) {
    const auto info = made->prepare("SELECT id FROM " + view);
    if (!info) throw std::runtime_error{info.error().text};
    return info->reads;
  };
  EXPECT_THAT(reads("v_lead"), ElementsAre(Entity::lead));
  EXPECT_THAT(reads("v_quote"), ElementsAre(Entity::quote));
  EXPECT_THAT(reads("v_invoice"), ElementsAre(Entity::invoice));
  EXPECT_THAT(reads("v_contact"), ElementsAre(Entity::contact));
  EXPECT_THAT(reads("v_company"), ElementsAre(Entity::company));
  EXPECT_THAT(reads("v_activity"), ElementsAre(Entity::activity));
  EXPECT_THAT(reads("v_stage_move"),
              ElementsAre(Entity::deal_move, Entity::lead_move, Entity::invoice_move));
}

TEST_F(CrmViewsTest, TheNextStepOfADealIsLookedUp) {
  read_in_full(Entity::activity);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT id FROM v_deal AS d WHERE closed = 0 AND NOT EXISTS (SELECT 1 "
      "FROM v_activity AS a WHERE a.owner = 'deal' AND a.owner_id = d.id AND a.completed = 0)");
  EXPECT_THAT(plan, testing::Contains(HasSubstr("activities_by_owner (owner_id=?)")));
}

TEST_F(CrmViewsTest, OverdueActivitiesOfAManagerAreLookedUp) {
  read_in_full(Entity::activity);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT count(*) FROM v_activity WHERE manager_id = 5 AND completed = 0 "
      "AND deadline_at < 1795244400");
  EXPECT_THAT(plan, ElementsAre(HasSubstr("COVERING INDEX activities_by_manager")));
}

TEST_F(CrmViewsTest, TheHistoryOfOneDealIsLookedUp) {
  read_in_full(Entity::deal_move);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT max(at) FROM v_stage_move WHERE entity = 'deal' AND owner_id = 5");
  EXPECT_THAT(plan, testing::Contains(HasSubstr("deal_moves_by_owner (owner_id=?)")));
}

}  // namespace
}  // namespace b24
