#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/evaluate.h"
#include "tests/rules/team.h"

namespace b24 {
namespace {

using test::at;
using test::day;
using test::make_calendar;
using test::make_people;
using test::num;
using test::real;
using test::table;
using test::text;

class JudgeCompareTest : public ::testing::Test {
 protected:
  JudgeCompareTest() { rule_.id = "calls_drop"; }

  Circumstances circumstances() const { return {calendar_, absences_, people_, now_}; }
  Day today() const { return calendar_.day_of(now_); }

  // The same number on each of the last `count` working days before today, newest first from
  // `skip` days back.
  void fill(std::int64_t manager, int skip, int count, double value) {
    const auto found = present_days(calendar_, {}, 0, today(),
                                    static_cast<std::size_t>(skip + count), day("2020-01-01"));
    for (int i = skip; i < skip + count; ++i) {
      rows_.push_back(
          {num(manager), text(format_day(found[static_cast<std::size_t>(i)])), real(value)});
    }
  }
  Result<Judgement> judge(std::optional<Day> covered = day("2026-01-01")) const {
    return judge_compare(rule_, shape_, table({"manager_id", "day", "value"}, rows_), covered,
                         circumstances(), standing_);
  }
  std::string verdict(std::optional<Day> covered = day("2026-01-01")) const {
    const auto got = judge(covered);
    if (!got) return got.error().text;
    std::string result;
    for (const Finding& f : got->findings) {
      result += to_string(f.key) + " " + std::to_string(f.value).substr(0, 4) + " of " +
                std::to_string(f.norm).substr(0, 4) + (f.clearing ? " clearing; " : "; ");
    }
    for (const Silence& s : got->silences) {
      result += std::to_string(s.manager_id) + ": " + s.reason.ru + "; ";
    }
    return result;
  }

