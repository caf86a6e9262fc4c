#include <gtest/gtest.h>

#include "rules/base/entity.h"
#include "rules/base/time.h"

namespace b24 {
namespace {

TEST(TimeTest, ReadsInstantsWithAnyOffset) {
  EXPECT_EQ(parse_time("2026-11-21T10:00:00+03:00"), from_unix(1795244400));
  EXPECT_EQ(parse_time("2026-11-21T10:00:00+0300"), from_unix(1795244400));
  EXPECT_EQ(parse_time("2026-11-21 07:00:00Z"), from_unix(1795244400));
  EXPECT_EQ(parse_time("2026-11-21T07:00:00.123456+00:00"), from_unix(1795244400));
  EXPECT_EQ(parse_time("2026-11-20T21:30:00-09:30"), from_unix(1795244400));
}

TEST(TimeTest, RefusesWhatIsNoInstant) {
  for (const char* text : {"", "2026-11-21", "2026-11-21T10:00:00", "2026-02-30T10:00:00Z",
                           "2026-13-01T10:00:00Z", "2026-11-21T25:00:00Z", "21.11.2026 10:00:00",
                           "2026-11-21T10:00:00+3", "2026-11-21T10:00:00Zz", "нет"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(TimeTest, WritesWhatItReads) {
  EXPECT_EQ(format_utc(from_unix(1795244400)), "2026-11-21T07:00:00Z");
  EXPECT_EQ(format_offset(from_unix(1795244400), hours{3}), "2026-11-21T10:00:00+03:00");
  EXPECT_EQ(format_offset(from_unix(1795244400), -minutes{570}), "2026-11-20T21:30:00-09:30");
  EXPECT_EQ(parse_offset("2026-11-21T10:00:00+03:00"), hours{3});
  EXPECT_EQ(parse_offset("2026-11-21"), std::nullopt);
}

TEST(EntityTest, NamesGoBothWays) {
  for (const Entity entity : kEntities) EXPECT_EQ(entity_named(name(entity)), entity);
  EXPECT_EQ(entity_named("order"), std::nullopt);
}

TEST(ValueTest, NumbersOnlyWhereTheyAre) {
  EXPECT_EQ(as_integer(Value{std::int64_t{5}}), 5);
  EXPECT_EQ(as_integer(Value{2.9}), 2);
  EXPECT_EQ(as_integer(Value{1e300}), std::nullopt);
  EXPECT_EQ(as_integer(Value{std::string{"5"}}), std::nullopt);
  EXPECT_EQ(as_number(Value{}), std::nullopt);
  EXPECT_EQ(as_text(Value{std::int64_t{5}}), "5");
}

}  // namespace
}  // namespace b24
