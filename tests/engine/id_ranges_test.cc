#include "daemon/engine/id_ranges.h"

#include <gtest/gtest.h>

#include <limits>

namespace b24 {
namespace {

TEST(IdRangesTest, BeginsAfterItsFirstIdAndEndsWithItsLast) {
  IdRanges ranges;
  ranges.add(10, 20);
  EXPECT_FALSE(ranges.contains(10));
  EXPECT_TRUE(ranges.contains(11));
  EXPECT_TRUE(ranges.contains(20));
  EXPECT_FALSE(ranges.contains(21));
  EXPECT_EQ(ranges.end_of(15), 20);
  EXPECT_EQ(ranges.end_of(5), std::nullopt);
}

TEST(IdRangesTest, JoinsWhatTouches) {
  IdRanges ranges;
  ranges.add(10, 20);
  ranges.add(30, 40);
  EXPECT_EQ(ranges.end_of(11), 20);
  ranges.add(20, 25);  // touches the first
  EXPECT_EQ(ranges.end_of(11), 25);
  ranges.add(24, 31);  // closes the gap
  EXPECT_EQ(ranges.end_of(11), 40);
  ranges.add(0, 100);  // holds all
  EXPECT_EQ(ranges.end_of(1), 100);
  EXPECT_EQ(ranges.end_of(100), 100);
}

TEST(IdRangesTest, KnowsAnEmptyRangeAndAllIds) {
  IdRanges ranges;
  ranges.add(7, 7);
  EXPECT_FALSE(ranges.contains(7));
  ranges.add(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(ranges.contains(7));
  EXPECT_TRUE(ranges.contains(std::numeric_limits<std::int64_t>::max()));
}

}  // namespace
}  // namespace b24
