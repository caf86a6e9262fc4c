#include "daemon/engine/pace.h"

#include <gtest/gtest.h>

#include "tests/engine/desk.h"

namespace b24 {
namespace {

TEST(PaceTest, IsQuickAroundWorkingHours) {
  const Calendar calendar = Calendar::make({.zone = "Europe/Moscow"}).value();
  const Pace pace{seconds{30}, minutes{5}};
  const struct {
    const char* at;
    seconds want;
  } cases[] = {
      {"2026-11-19T07:59:59+03:00", minutes{5}},  {"2026-11-19T08:00:00+03:00", seconds{30}},
      {"2026-11-19T13:00:00+03:00", seconds{30}}, {"2026-11-19T18:59:59+03:00", seconds{30}},
      {"2026-11-19T19:00:00+03:00", minutes{5}},  {"2026-11-19T23:59:59+03:00", minutes{5}},
      {"2026-11-21T13:00:00+03:00", minutes{5}},   // Saturday
      {"2026-11-20T05:30:00+00:00", seconds{30}},  // by the zone's clock, whatever the offset says
  };
  for (const auto& c : cases) EXPECT_EQ(pace_at(pace, calendar, *parse_time(c.at)), c.want) << c.at;
}

TEST(PaceTest, TheNightIsNeverQuickerThanTheDay) {
  const Calendar calendar = Calendar::make({}).value();
  const Pace pace{minutes{10}, minutes{5}};
  EXPECT_EQ(pace_at(pace, calendar, *parse_time("2026-11-21T03:00:00+03:00")), minutes{10});
}

// The portal's own calendar counts, and what the settings say of it.
TEST(PaceTest, ThePullerGoesByThePortalsCalendar) {
  const Pace pace{seconds{30}, minutes{5}};
  Desk saturday{small_company(), {.pace = pace}};
  EXPECT_EQ(saturday.puller->pace(), minutes{5});
  CalendarOverrides six_days;
  six_days.week_holidays = std::set<unsigned>{0};
  Desk working{small_company(), {.pace = pace, .calendar = six_days}};
  EXPECT_EQ(working.puller->pace(), seconds{30});
}

}  // namespace
}  // namespace b24
