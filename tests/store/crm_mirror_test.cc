#include <fmt/format.h>

#include "daemon/store/mirror_table.h"
#include "tests/store/store_fixture.h"

// Every kind of CRM object lives in the mirror in the same way: written once, followed in the
// change log, gone from its view when it is gone from the portal.

namespace b24 {
namespace {

using Rows = std::vector<std::string>;

struct Kind {
  Entity entity;
  const char* view;
  const char* column;  // one that changes
};

class CrmMirrorTest : public StoreTest, public testing::WithParamInterface<Kind> {
 protected:
  // A value of its own in every column.
  static Record whole(std::int64_t id, std::int64_t seed = 0) {
    Record made{id, {}, {}};
    std::int64_t i = seed;
    for (const Field& field : spec(GetParam().entity).fields) {
      ++i;
      switch (field.type) {
        case FieldType::integer:
        case FieldType::flag:
        case FieldType::time:
        case FieldType::money:
          made.values.push_back(integer(i));
          break;
        case FieldType::real:
          made.values.push_back(Value{static_cast<double>(i) + 0.5});
          break;
        default:
          made.values.push_back(text(fmt::format("v{}", i)));
      }
    }
    return made;
  }
  Rows shown() { return rows(fmt::format("SELECT id FROM {} ORDER BY id", GetParam().view)); }
  std::int64_t count() { return reader()->row_counts()[GetParam().entity]; }
};

TEST_P(CrmMirrorTest, EveryColumnComesBack) {
  const Entity entity = GetParam().entity;
  EXPECT_EQ(upsert(entity, {whole(5), whole(6, 100)}).inserted, 2);
  EXPECT_EQ(upsert(entity, {whole(5)}).unchanged, 1);
  std::string columns;
  std::string want;
  const Record five = whole(5);
  for (std::size_t i = 0; i < five.values.size(); ++i) {
    const char* const comma = i > 0 ? ", " : "";
    columns += fmt::format("{}{}", comma, spec(entity).fields[i].column);
    want += fmt::format("{}{}", i > 0 ? "|" : "", as_text(five.values[i]));
  }
  EXPECT_EQ(rows(fmt::format("SELECT {} FROM {} WHERE id = 5", columns, table_of(entity))),
            Rows{want});
  EXPECT_EQ(shown(), (Rows{"5", "6"}));
  EXPECT_EQ(count(), 2);
}

TEST_P(CrmMirrorTest, AChangeIsLogged) {
  const auto& [entity, view, column] = GetParam();
  const Record before = with(entity, whole(5), {{column, integer(70)}});
  upsert(entity, {before});
  EXPECT_EQ(upsert(entity, {with(entity, before, {{column, integer(71)}})}).updated, 1);
  EXPECT_EQ(rows("SELECT entity, entity_id, field, old_value, new_value FROM v_change"),
            Rows{fmt::format("{}|5|{}|70|71", name(entity), column)});
}

TEST_P(CrmMirrorTest, WhatIsGoneLeavesTheViewAndMayComeBack) {
  const Entity entity = GetParam().entity;
  upsert(entity, {whole(5), whole(6)});
  in_transaction([&] {
    EXPECT_EQ(writer_->mark_deleted(entity, std::vector<std::int64_t>{5, 99}, kStart), 1);
  });
  EXPECT_EQ(shown(), Rows{"6"});
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(upsert(entity, {whole(5)}).updated, 1);
  EXPECT_EQ(shown(), (Rows{"5", "6"}));
  EXPECT_EQ(count(), 2);
}

TEST_P(CrmMirrorTest, ASweepFindsWhatLacks) {
  const Entity entity = GetParam().entity;
  upsert(entity, {whole(5), whole(6)});
  in_transaction([&] {
    writer_->begin_sweep(entity);
    writer_->add_swept(entity, std::vector<Record>{{6, {}, {}}});
    EXPECT_EQ(writer_->finish_sweep(entity).gone, std::vector<std::int64_t>{5});
  });
}

// Those that have a time of change.
class CrmChangedTest : public CrmMirrorTest {};

TEST_P(CrmChangedTest, AnOlderRowDoesNotReplaceANewerOne) {
  const Entity entity = GetParam().entity;
  const auto dated = [&](std::int64_t value, std::int64_t updated_at) {
    return with(GetParam().entity, whole(5),
                {{GetParam().column, integer(value)}, {"updated_at", integer(updated_at)}});
  };
  upsert(entity, {dated(70, 1000)});
  EXPECT_EQ(upsert(entity, {dated(71, 999)}).unchanged, 1);
  EXPECT_EQ(upsert(entity, {dated(72, 1000)}).updated, 1) << "as new as the one before";
}

std::string name_of(const testing::TestParamInfo<Kind>& test) {
  return std::string{name(test.param.entity)};
}

constexpr Kind kChanging[] = {
    {Entity::lead, "v_lead", "manager_id"},       {Entity::quote, "v_quote", "manager_id"},
    {Entity::invoice, "v_invoice", "manager_id"}, {Entity::contact, "v_contact", "manager_id"},
    {Entity::company, "v_company", "manager_id"}, {Entity::activity, "v_activity", "completed"},
};
constexpr Kind kAppended[] = {
    {Entity::deal_move, "v_stage_move", "type"},
    {Entity::lead_move, "v_stage_move", "type"},
    {Entity::invoice_move, "v_stage_move", "type"},
};

INSTANTIATE_TEST_SUITE_P(Changing, CrmMirrorTest, testing::ValuesIn(kChanging), name_of);
INSTANTIATE_TEST_SUITE_P(Appended, CrmMirrorTest, testing::ValuesIn(kAppended), name_of);
INSTANTIATE_TEST_SUITE_P(Changing, CrmChangedTest, testing::ValuesIn(kChanging), name_of);

}  // namespace
}  // namespace b24
