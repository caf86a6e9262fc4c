#include "rules/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class JudgeTest : public ::testing::Test {
 protected:
  Circumstances circumstances() const { return {calendar_, absences_, people_, now_}; }

  Calendar calendar_ = make_calendar();
  Absences absences_;
  People people_ = make_people();
  Time now_ = at("2026-11-20 12:00");  // a Friday
  Rule rule_ = [] {
    Rule rule;
    rule.id = "r";
    return rule;
  }();
};

std::string brief(const Judgement& judgement) {
  std::string text;
  for (const Finding& f : judgement.findings) {
    text += to_string(f.key) + (f.clearing ? " clearing " : " ") + std::to_string(f.value) + "/" +
            std::to_string(f.norm) + "; ";
  }
  for (const Silence& s : judgement.silences) {
    text += std::to_string(s.manager_id) + ": " + s.reason.ru + "; ";
  }
  return text;
}

std::string breached(std::int64_t id, double value, double norm, bool clearing = false) {
  return "manager:" + std::to_string(id) + (clearing ? " clearing " : " ") + std::to_string(value) +
         "/" + std::to_string(norm) + "; ";
}

TEST(AlertKeyTest, IsWrittenAndRead) {
  const AlertKey manager{AlertKey::Kind::manager, Entity::user, 17};
  const AlertKey deal{AlertKey::Kind::object, Entity::deal, 7405};
  EXPECT_EQ(to_string(manager), "manager:17");
  EXPECT_EQ(to_string(deal), "deal:7405");
  EXPECT_EQ(parse_alert_key("manager:17"), manager);
  EXPECT_EQ(parse_alert_key("deal:7405"), deal);
  for (const char* text : {"", "manager", "manager:", "manager:x", "manager:1 ", "order:5"}) {
    EXPECT_EQ(parse_alert_key(text), std::nullopt) << text;
  }
}

// --- metric ---

class JudgeMetricTest : public JudgeTest {
 protected:
  Result<Judgement> judge(const MetricShape& shape, std::vector<std::vector<Value>> rows,
                          const Table& objects = {}) const {
    return judge_metric(rule_, shape, table({"manager_id", "value"}, std::move(rows)), objects,
                        circumstances());
  }
};

TEST_F(JudgeMetricTest, JudgesByTheLimitThatIsCrossed) {
  const MetricShape above{.metric = "m", .above = 10};
  const MetricShape below{.metric = "m", .below = 3};
  const MetricShape team{.metric = "m", .above = 40, .above_median_times = 1.5};
  const struct {
    const char* what;
    MetricShape shape;
    std::vector<std::vector<Value>> rows;
    std::string want;
  } cases[] = {
      {"above is strict", above, {{num(11), num(10)}, {num(12), num(11)}}, breached(12, 11, 10)},
      {"below takes those without a row for zero",
       below,
       {{num(11), num(3)}, {num(12), real(2.5)}},
       breached(12, 2.5, 3) + breached(13, 0, 3)},
      {"the head and strangers are dropped", above, {{num(1), num(99)}, {num(500), num(99)}}, ""},
      {"rows of strangers may repeat", above, {{num(1), num(9)}, {num(1), num(9)}}, ""},
      {"rows of nobody are dropped", above, {{Value{}, num(99)}, {Value{}, num(99)}}, ""},
      {"NULL is no data",
       above,
       {{num(11), Value{}}, {num(12), num(11)}},
       breached(12, 11, 10) + "11: нет данных; "},
      {"the median judges first when above is not crossed",
       team,
       {{num(11), num(10)}, {num(12), num(20)}, {num(13), num(31)}},
       breached(13, 31, 30)},
      {"exactly times the median is allowed",
       team,
       {{num(11), num(10)}, {num(12), num(20)}, {num(13), num(30)}},
       ""},
      {"above is the norm when it is crossed too",
       team,
       {{num(11), num(10)}, {num(12), num(20)}, {num(13), num(41)}},
       breached(13, 41, 40)},
      {"zeroes count in the median",
       team,
       {{num(11), num(10)}, {num(12), num(2)}},
       breached(11, 10, 3)},
      {"a median of zero is silent", team, {{num(11), num(10)}}, ""},
      {"too few managers with a value for a median",
       team,
       {{num(11), Value{}}, {num(12), num(2)}, {num(13), num(20)}},
       "11: нет данных; "},
  };
  for (const auto& c : cases) {
    const auto got = judge(c.shape, c.rows);
    ASSERT_TRUE(got) << c.what << ": " << got.error().text;
    EXPECT_EQ(brief(*got), c.want) << c.what;
  }
}

