#include "tests/engine/desk.h"

// The comparison of all ids that comes by the clock, where the numbers of rows say nothing.

namespace b24 {
namespace {

TEST(PullerSweepByTime, FindsWhatTheCountsCannotShow) {
  Desk desk{small_company(), {.verify_requests = 0}};
  const auto extra = [&] {
    desk.portal().call("crm.item.add", R"({"entityTypeId":2,"fields":{"title":"Лишняя"}})");
    return desk.portal().ids(Entity::deal).back();
  }();
  ASSERT_FALSE(desk.pass().error);
  ASSERT_TRUE(desk.has_deal(extra));
  const std::int64_t lacking = desk.portal().ids(Entity::deal).front();
  // Far from the last change, so that no overlap of the polls brings it back.
  desk.go_on(hours{2});
  ASSERT_FALSE(desk.pass().error);
  desk.portal().remove(Entity::deal, extra);
  desk.tamper(
      fmt::format("DELETE FROM deals WHERE id = {};"
                  "UPDATE streams SET rows = rows - 1 WHERE entity = 'deal'",
                  lacking));
  const auto counts = desk.reader().row_counts();
  ASSERT_EQ(counts.at(Entity::deal), static_cast<std::int64_t>(desk.portal().count(Entity::deal)));

  for (const hours passed : {hours{1}, hours{10}, hours{9}}) {
    desk.go_on(passed);
    ASSERT_FALSE(desk.pass().error);
    EXPECT_TRUE(desk.has_deal(extra)) << "equal counts, and no day has passed";
    EXPECT_FALSE(desk.has_deal(lacking));
  }
  desk.go_on(hours{2});  // a day since the first reading
  ASSERT_FALSE(desk.pass().error);
  EXPECT_FALSE(desk.has_deal(extra));
  EXPECT_TRUE(desk.has_deal(lacking));
  EXPECT_EQ(desk.stream(Entity::deal).swept_at, desk.clock.now());
}

}  // namespace
}  // namespace b24
