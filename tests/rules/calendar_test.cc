#include "rules/calendar.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/rules/team.h"

namespace b24 {
namespace {

using test::at;
using test::day;
using test::make_calendar;

Calendar in_zone(const std::string& zone) {
  CalendarSettings settings;
  settings.zone = zone;
  return make_calendar(settings);
}

TEST(CalendarTest, DaysAreReadAndWritten) {
  EXPECT_EQ(format_day(day("2026-11-21")), "2026-11-21");
  EXPECT_EQ(parse_day("2024-02-29"), std::chrono::sys_days{std::chrono::year{2024} / 2 / 29});
  for (const char* text : {"", "2026-02-29", "2026-13-01", "2026-1-1", "21.11.2026", "2026-11-21T",
                           "2026/11/21", "0000-01-01", "2026-11-2x", "----------"}) {
    EXPECT_EQ(parse_day(text), std::nullopt) << text;
  }
}

TEST(CalendarTest, RefusesWhatMakesNoCalendar) {
  CalendarSettings unknown;
  unknown.zone = "Moscow";
  const auto zone = Calendar::make(unknown);
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(zone.error().text, "часовой пояс «Moscow» не найден: нужно имя вида «Europe/Moscow»");
  for (const auto& [start, end] : {std::pair{540, 540}, {1080, 540}, {-1, 540}, {540, 1441}}) {
    CalendarSettings settings;
    settings.work_start = minutes{start};
    settings.work_end = minutes{end};
    const auto hours = Calendar::make(settings);
    ASSERT_FALSE(hours) << start << " " << end;
    EXPECT_EQ(hours.error().text,
              "рабочие часы: конец должен быть позже начала, оба – в пределах одних суток");
  }
}

TEST(CalendarTest, TheZoneSetsTheBordersOfDays) {
  const struct {
    const char* zone;
    const char* instant;
    const char* day;
    int minute;
  } cases[] = {
      {"Europe/Moscow", "2026-11-20T20:59:59Z", "2026-11-20", 24 * 60 - 1},
      {"Europe/Moscow", "2026-11-20T21:00:00Z", "2026-11-21", 0},
      {"Asia/Kamchatka", "2026-11-20T12:00:00Z", "2026-11-21", 0},
      {"Asia/Yekaterinburg", "2026-11-20T19:00:00Z", "2026-11-21", 0},
      {"Etc/GMT-3", "2026-11-20T21:00:00Z", "2026-11-21", 0},
      {"America/New_York", "2026-11-21T04:59:00Z", "2026-11-20", 24 * 60 - 1},
      {"UTC", "2026-11-21T00:00:00Z", "2026-11-21", 0},
  };
  for (const auto& c : cases) {
    const Calendar calendar = in_zone(c.zone);
    const Time t = parse_time(c.instant).value();
    EXPECT_EQ(format_day(calendar.day_of(t)), c.day) << c.zone;
    EXPECT_EQ(calendar.minute_of(t), minutes{c.minute}) << c.zone;
  }
}

TEST(CalendarTest, DaysMayHave23Or25Hours) {
  const struct {
    const char* zone;
    const char* date;
    int length_hours;
  } cases[] = {
      {"Europe/Berlin", "2026-03-28", 24}, {"Europe/Berlin", "2026-03-29", 23},
      {"Europe/Berlin", "2026-10-25", 25}, {"Europe/Moscow", "2026-03-29", 24},
      {"Africa/Cairo", "2026-04-24", 23},  {"Atlantic/Azores", "2026-10-25", 25},
  };
  for (const auto& c : cases) {
    const Calendar calendar = in_zone(c.zone);
    const Day date = day(c.date);
    EXPECT_EQ(calendar.start_of(date + days{1}) - calendar.start_of(date), hours{c.length_hours})
        << c.zone << " " << c.date;
    EXPECT_EQ(calendar.day_of(calendar.start_of(date)), date) << c.zone;
    EXPECT_EQ(calendar.day_of(calendar.start_of(date) - seconds{1}), date - days{1}) << c.zone;
  }
}

TEST(CalendarTest, ADayWithoutMidnightBeginsAtOne) {
  const Calendar calendar = in_zone("Africa/Cairo");
  const Time start = calendar.start_of(day("2026-04-24"));
  EXPECT_EQ(calendar.minute_of(start), minutes{60});
  EXPECT_EQ(calendar.effective_deadline(start), calendar.work_end(day("2026-04-24")));
}

TEST(CalendarTest, TheStrongerEntryDecidesAboutADay) {
  CalendarSettings settings;
  settings.year_holidays = {{1, 1}, {11, 4}, {11, 7}};
  settings.year_workdays = {{11, 7}, {11, 8}};
  settings.extra_holidays = {day("2026-11-08"), day("2026-12-31"), day("2026-11-14")};
  settings.extra_workdays = {day("2026-11-14"), day("2027-01-01")};
  const Calendar calendar = make_calendar(settings);
  const struct {
    const char* date;
    bool works;
    const char* why;
  } cases[] = {
      {"2026-11-20", true, "Friday"},
      {"2026-11-21", false, "Saturday"},
      {"2026-11-22", false, "Sunday"},
      {"2026-11-04", false, "holiday of every year on a Wednesday"},
      {"2025-11-04", false, "the same, another year"},
      {"2026-11-07", true, "working day of every year wins over the holiday and Saturday"},
      {"2026-11-08", false, "dated holiday wins over the working day of every year"},
      {"2025-11-08", true, "and only in its year"},
      {"2026-11-14", true, "dated in both: works"},
      {"2026-12-31", false, "dated holiday"},
      {"2027-01-01", true, "dated working day wins over the holiday of every year"},
      {"2028-01-01", false, "and only in its year"},
  };
  for (const auto& c : cases) EXPECT_EQ(calendar.is_workday(day(c.date)), c.works) << c.why;
}

TEST(CalendarTest, WorkingHoursIncludeTheirStartOnly) {
  const Calendar calendar = make_calendar();
  const struct {
    const char* local;
    bool working;
  } cases[] = {
      {"2026-11-20 08:59", false}, {"2026-11-20 09:00", true},  {"2026-11-20 17:59", true},
      {"2026-11-20 18:00", false}, {"2026-11-21 12:00", false}, {"2026-11-23 12:00", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(calendar.is_working_time(at(c.local)), c.working) << c.local;
  EXPECT_TRUE(calendar.is_working_time(parse_time("2026-11-20T06:00:00Z").value()));
}

TEST(CalendarTest, HoursMayFillTheWholeDay) {
  CalendarSettings settings;
  settings.work_start = minutes{0};
  settings.work_end = hours{24};
  settings.week_holidays = {};
  settings.zone = "Europe/Berlin";
  const Calendar calendar = make_calendar(settings);
  const Time start = calendar.start_of(day("2026-03-28"));
  const Time end = calendar.start_of(day("2026-03-31"));
  EXPECT_EQ(calendar.work_minutes(start, end), hours{71});
  EXPECT_DOUBLE_EQ(calendar.work_days(start, end), 3);
  EXPECT_EQ(calendar.work_minutes(calendar.start_of(day("2026-10-25")),
                                  calendar.start_of(day("2026-10-26"))),
            hours{25});
}

TEST(CalendarTest, ADeadlineWithoutATimeIsTheEndOfTheWorkingDay) {
  const Calendar calendar = make_calendar();
  EXPECT_EQ(calendar.effective_deadline(at("2026-11-20 00:00")), at("2026-11-20 18:00"));
  EXPECT_EQ(calendar.effective_deadline(at("2026-11-20 00:01")), at("2026-11-20 00:01"));
  EXPECT_EQ(calendar.effective_deadline(at("2026-11-21 00:00")), at("2026-11-21 18:00"));
}

TEST(CalendarTest, WorkingTimeBetweenTwoInstants) {
  CalendarSettings settings;
  settings.extra_holidays = {day("2026-11-18")};
  const Calendar calendar = make_calendar(settings);
  const struct {
    const char* from;
    const char* to;
    int minutes;
    double days;
  } cases[] = {
      {"2026-11-16 09:00", "2026-11-16 18:00", 540, 1},
      {"2026-11-16 12:00", "2026-11-16 12:15", 15, 15.0 / 540},
      {"2026-11-16 17:50", "2026-11-17 09:10", 20, 20.0 / 540},
      {"2026-11-20 18:30", "2026-11-23 08:00", 0, 0},
      {"2026-11-20 17:00", "2026-11-23 10:00", 120, 120.0 / 540},
      {"2026-11-20 12:00", "2026-11-21 12:00", 360, 360.0 / 540},
      {"2026-11-17 18:00", "2026-11-19 09:00", 0, 0},
      {"2026-11-16 09:00", "2026-11-23 09:00", 4 * 540, 4},
      {"2026-11-16 12:00", "2026-11-16 12:00", 0, 0},
      {"2026-11-17 12:00", "2026-11-16 12:00", 0, 0},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(calendar.work_minutes(at(c.from), at(c.to)).count(), c.minutes) << c.from;
    EXPECT_NEAR(calendar.work_days(at(c.from), at(c.to)), c.days, 1e-9) << c.from;
  }
}

TEST(CalendarTest, WorkingTimeAddsUp) {
  std::mt19937_64 random{20261121};
  for (const char* zone : {"Europe/Moscow", "Europe/Berlin", "Africa/Cairo", "America/New_York"}) {
    CalendarSettings settings;
    settings.zone = zone;
    settings.work_start = minutes{1 * 60};
    settings.work_end = minutes{5 * 60};
    settings.week_holidays = {1};
    const Calendar calendar = make_calendar(settings);
    std::uniform_int_distribution<std::int64_t> minute{29'000'000, 30'100'000};  // 2025 to 2027
    for (int i = 0; i < 300; ++i) {
      std::int64_t t[] = {minute(random), minute(random), minute(random)};
      std::sort(std::begin(t), std::end(t));
      const Time a = from_unix(t[0] * 60), b = from_unix(t[1] * 60), c = from_unix(t[2] * 60);
      ASSERT_EQ(calendar.work_minutes(a, b) + calendar.work_minutes(b, c),
                calendar.work_minutes(a, c))
          << zone << " " << t[0] << " " << t[1] << " " << t[2];
      ASSERT_NEAR(calendar.work_days(a, b) + calendar.work_days(b, c), calendar.work_days(a, c),
                  1e-6);
    }
  }
}

TEST(CalendarTest, WorkingTimeEqualsAMinuteByMinuteCount) {
  CalendarSettings settings;
  settings.zone = "Europe/Berlin";
  settings.work_start = minutes{60};
  settings.work_end = minutes{240};
  settings.week_holidays = {};
  const Calendar calendar = make_calendar(settings);
  for (const char* start : {"2026-03-27T13:00:00Z", "2026-10-23T13:00:00Z"}) {
    const Time from = parse_time(start).value();
    int counted = 0;
    for (int i = 0; i < 5 * 24 * 60; ++i) counted += calendar.is_working_time(from + minutes{i});
    EXPECT_EQ(calendar.work_minutes(from, from + days{5}).count(), counted) << start;
  }
}

TEST(CalendarTest, WithoutWorkingDaysEveryWalkEnds) {
  CalendarSettings settings;
  settings.week_holidays = {0, 1, 2, 3, 4, 5, 6};
  const Calendar calendar = make_calendar(settings);
  EXPECT_EQ(calendar.work_minutes(from_unix(0), at("2026-11-21 12:00")), minutes{0});
  EXPECT_TRUE(present_days(calendar, {}, 11, day("2026-11-21"), 5, Day::min() + days{1}).empty());
}

TEST(CalendarTest, BrokenInstantsCostNeitherTimeNorSense) {
  const Calendar calendar = make_calendar();
  const Time lowest = Time::min(), highest = Time::max();
  EXPECT_EQ(format_day(calendar.day_of(lowest)), "0001-01-02");
  EXPECT_EQ(format_day(calendar.day_of(highest)), "9999-12-30");
  EXPECT_GT(calendar.work_days(lowest, at("2026-11-21 12:00")), 5000);
  EXPECT_LT(calendar.work_days(lowest, at("2026-11-21 12:00")), 5300);
  EXPECT_EQ(calendar.work_minutes(at("2026-11-21 12:00"), lowest), minutes{0});
}

TEST(AbsencesTest, AreSortedAndJoined) {
  const Absences absences{{
      {11, at("2026-11-18 00:00"), at("2026-11-20 00:00")},
      {12, at("2026-11-16 00:00"), at("2026-11-17 00:00")},
      {11, at("2026-11-16 00:00"), at("2026-11-18 00:00")},
      {11, at("2026-11-16 12:00"), at("2026-11-17 12:00")},
      {11, at("2026-11-23 00:00"), at("2026-11-23 00:00")},
      {11, at("2026-11-25 00:00"), at("2026-11-24 00:00")},
  }};
  EXPECT_TRUE(absences.absent_through(11, at("2026-11-16 00:00"), at("2026-11-19 23:59")));
  EXPECT_FALSE(absences.absent_through(11, at("2026-11-16 00:00"), at("2026-11-20 00:00")));
  EXPECT_FALSE(absences.absent_through(11, at("2026-11-15 23:59"), at("2026-11-16 10:00")));
  EXPECT_FALSE(absences.absent_through(11, at("2026-11-18 12:00"), at("2026-11-17 12:00")));
  EXPECT_TRUE(absences.absent_through(12, at("2026-11-16 23:59"), at("2026-11-16 23:59")));
  EXPECT_FALSE(absences.absent_through(12, at("2026-11-17 00:00"), at("2026-11-17 00:00")));
  EXPECT_FALSE(absences.absent_through(11, at("2026-11-23 00:00"), at("2026-11-23 00:00")));
  EXPECT_FALSE(absences.absent_through(11, at("2026-11-24 12:00"), at("2026-11-24 12:00")));
  EXPECT_FALSE(absences.absent_through(13, at("2026-11-16 12:00"), at("2026-11-16 12:00")));
}

TEST(AbsencesTest, HalfOfTheWorkingHoursMakeADay) {
  const Calendar calendar = make_calendar();
  const struct {
    const char* from;
    const char* to;
    bool absent;
  } cases[] = {
      {"2026-11-16 00:00", "2026-11-17 00:00", true},
      {"2026-11-16 09:00", "2026-11-16 13:30", true},
      {"2026-11-16 09:00", "2026-11-16 13:29", false},
      {"2026-11-16 13:30", "2026-11-16 20:00", true},
      {"2026-11-16 13:31", "2026-11-16 20:00", false},
      {"2026-11-16 18:00", "2026-11-17 09:00", false},
      {"2026-11-01 00:00", "2026-12-01 00:00", true},
  };
  for (const auto& c : cases) {
    const Absences absences{{{11, at(c.from), at(c.to)}}};
    EXPECT_EQ(absences.absent_on(11, day("2026-11-16"), calendar), c.absent) << c.from;
    EXPECT_FALSE(absences.absent_on(12, day("2026-11-16"), calendar));
  }
  const Absences two{{{11, at("2026-11-16 09:00"), at("2026-11-16 11:30")},
                      {11, at("2026-11-16 15:00"), at("2026-11-16 17:00")}}};
  EXPECT_TRUE(two.absent_on(11, day("2026-11-16"), calendar));
}

TEST(PresentDaysTest, SkipDaysOffAndAbsences) {
  CalendarSettings settings;
  settings.extra_holidays = {day("2026-11-18")};
  const Calendar calendar = make_calendar(settings);
  const Absences absences{{{11, at("2026-11-16 00:00"), at("2026-11-17 00:00")}}};
  const auto found = present_days(calendar, absences, 11, day("2026-11-21"), 4, day("2026-11-01"));
  EXPECT_EQ(found, (std::vector{day("2026-11-20"), day("2026-11-19"), day("2026-11-17"),
                                day("2026-11-13")}));
  EXPECT_EQ(present_days(calendar, absences, 11, day("2026-11-21"), 4, day("2026-11-19")),
            (std::vector{day("2026-11-20"), day("2026-11-19")}));
  EXPECT_TRUE(
      present_days(calendar, absences, 11, day("2026-11-21"), 0, day("2026-11-01")).empty());
}

}  // namespace
}  // namespace b24