TEST_F(JudgeMetricTest, BetweenTheLimitsAnAlertOnlyClears) {
  const MetricShape shape{.metric = "m", .above = 10, .clear_below = 7};
  const auto got = judge(shape, {{num(11), num(7)}, {num(12), num(10)}, {num(13), real(6.9)}});
  ASSERT_TRUE(got);
  EXPECT_EQ(brief(*got), breached(11, 7, 10, true) + breached(12, 10, 10, true));

  const MetricShape low{.metric = "m", .below = 3, .clear_above = 5};
  const auto other = judge(low, {{num(11), num(5)}, {num(12), num(3)}, {num(13), real(5.1)}});
  ASSERT_TRUE(other);
  EXPECT_EQ(brief(*other), breached(11, 5, 3, true) + breached(12, 3, 3, true));
}

TEST_F(JudgeMetricTest, WhatTheRuleLeavesOutStillCountsInTheMedian) {
  const MetricShape shape{.metric = "m", .above_median_times = 1.5};
  const Table rows =
      table({"manager_id", "value", "where_holds"},
            {{num(11), num(8), num(0)}, {num(12), num(30), Value{}}, {num(13), num(20), num(1)}});
  const auto got = judge_metric(rule_, shape, rows, {}, circumstances());
  ASSERT_TRUE(got);
  EXPECT_EQ(brief(*got), "");
  const MetricShape lower{.metric = "m", .above_median_times = 0.9};
  const auto found = judge_metric(rule_, lower, rows, {}, circumstances());
  ASSERT_TRUE(found);
  EXPECT_EQ(brief(*found), breached(12, 30, 18, true) + breached(13, 20, 18))
      << "where it does not hold, an alert does not begin, and does not end either";
  EXPECT_TRUE(found->findings[0].fields.empty());
}

TEST_F(JudgeMetricTest, BelowDoesNotJudgeTheAbsent) {
  absences_ = Absences{{{11, at("2026-11-20 00:00"), at("2026-11-21 00:00")}}};
  const auto got = judge({.metric = "m", .below = 3}, {{num(12), num(5)}, {num(13), num(5)}});
  ASSERT_TRUE(got);
  EXPECT_EQ(brief(*got), "11: сегодня отсутствует; ");
  const auto above = judge({.metric = "m", .above = 3}, {{num(11), num(5)}});
  ASSERT_TRUE(above);
  EXPECT_EQ(brief(*above), breached(11, 5, 3));
}

TEST_F(JudgeMetricTest, WhatIsWrongWithTheQueryIsNamed) {
  const MetricShape shape{.metric = "calls", .above = 1};
  const auto twice = judge(shape, {{num(11), num(1)}, {num(11), num(2)}});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(twice.error().text,
            "метрика «calls»: две строки для сотрудника Иван Иванов (11), а должна быть одна – "
            "нужен GROUP BY manager_id");
  const auto words = judge(shape, {{num(12), text("много")}});
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().text,
            "метрика «calls»: value у сотрудника Пётр Петров (12) – текст, а нужно число");
  const auto column =
      judge_metric(rule_, shape, table({"manager_id", "total"}, {}), {}, circumstances());
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().text, "метрика «calls»: запрос не даёт колонку «value»");
}

