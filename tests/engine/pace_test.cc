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

TEST(GatheringTest, GrowsWithAStormAndForgetsIt) {
  const seconds poll{30};
  const struct {
    const char* name;
    std::vector<milliseconds> rests;  // of the looks in a row
    milliseconds want;                // of the last one
  } cases[] = {
      {"a lone hint", {seconds{25}}, seconds{1}},
      {"the first after a look", {seconds{0}}, seconds{1}},
      {"somebody saves a card twice", {seconds{9}, seconds{0}, seconds{1}}, seconds{1}},
      {"a storm begins", {seconds{9}, seconds{0}, seconds{0}, seconds{0}}, seconds{2}},
      {"a storm", std::vector<milliseconds>(7, seconds{0}), seconds{30}},
      {"a storm that lasts", std::vector<milliseconds>(500, seconds{0}), seconds{30}},
      {"a hint in a second", std::vector<milliseconds>(500, seconds{1}), seconds{30}},
      {"some in a minute", std::vector<milliseconds>(500, seconds{7}), seconds{1}},
  };
  for (const auto& c : cases) {
    Gathering gathering;
    milliseconds gathered{0};
    for (const milliseconds rest : c.rests) gathered = gathering.after(rest, poll);
    EXPECT_EQ(gathered, c.want) << c.name;
  }
  Gathering after_a_storm;
  for (int i = 0; i < 50; ++i) after_a_storm.after(seconds{0}, poll);
  for (const int want : {15'000, 7'500, 3'750, 1'875, 1'000, 1'000}) {
    EXPECT_EQ(after_a_storm.after(seconds{5}, poll), milliseconds{want});
  }
}

TEST(GatheringTest, IsNeverLongerThanAPoll) {
  Gathering gathering;
  for (int i = 0; i < 50; ++i) gathering.after(seconds{0}, minutes{5});
  EXPECT_EQ(gathering.after(seconds{0}, minutes{5}), minutes{5});
  EXPECT_EQ(gathering.after(seconds{0}, seconds{30}), seconds{30});
  EXPECT_EQ(Gathering{}.after(seconds{0}, seconds{1}), seconds{1});
  for (int i = 0; i < 50; ++i) gathering.after(seconds{0}, hours{1});
  EXPECT_EQ(gathering.after(seconds{0}, hours{1}), minutes{5});
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