  Calendar calendar_ = make_calendar();
  Absences absences_;
  // One manager and a lively head, so that the team's silence does not speak.
  People people_ = make_people({test::person(1, "Анна Смирнова"), test::person(11, "Иван Иванов")});
  Time now_ = at("2026-11-20 12:00");
  Rule rule_;
  CompareShape shape_{.metric = "calls"};
  std::vector<std::vector<Value>> rows_;
  StandingNorms standing_;
};

TEST_F(JudgeCompareTest, ADropBelowTheOwnNormIsFound) {
  const struct {
    const char* what;
    double window;
    double past;
    const char* want;
  } cases[] = {
      {"a third less than 30 %", 6.9, 10, "manager:11 6.90 of 10.0; "},
      {"exactly 70 % does not fire", 7, 10, "manager:11 7.00 of 10.0 clearing; "},
      {"half of the drop made up", 8.5, 10, ""},
      {"and a hair less", 8.4, 10, "manager:11 8.40 of 10.0 clearing; "},
      {"a rise does not fire", 20, 10, ""},
      {"to nothing", 0, 10, "manager:11 0.00 of 10.0; "},
      {"a small norm is not compared", 0, 4.9, ""},
      {"a norm at the minimum is", 0, 5, "manager:11 0.00 of 5.00; "},
  };
  for (const auto& c : cases) {
    rows_.clear();
    fill(11, 0, 3, c.window);
    fill(11, 3, 20, c.past);
    EXPECT_EQ(verdict(), c.want) << c.what;
  }
}

TEST_F(JudgeCompareTest, ExactlyAtTheLimitIsNotBelowInBinaryEither) {
  shape_.drop_percent = 70;  // 1 - 0.7 is a hair more than 0.3
  fill(11, 0, 3, 3);
  fill(11, 3, 20, 10);
  EXPECT_EQ(verdict(), "manager:11 3.00 of 10.0 clearing; ");
}

TEST_F(JudgeCompareTest, ALastingFallDoesNotBecomeTheNorm) {
  // Fourteen days without a call: most of the norm's days are empty by now.
  fill(11, 14, 9, 10);
  EXPECT_EQ(verdict(), "") << "for whoever sees it now for the first time";
  standing_[11] = 10;
  EXPECT_EQ(verdict(), "manager:11 0.00 of 10.0; ");
  rows_.clear();
  fill(11, 0, 3, 8.5);
  EXPECT_EQ(verdict(), "") << "over: back at the norm it began with";
}

TEST_F(JudgeCompareTest, DaysWithoutARowAreZero) {
  fill(11, 0, 1, 9);
  fill(11, 3, 20, 10);
  EXPECT_EQ(verdict(), "manager:11 3.00 of 10.0; ");
  rows_.clear();
  EXPECT_EQ(verdict(), "");
}

TEST_F(JudgeCompareTest, TheNormIsTheMedianOrTheMean) {
  fill(11, 0, 3, 5);
  fill(11, 3, 11, 6);
  fill(11, 14, 9, 30);
  EXPECT_EQ(verdict(), "manager:11 5.00 of 6.00 clearing; ");
  shape_.median = false;
  EXPECT_EQ(verdict(), "manager:11 5.00 of 16.8; ");
}

TEST_F(JudgeCompareTest, TheWindowEndsYesterday) {
  fill(11, 0, 23, 10);
  rows_.push_back({num(11), text(format_day(today())), num(0)});
  EXPECT_EQ(verdict(), "");
  now_ = at("2026-11-22 12:00");  // Sunday: Friday is the newest day
  rows_.clear();
  fill(11, 1, 22, 10);
  EXPECT_EQ(verdict(), "manager:11 6.66 of 10.0; ");
}

TEST_F(JudgeCompareTest, TooLittleHistoryIsSilent) {
  fill(11, 0, 3, 0);
  fill(11, 3, 20, 10);
  const auto first = [this](int window_and_past) {
    return present_days(calendar_, {}, 0, today(), static_cast<std::size_t>(window_and_past),
                        day("2020-01-01"))
        .back();
  };
  EXPECT_EQ(verdict(first(13)), "manager:11 0.00 of 10.0; ");
  EXPECT_EQ(verdict(first(12)), "11: мало истории: рабочих дней 9 из 10; ");
  EXPECT_EQ(verdict(first(2)), "11: мало истории: рабочих дней 0 из 10; ");
  EXPECT_EQ(verdict(std::nullopt), "11: мало истории: данные ещё читаются; ");
}

TEST_F(JudgeCompareTest, DaysBeforeTheHiringDoNotCount) {
  auto hired = test::person(11, "Иван Иванов");
  hired.hired_at = at("2026-11-09 00:00");
  people_ = make_people({test::person(1, "Анна Смирнова"), hired});
  fill(11, 0, 9, 10);
  EXPECT_EQ(verdict(), "11: мало истории: рабочих дней 6 из 10; ");
  shape_.need_days = 6;
  EXPECT_EQ(verdict(), "");
}

TEST_F(JudgeCompareTest, AbsencesAndHolidaysAreSkipped) {
  CalendarSettings settings;
  settings.extra_holidays = {day("2026-11-19")};
  calendar_ = make_calendar(settings);
  absences_ = Absences{{{11, at("2026-11-16 00:00"), at("2026-11-18 00:00")}}};
  // At work on the 18th and before the 16th.
  for (const char* date : {"2026-11-18", "2026-11-13", "2026-11-12"}) {
    rows_.push_back({num(11), text(date), num(10)});
  }
  fill(11, 5, 20, 10);
  std::erase_if(
      rows_, [n = 0](const auto& row) mutable { return row[1] == text("2026-11-12") && ++n > 1; });
  EXPECT_EQ(verdict(), "");
}

TEST_F(JudgeCompareTest, WhoIsAbsentTodayIsNotJudged) {
  fill(11, 3, 20, 10);
  absences_ = Absences{{{11, at("2026-11-20 00:00"), at("2026-11-21 00:00")}}};
  EXPECT_EQ(verdict(), "11: сегодня отсутствует; ");
}

TEST_F(JudgeCompareTest, DaysMayBeNumbers) {
  const auto found = present_days(calendar_, {}, 0, today(), 23, day("2020-01-01"));
  for (const Day one : found) {
    rows_.push_back({num(11), num(one.time_since_epoch().count()), num(10)});
  }
  EXPECT_EQ(verdict(), "");
}

TEST_F(JudgeCompareTest, WhatIsWrongWithTheQueryIsNamed) {
  rows_ = {{num(11), text("19.11.2026"), num(5)}};
  EXPECT_EQ(verdict(),
            "метрика «calls»: «19.11.2026» в колонке day – не день, нужен вид «2026-11-21»");
  rows_ = {{num(11), text("2026-11-19"), num(5)}, {num(11), text("2026-11-19"), num(5)}};
  EXPECT_EQ(verdict(),
            "метрика «calls»: две строки за один день для сотрудника Иван Иванов (11, 2026-11-19), "
            "а должна быть одна – нужен GROUP BY manager_id, day");
}

TEST_F(JudgeCompareTest, NamesTheDaysItNeeds) {
  DayRange range = days_needed(shape_, circumstances());
  EXPECT_EQ(format_day(range.to), "2026-11-20");
  EXPECT_EQ(format_day(range.from), "2026-10-06");  // 33 working days
  absences_ = Absences{{{11, at("2026-11-02 00:00"), at("2026-11-09 00:00")}}};
  range = days_needed(shape_, circumstances());
  EXPECT_EQ(format_day(range.from), "2026-09-29");
  absences_ = Absences{{{11, at("2020-01-01 00:00"), at("2026-11-20 00:00")}}};
  range = days_needed(shape_, circumstances());
  EXPECT_EQ(range.from, range.to);
}

// --- the team ---

class DeadTelephonyTest : public JudgeCompareTest {
 protected:
  DeadTelephonyTest() { people_ = make_people(); }
};

TEST_F(DeadTelephonyTest, ADayWithoutAnyCallSilencesAll) {
  for (const std::int64_t id : {11, 12, 13}) fill(id, 1, 22, 10);
  EXPECT_EQ(verdict(),
            "11: похоже, телефония молчит; 12: похоже, телефония молчит; "
            "13: похоже, телефония молчит; ");
  // One call of anybody shows that telephony lives.
  fill(1, 0, 1, 1);
  EXPECT_EQ(verdict(),
            "manager:11 6.66 of 10.0; manager:12 6.66 of 10.0; manager:13 6.66 of 10.0; ");
}

TEST_F(DeadTelephonyTest, OlderDeadDaysAreLeftOut) {
  for (const std::int64_t id : {11, 12, 13}) {
    fill(id, 0, 1, 10);
    fill(id, 2, 22, 10);
  }
  EXPECT_EQ(verdict(), "");
}

TEST_F(DeadTelephonyTest, NeedsTwoManagersAndALivelyTeam) {
  fill(11, 1, 22, 10);
  EXPECT_EQ(verdict(), "manager:11 6.66 of 10.0; ");
  rows_.clear();
  shape_.norm_at_least = 1;
  for (const std::int64_t id : {11, 12}) fill(id, 1, 22, 2);
  EXPECT_EQ(verdict(), "manager:11 1.33 of 2.00; manager:12 1.33 of 2.00; ");
}

TEST_F(DeadTelephonyTest, OtherSilencesStay) {
  for (const std::int64_t id : {11, 12}) fill(id, 1, 22, 10);
  absences_ = Absences{{{13, at("2026-11-20 00:00"), at("2026-11-21 00:00")}}};
  EXPECT_EQ(
      verdict(),
      "11: похоже, телефония молчит; 12: похоже, телефония молчит; 13: сегодня отсутствует; ");
}

TEST_F(JudgeCompareTest, FieldsSayWhatWasCounted) {
  fill(11, 0, 3, 4);
  fill(11, 3, 12, 10);
  const auto got = judge();
  ASSERT_TRUE(got);
  ASSERT_EQ(got->findings.size(), 1U);
  EXPECT_EQ(got->findings[0].fields.at("total"), real(12));
  EXPECT_EQ(got->findings[0].fields.at("window_days"), num(3));
  EXPECT_EQ(got->findings[0].fields.at("norm_days"), num(20));
}

TEST_F(JudgeCompareTest, EachIsJudgedByHisOwnNorm) {
  people_ = make_people();
  fill(11, 0, 3, 20);
  fill(11, 3, 20, 10);
  fill(12, 0, 3, 30);
  fill(12, 3, 20, 50);
  fill(13, 0, 23, 5);
  EXPECT_EQ(verdict(), "manager:12 30.0 of 50.0; ");
}

}  // namespace
}  // namespace b24