TEST_F(JudgeMetricTest, FurtherColumnsAndObjectsComeAlong) {
  const MetricShape shape{.metric = "m", .above = 1};
  const Table rows = table({"manager_id", "value", "oldest"}, {{num(11), num(2), num(1700000000)}});
  const Table objects = table({"manager_id", "id", "title"}, {{num(11), num(7), text("Первая")},
                                                              {num(12), num(8), text("Чужая")},
                                                              {num(11), num(9), text("Вторая")}});
  const auto got = judge_metric(rule_, shape, rows, objects, circumstances());
  ASSERT_TRUE(got);
  ASSERT_EQ(got->findings.size(), 1U);
  const Finding& finding = got->findings[0];
  EXPECT_EQ(finding.fields.at("oldest"), num(1700000000));
  EXPECT_EQ(finding.fields.at("count"), num(2));
  ASSERT_EQ(finding.items.size(), 2U);
  EXPECT_EQ(finding.items[0].id, 7);
  EXPECT_EQ(finding.items[0].fields.at("title"), text("Первая"));
  EXPECT_EQ(finding.items[1].id, 9);

  const auto broken = judge_metric(rule_, shape, rows, table({"id"}, {}), circumstances());
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().text, "метрика «m», objects: запрос не даёт колонку «manager_id»");
}

