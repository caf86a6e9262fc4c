#include <gmock/gmock.h>

#include <limits>

#include "tests/store/store_fixture.h"

// Where a mirrored row and the portal's differ, which ids there are, and how a row is replaced.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Record deal(std::int64_t id, const std::string& title, std::int64_t amount, std::int64_t updated_at,
            std::string extra = {}) {
  return record(Entity::deal, id,
                {{"title", text(title)},
                 {"amount_minor", integer(amount)},
                 {"updated_at", integer(updated_at)}},
                std::move(extra));
}

using DifferenceTest = StoreTest;

TEST_F(DifferenceTest, NamesColumnsAndFieldsWithoutOne) {
  upsert(Entity::deal, {deal(7, "Было", 19000, 100, R"({"UF_A":"1","UF_B":[1,2],"UF_C":5})")});
  const auto found = reader()->differences(
      Entity::deal, deal(7, "Стало", 19000, 100, R"({"UF_B":[1,3],"UF_A":"1"})"));
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ElementsAre(FieldDifference{"title", text("Было"), text("Стало")},
                                  FieldDifference{"UF_B", text("[1,2]"), text("[1,3]")},
                                  FieldDifference{"UF_C", integer(5), Value{}}));
}

TEST_F(DifferenceTest, EqualRowsDifferInNothingAndAbsentOnesInNoWay) {
  upsert(Entity::deal, {deal(7, "Сделка", 5, 100), deal(8, "Удалена", 5, 100)});
  in_transaction(
      [&] { writer_->mark_deleted(Entity::deal, std::vector<std::int64_t>{8}, kStart); });
  EXPECT_THAT(reader()->differences(Entity::deal, deal(7, "Сделка", 5, 100)).value(), IsEmpty());
  EXPECT_FALSE(reader()->differences(Entity::deal, deal(8, "Удалена", 5, 100)));
  EXPECT_FALSE(reader()->differences(Entity::deal, deal(9, "Нет", 5, 100)));
}

TEST_F(DifferenceTest, GivesIdsByRangesAndTheNewest) {
  std::vector<Record> deals;
  for (std::int64_t id = 1; id <= 10; ++id) deals.push_back(deal(id, "Сделка", 5, 100));
  upsert(Entity::deal, deals);
  in_transaction(
      [&] { writer_->mark_deleted(Entity::deal, std::vector<std::int64_t>{5}, kStart); });
  const auto all = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(reader()->ids(Entity::deal, 3, 7, all), ElementsAre(4, 6, 7));
  EXPECT_THAT(reader()->ids(Entity::deal, 3, all, 2), ElementsAre(4, 6));
  EXPECT_THAT(reader()->newest_ids(Entity::deal, 3), ElementsAre(10, 9, 8));
}

TEST_F(DifferenceTest, ARowIsReplacedWhateverItsHashAndAgeSay) {
  const Record right = deal(7, "Сделка", 5, 100);
  upsert(Entity::deal, {right});
  SQLite::Database{paths_.file().string(), SQLite::OPEN_READWRITE, 5000}.exec(
      "UPDATE deals SET title = 'Иначе', updated_at = 200");
  upsert(Entity::deal, {right});
  EXPECT_THAT(rows("SELECT title, updated_at FROM deals"), ElementsAre("Иначе|200"));
  in_transaction([&] {
    writer_->upsert(Entity::deal, std::vector{right}, kStart, calendar_, Trust::nothing);
  });
  EXPECT_THAT(rows("SELECT title, updated_at FROM deals"), ElementsAre("Сделка|100"));
  EXPECT_THAT(rows("SELECT field, old_value, new_value FROM changes ORDER BY id"),
              ElementsAre("title|Иначе|Сделка", "updated_at|200|100"));
}

TEST_F(DifferenceTest, SaysWhetherAnotherProgramHoldsTheFolder) {
  EXPECT_TRUE(is_held(paths_));
  writer_.reset();
  EXPECT_FALSE(is_held(paths_));
  EXPECT_FALSE(is_held({folder_.path() / "elsewhere"}));
}

}  // namespace
}  // namespace b24