TEST_F(JudgeMetricTest, ListsAreLimitedButCountedInFull) {
  std::vector<std::vector<Value>> rows;
  for (int i = 1; i <= 12'000; ++i) rows.push_back({num(11), num(i)});
  const auto got = judge({.metric = "m", .above = 1}, {{num(11), num(12'000)}},
                         table({"manager_id", "id"}, std::move(rows)));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->findings[0].items.size(), kMaxItems);
  EXPECT_EQ(got->findings[0].fields.at("count"), num(12'000));
}

// --- each ---

class JudgeEachTest : public JudgeTest {
 protected:
  static EachShape shape(Span limit) {
    EachShape result;
    result.view = "v_deal";
    result.entity = Entity::deal;
    result.since = "stage_since";
    result.longer_than = limit;
    return result;
  }
  static Value ago(const char* local) { return num(to_unix(at(local))); }

  Result<Judgement> judge(const EachShape& each, std::vector<std::vector<Value>> rows,
                          const Table& learned = {}) const {
    return judge_each(rule_, each,
                      table({"id", "manager_id", "stage_since", "stage", "title"}, std::move(rows)),
                      learned, circumstances());
  }
  static std::vector<Value> deal(std::int64_t id, std::int64_t manager, Value since,
                                 const char* stage = "Новая") {
    return {num(id), num(manager), std::move(since), text(stage), text("Сделка")};
  }
};

constexpr Span kSevenDays{.unit = Span::Unit::clock, .clock = days{7}};
constexpr Span kTwoWorkDays{.unit = Span::Unit::work_days, .amount = 2};
constexpr Span kQuarter{.unit = Span::Unit::work_minutes, .amount = 15};

std::string stuck(std::int64_t id, double age, double limit) {
  return "deal:" + std::to_string(id) + " " + std::to_string(age) + "/" + std::to_string(limit) +
         "; ";
}

TEST_F(JudgeEachTest, FindsWhatStaysLongerThanItsLimit) {
  const struct {
    const char* what;
    EachShape shape;
    std::vector<std::vector<Value>> rows;
    std::string want;
  } cases[] = {
      {"calendar days, strictly longer",
       shape(kSevenDays),
       {deal(1, 11, ago("2026-11-13 12:00")), deal(2, 11, ago("2026-11-12 12:00"))},
       stuck(2, 8, 7)},
      {"working days skip the weekend",
       shape(kTwoWorkDays),
       {deal(1, 11, ago("2026-11-18 12:00")), deal(2, 11, ago("2026-11-17 12:00"))},
       stuck(2, 3, 2)},
      {"working minutes",
       shape(kQuarter),
       {deal(1, 11, ago("2026-11-20 11:45")), deal(2, 11, ago("2026-11-20 11:40"))},
       stuck(2, 20, 15)},
      {"ordered by key",
       shape(kSevenDays),
       {deal(9, 11, ago("2026-11-12 12:00")), deal(3, 12, ago("2026-11-10 12:00"))},
       stuck(3, 10, 7) + stuck(9, 8, 7)},
      {"no date, a zero date and a future date are skipped",
       shape(kSevenDays),
       {deal(1, 11, Value{}), deal(2, 11, num(0)), deal(3, 11, ago("2026-12-01 12:00")),
        deal(4, 11, num(std::numeric_limits<std::int64_t>::min()))},
       ""},
      {"owners nobody watches are left out",
       shape(kSevenDays),
       {deal(1, 1, ago("2026-10-01 12:00")),
        deal(2, 500, ago("2026-10-01 12:00")),
        {num(3), Value{}, ago("2026-10-01 12:00"), text("Новая"), text("Сделка")}},
       ""},
  };
  for (const auto& c : cases) {
    const auto got = judge(c.shape, c.rows);
    ASSERT_TRUE(got) << c.what << ": " << got.error().text;
    EXPECT_EQ(brief(*got), c.want) << c.what;
  }
}

TEST_F(JudgeEachTest, LimitsAreOverriddenAndLearned) {
  EachShape each = shape(kSevenDays);
  each.override_column = "stage";
  each.overrides = {{"Счёт", {.unit = Span::Unit::clock, .clock = days{3}}},
                    {"Договор", {.unit = Span::Unit::work_days, .amount = 2}}};
  each.learned_column = "stage";
  const Table learned = table({"key", "days"}, {{text("Новая"), real(9.5)},
                                                {text("Счёт"), num(2)},
                                                {text("Договор"), num(50)},
                                                {text("Прочее"), Value{}}});
  const Value since = ago("2026-11-10 12:00");  // 10 days, 8 working days
  const auto got = judge(each,
                         {deal(1, 11, since, "Новая"), deal(2, 11, since, "Счёт"),
                          deal(3, 11, since, "Договор"), deal(4, 11, since, "Прочее")},
                         learned);
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(brief(*got), stuck(1, 10, 9.5) + stuck(2, 10, 3) + stuck(3, 8, 2) + stuck(4, 10, 7));
}

TEST_F(JudgeEachTest, AFindingCarriesTheObject) {
  const auto got = judge(shape(kSevenDays), {deal(5, 12, ago("2026-11-01 12:00"))});
  ASSERT_TRUE(got);
  ASSERT_EQ(got->findings.size(), 1U);
  const Finding& finding = got->findings[0];
  EXPECT_EQ(finding.manager_id, 12);
  EXPECT_EQ(finding.fields.at("stage"), text("Новая"));
  ASSERT_EQ(finding.items.size(), 1U);
  EXPECT_EQ(finding.items[0].id, 5);
  EXPECT_EQ(finding.items[0].fields.at("title"), text("Сделка"));
}

TEST_F(JudgeEachTest, WhatIsWrongWithTheQueryIsNamed) {
  const auto twice = judge(shape(kSevenDays), {deal(5, 12, ago("2026-11-01 12:00")),
                                               deal(5, 12, ago("2026-11-01 12:00"))});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().text, "правило «r»: две строки с id 5, а должна быть одна");
  EachShape each = shape(kSevenDays);
  each.since = "moved_at";
  const auto column = judge(each, {});
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().text, "правило «r»: запрос не даёт колонку «moved_at»");
  EachShape learning = shape(kSevenDays);
  learning.learned_column = "stage";
  const auto learned = judge(learning, {}, table({"key", "limit"}, {}));
  ASSERT_FALSE(learned);
  EXPECT_EQ(learned.error().text, "правило «r», learned: запрос не даёт колонку «days»");
}

}  // namespace
}  // namespace b24
