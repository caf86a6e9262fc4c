#include "rules/route.h"

#include <gtest/gtest.h>

#include "rules/base/language.h"
#include "rules/text.h"
#include "tests/rules/team.h"

namespace b24 {
namespace {

using test::at;
using test::make_people;
using test::num;
using test::real;
using test::text;

// Plays evaluations of one rule and keeps what a store would keep.
class RouteTest : public ::testing::Test {
 protected:
  RouteTest() {
    Metric metric;
    metric.id = "tasks_overdue";
    metric.object_entity = Entity::task;
    rules_.metrics.emplace(metric.id, metric);
  }
  ~RouteTest() override { set_language(Language::ru); }

  static Rule each_rule() {
    Rule rule;
    rule.id = "deal_stuck";
    rule.name = {"Зависшие сделки", "Stuck deals"};
    EachShape shape;
    shape.since = "stage_since";
    rule.shape = shape;
    rule.text = {"🟡 {manager}: зависших сделок – {count}\n",
                 "🟡 {manager}: stuck deals – {count}\n"};
    rule.item = {"• {link} – {age|days}", "• {link} – {age|days}"};
    rule.resolved = {"🟢 {manager}: все {count} решены за {duration}", ""};
    return rule;
  }
  static Rule metric_rule() {
    Rule rule;
    rule.id = "overdue_pile";
    rule.name = {"Много просроченных", "A pile of overdue tasks"};
    rule.shape = MetricShape{.metric = "tasks_overdue", .above = 10};
    rule.text = {"{manager}: {value} при норме {norm} ({change|percent})", ""};
    return rule;
  }
  static Rule compare_rule() {
    Rule rule = metric_rule();
    rule.shape = CompareShape{.metric = "calls"};
    return rule;
  }

  static Alert alert(const Rule& rule, AlertKey key, std::int64_t manager, double value,
                     AlertState state = AlertState::firing) {
    Alert result;
    result.rule_id = rule.id;
    result.key = key;
    result.manager_id = manager;
    result.value = value;
    result.norm = 10;
    result.state = state;
    result.changed_at = at("2026-11-20 09:00");
    return result;
  }
  static Alert deal(std::int64_t id, double age = 15, std::int64_t manager = 11,
                    AlertState state = AlertState::firing) {
    Alert result =
        alert(each_rule(), {AlertKey::Kind::object, Entity::deal, id}, manager, age, state);
    result.fields = {{"title", text("Сделка №" + std::to_string(id))},
                     {"stage_since", num(to_unix(at("2026-11-20 10:00")) -
                                         static_cast<std::int64_t>(age * 86400))}};
    result.items = {{id, result.fields}};
    return result;
  }
  static Alert number(const Rule& rule, double value, AlertState state = AlertState::firing,
                      std::int64_t manager = 11) {
    return alert(rule, {AlertKey::Kind::manager, Entity::user, manager}, manager, value, state);
  }

  std::vector<Outgoing> run(const Rule& rule, const std::vector<Alert>& alerts,
                            const char* local_time, Condition condition = Condition::same) {
    now_ = at(local_time);
    auto result = route(rule, alerts, messages_, input(), condition);
    for (const Outgoing& out : result) {
      std::erase_if(messages_, [&](const Message& m) { return tag_of(m) == out.notice.tag; });
      messages_.push_back(out.message);
    }
    return result;
  }
  // What was sent, as "u1 e1: text | ...".
  std::string told(const Rule& rule, const std::vector<Alert>& alerts, const char* local_time,
                   Condition condition = Condition::same) {
    std::string result;
    for (const Outgoing& out : run(rule, alerts, local_time, condition)) {
      if (!result.empty()) result += " | ";
      result += "u" + std::to_string(out.notice.recipient) + " e" +
                std::to_string(out.message.episode) + ": " + out.notice.text;
    }
    return result;
  }
  RouteInput input() const {
    return {rules_, people_, calendar_, "https://example.bitrix24.ru", now_, away_, quiet_};
  }

  RuleSet rules_;
  Calendar calendar_ = test::make_calendar();
  People people_ = make_people();
  Time now_ = at("2026-11-20 10:00");
  std::set<std::int64_t> away_;
  bool quiet_ = false;
  std::vector<Message> messages_;
};

const std::string kIvan = "[user=11]Иван Иванов[/user]";
std::string deal_line(int id, const char* age = "15 дн.") {
  return "\n• [url=https://example.bitrix24.ru/crm/deal/details/" + std::to_string(id) +
         "/]Сделка №" + std::to_string(id) + "[/url] – " + age;
}

TEST_F(RouteTest, TheFirstMessageGoesOutAtOnce) {
  const auto sent = run(each_rule(), {deal(1), deal(5, 20.4)}, "2026-11-20 10:00");
  ASSERT_EQ(sent.size(), 1U);
  const Outgoing& out = sent[0];
  EXPECT_EQ(out.notice.id, 0);
  EXPECT_EQ(out.notice.recipient, 1);
  EXPECT_EQ(out.notice.tag, "b24watch:deal_stuck:m11:u1:e1");
  EXPECT_EQ(out.notice.text,
            "🟡 " + kIvan + ": зависших сделок – 2" + deal_line(5, "20 дн.") + deal_line(1));
  EXPECT_EQ(out.notice.plain,
            "🟡 Иван Иванов: зависших сделок – 2\n"
            "• Сделка №5 (https://example.bitrix24.ru/crm/deal/details/5/) – 20 дн.\n"
            "• Сделка №1 (https://example.bitrix24.ru/crm/deal/details/1/) – 15 дн.");
  EXPECT_EQ(out.message.rule_id, "deal_stuck");
  EXPECT_EQ(out.message.manager_id, 11);
  EXPECT_TRUE(out.message.open);
  EXPECT_EQ(out.message.opened_at, at("2026-11-20 10:00"));
  EXPECT_EQ(out.message.told_at, at("2026-11-20 10:00"));
  EXPECT_EQ(out.message.told_value, 20.4);
  ASSERT_EQ(out.message.keys.size(), 2U);
  EXPECT_EQ(to_string(out.message.keys[0]), "deal:1");
  EXPECT_EQ(to_string(out.message.keys[1]), "deal:5");
}

TEST_F(RouteTest, NewObjectsAreToldWhenTheWaitIsOver) {
  const Rule rule = each_rule();
  const std::vector<Alert> two = {deal(1), deal(5)};
  const std::vector<Alert> five = {deal(1), deal(2), deal(3), deal(4), deal(5)};
  EXPECT_NE(told(rule, two, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, two, "2026-11-20 10:01"), "") << "nothing new";
  EXPECT_EQ(told(rule, five, "2026-11-20 10:09"), "") << "9 of 10 minutes";
  const auto sent = run(rule, five, "2026-11-20 10:10");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].notice.tag, "b24watch:deal_stuck:m11:u1:e1") << "replaces the first";
  EXPECT_EQ(sent[0].notice.text, "🟡 " + kIvan + ": зависших сделок – 5" + deal_line(1) +
                                     deal_line(2) + deal_line(3) + deal_line(4) + deal_line(5));
  EXPECT_EQ(told(rule, five, "2026-11-20 11:00"), "");
  EXPECT_EQ(told(rule, two, "2026-11-20 11:10"), "") << "fewer is no news";
}

TEST_F(RouteTest, AManagerHasAWindowOfHisOwn) {
  const Rule rule = each_rule();
  EXPECT_NE(told(rule, {deal(1)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(
      told(rule, {deal(1), deal(2, 15, 12)}, "2026-11-20 10:05"),
      "u1 e1: 🟡 [user=12]Пётр Петров[/user]: зависших сделок – 1" +
          deal_line(2));
}

TEST_F(RouteTest, AgeAloneIsNoNews) {
  const Rule rule = each_rule();
  EXPECT_NE(told(rule, {deal(1, 15)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, {deal(1, 300)}, "2026-11-21 10:00"), "");
}

TEST_F(RouteTest, AnObjectThatFiresAgainIsNews) {
  const Rule rule = each_rule();
  EXPECT_NE(told(rule, {deal(1, 20), deal(2)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, {deal(1, 20), deal(2, 15, 11, AlertState::resolved)}, "2026-11-20 12:00"),
            "");
  Alert again = deal(2, 16);
  again.changed_at = at("2026-11-20 13:00");
  EXPECT_EQ(told(rule, {deal(1, 20), again}, "2026-11-20 13:00"),
            "u1 e1: 🟡 " + kIvan + ": зависших сделок – 2" + deal_line(1, "20 дн.") +
                deal_line(2, "16 дн."));
  EXPECT_EQ(told(rule, {deal(1, 20), again}, "2026-11-20 13:10"), "");
}

TEST_F(RouteTest, ANumberIsToldAgainWhenItIsWorse) {
  const struct {
    Rule rule;
    double told;
    double same;
    double worse;
  } cases[] = {
      {metric_rule(), 15, 17.9, 18},
      {compare_rule(), 5, 3.1, 3},
      {compare_rule(), 7, 5.1, 5},
  };
  for (const auto& c : cases) {
    messages_.clear();
    EXPECT_NE(told(c.rule, {number(c.rule, c.told)}, "2026-11-20 10:00"), "");
    EXPECT_EQ(told(c.rule, {number(c.rule, c.same)}, "2026-11-20 11:00"), "") << c.same;
    EXPECT_EQ(told(c.rule, {number(c.rule, c.worse)}, "2026-11-20 10:09"), "") << c.worse;
    EXPECT_NE(told(c.rule, {number(c.rule, c.worse)}, "2026-11-20 11:05"), "") << c.worse;
    EXPECT_EQ(told(c.rule, {number(c.rule, c.worse)}, "2026-11-20 12:05"), "") << c.worse;
  }
  const Rule rule = compare_rule();
  messages_.clear();
  EXPECT_NE(told(rule, {number(rule, 0)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, {number(rule, 0)}, "2026-11-20 12:00"), "") << "nothing is below zero";
}

TEST_F(RouteTest, TheEndReplacesTheMessage) {
  const Rule rule = each_rule();
  EXPECT_NE(told(rule, {deal(1), deal(2)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, {deal(1), deal(2, 15, 11, AlertState::resolved)}, "2026-11-20 11:00"), "");
  const auto sent =
      run(rule, {deal(1, 15, 11, AlertState::resolved), deal(2, 15, 11, AlertState::resolved)},
          "2026-11-20 12:15");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].notice.tag, "b24watch:deal_stuck:m11:u1:e1");
  EXPECT_EQ(sent[0].notice.text, "🟢 " + kIvan + ": все 2 решены за 2 ч 15 мин");
  EXPECT_FALSE(sent[0].message.open);
  EXPECT_EQ(told(rule, {deal(1, 15, 11, AlertState::resolved)}, "2026-11-20 13:00"), "");
  EXPECT_EQ(told(rule, {deal(1)}, "2026-11-20 14:00"),
            "u1 e2: 🟡 " + kIvan + ": зависших сделок – 1" + deal_line(1));
}

TEST_F(RouteTest, TheEndIsToldAtOnceAndAlsoWhenTheAlertIsForgotten) {
  const Rule rule = metric_rule();
  EXPECT_EQ(told(rule, {number(rule, 15)}, "2026-11-20 10:00"),
            "u1 e1: " + kIvan + ": 15 при норме 10 (50 %)");
  EXPECT_EQ(told(rule, {}, "2026-11-20 10:01"),
            "u1 e1: ✅ " + kIvan + ": «Много просроченных» – решено за минуту");
}

TEST_F(RouteTest, OnlyWhatFiresIsTold) {
  const Rule rule = each_rule();
  EXPECT_EQ(told(rule,
                 {deal(1, 15, 11, AlertState::known), deal(2, 15, 11, AlertState::pending),
                  deal(3, 15, 11, AlertState::resolved)},
                 "2026-11-20 10:00"),
            "");
  EXPECT_EQ(told(rule, {deal(1, 15, 11, AlertState::known), deal(4)}, "2026-11-20 10:05"),
            "u1 e1: 🟡 " + kIvan + ": зависших сделок – 1" + deal_line(4));
}

TEST_F(RouteTest, AnAlertSentBackToPendingKeepsItsMessage) {
  const Rule rule = metric_rule();
  EXPECT_NE(told(rule, {number(rule, 15)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, {number(rule, 15, AlertState::pending)}, "2026-11-20 11:00"), "");
  EXPECT_TRUE(messages_[0].open);
  EXPECT_EQ(told(rule, {number(rule, 15, AlertState::resolved)}, "2026-11-20 12:00"),
            "u1 e1: ✅ " + kIvan + ": «Много просроченных» – решено за 2 ч");
}

TEST_F(RouteTest, ReliefIsToldOnceADay) {
  const Rule rule = each_rule();
  EXPECT_NE(told(rule, {deal(1), deal(2), deal(3)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(rule, {deal(1), deal(2)}, "2026-11-21 09:59"), "");
  EXPECT_EQ(told(rule, {deal(1)}, "2026-11-21 10:00"),
            "u1 e1: 🟡 " + kIvan + ": зависших сделок – 1" + deal_line(1));
  EXPECT_EQ(told(rule, {deal(1)}, "2026-11-23 10:00"), "") << "no fewer";
  const Rule pile = metric_rule();
  messages_.clear();
  EXPECT_NE(told(pile, {number(pile, 30)}, "2026-11-20 10:00"), "");
  EXPECT_EQ(told(pile, {number(pile, 24)}, "2026-11-20 15:00"), "");
  EXPECT_EQ(told(pile, {number(pile, 25)}, "2026-11-21 10:00"), "") << "not by a fifth";
  EXPECT_EQ(told(pile, {number(pile, 24)}, "2026-11-21 10:01"),
            "u1 e1: " + kIvan + ": 24 при норме 10 (140 %)");
}

TEST_F(RouteTest, WhoeverCannotBeJudgedIsNotRecovered) {
  const Rule rule = compare_rule();
  const Alert falling = number(rule, 4);
  EXPECT_NE(told(rule, {falling}, "2026-11-20 10:00"), "");
  const Judgement silent{{}, {{rule.id, 11, {"сегодня отсутствует", "absent today"}}}};
  const auto stepped = step_rule(rule, {falling}, silent, people_, false, at("2026-11-21 00:00"));
  EXPECT_EQ(told(rule, stepped.alerts, "2026-11-21 00:00"), "");
  EXPECT_TRUE(messages_[0].open);
}

TEST_F(RouteTest, WhoeverIsNoLongerWatchedIsNotRecovered) {
  const Rule rule = each_rule();
  const auto persons = [](bool active) {
    auto all = test::team();
    all[1].active = active;
    return all;
  };
  EXPECT_NE(told(rule, {deal(1)}, "2026-11-20 10:00"), "");
  people_ = make_people(persons(false));
  const auto stepped = step_rule(rule, {deal(1)}, {}, people_, false, at("2026-11-20 11:00"));
  EXPECT_EQ(told(rule, stepped.alerts, "2026-11-20 11:00"),
            "u1 e1: ⚪ " + kIvan + " больше не работает. Проверьте, кому перешли сделки и задачи");
  messages_[0].open = true;
  people_ = make_people(persons(true), {.exclude = {11}});
  EXPECT_EQ(told(rule, stepped.alerts, "2026-11-20 11:00"),
            "u1 e1: ⚪ " + kIvan + ": больше не под наблюдением (другой отдел, роль или настройки)");
}

TEST_F(RouteTest, AnEditedRuleIsNotRecovered) {
  const Rule rule = metric_rule();
  EXPECT_NE(told(rule, {number(rule, 15)}, "2026-11-20 10:00"), "");
  quiet_ = true;
  EXPECT_EQ(
      told(rule, {number(rule, 15, AlertState::resolved)}, "2026-11-20 20:00", Condition::edited),
      "u1 e1: ⚪ " + kIvan +
          ": правило «Много просроченных» или настройки изменили, тревоги больше нет");
}

TEST_F(RouteTest, QuietHoursOnlyDelay) {
  const Rule rule = metric_rule();
  quiet_ = true;
  EXPECT_EQ(told(rule, {number(rule, 15)}, "2026-11-20 00:01"), "");
  quiet_ = false;
  EXPECT_NE(told(rule, {number(rule, 16)}, "2026-11-20 09:00"), "");
  quiet_ = true;
  EXPECT_EQ(told(rule, {number(rule, 40)}, "2026-11-20 19:00"), "");
  EXPECT_EQ(told(rule, {number(rule, 40, AlertState::resolved)}, "2026-11-20 20:00"), "");
  quiet_ = false;
  EXPECT_EQ(told(rule, {number(rule, 40, AlertState::resolved)}, "2026-11-23 09:00"),
            "u1 e1: ✅ " + kIvan + ": «Много просроченных» – решено за 3 дня");
}

TEST_F(RouteTest, AnAbsentHeadIsStoodInFor) {
  people_ = People{{test::person(1, "Анна", {5}), test::person(2, "Борис", {6}),
                    test::person(11, "Иван Иванов", {5})},
                   {{5, "Продажи", 6, 1}, {6, "Всё", std::nullopt, 2}},
                   {.departments = {5}}};
  const Rule rule = each_rule();
  EXPECT_TRUE(told(rule, {deal(1)}, "2026-11-20 10:00").starts_with("u1 e1: "));
  away_ = {1};
  EXPECT_EQ(told(rule, {deal(1)}, "2026-11-23 10:00"), "") << "the head knew it before he left";
  EXPECT_TRUE(told(rule, {deal(1), deal(2)}, "2026-11-23 11:00").starts_with("u2 e1: "));
  away_ = {};
  EXPECT_TRUE(told(rule, {deal(1), deal(2)}, "2026-11-24 10:00").starts_with("u1 e1: "));
  away_ = {1, 2};
  messages_.clear();
  EXPECT_TRUE(told(rule, {deal(1)}, "2026-11-25 10:00").starts_with("u1 e1: "))
      << "if all are away, the head is told";
}

TEST_F(RouteTest, WhatGetsWorseWhileTheHeadIsAwayIsToldToWhoStandsIn) {
  people_ = People{{test::person(1, "Анна", {5}), test::person(2, "Борис", {6}),
                    test::person(11, "Иван Иванов", {5})},
                   {{5, "Продажи", 6, 1}, {6, "Всё", std::nullopt, 2}},
                   {.departments = {5}}};
  const Rule rule = metric_rule();
  EXPECT_TRUE(told(rule, {number(rule, 15)}, "2026-11-20 10:00").starts_with("u1 e1: "));
  away_ = {1};
  EXPECT_EQ(told(rule, {number(rule, 17)}, "2026-11-23 10:00"), "");
  EXPECT_TRUE(told(rule, {number(rule, 60)}, "2026-11-23 11:00").starts_with("u2 e1: "));
}

TEST_F(RouteTest, AClockThatWasSetBackKeepsNobodyWaiting) {
  const Rule rule = each_rule();
  EXPECT_NE(told(rule, {deal(1)}, "2027-11-22 10:00"), "");
  EXPECT_NE(told(rule, {deal(1), deal(2)}, "2026-11-20 10:00"), "");
}

TEST_F(RouteTest, ItemsSayTheirAgeInTheUnitOfTheirLimit) {
  Rule rule = each_rule();
  rule.item = {"• {age_text} при норме {norm_text}", ""};
  Alert calendar = deal(1, 20), work = deal(2, 6), minute = deal(3, 95);
  calendar.fields["limit_unit"] = text("days");
  work.fields["limit_unit"] = text("work_days");
  minute.fields["limit_unit"] = text("work_minutes");
  calendar.fields["stage_since"] = num(1);
  work.fields["stage_since"] = num(2);
  minute.fields["stage_since"] = num(3);
  EXPECT_EQ(told(rule, {minute, work, calendar}, "2026-11-20 10:00"),
            "u1 e1: 🟡 " + kIvan +
                ": зависших сделок – 3\n• 20 дн. при норме 10 дн.\n"
                "• 6 раб. дн. при норме 10 раб. дн.\n• 95 раб. мин при норме 10 раб. мин");
}

TEST_F(RouteTest, ANewHeadIsToldAndTheOldOneHearsOfTheEnd) {
  const Rule rule = metric_rule();
  auto persons = test::team();
  persons.push_back(test::person(2, "Новый РОП"));
  people_ = make_people(persons);
  EXPECT_NE(told(rule, {number(rule, 15)}, "2026-11-20 10:00"), "");
  people_ = make_people(persons, {.notify = {2}});
  EXPECT_EQ(told(rule, {number(rule, 15)}, "2026-11-20 10:05"),
            "u2 e1: " + kIvan + ": 15 при норме 10 (50 %)");
  EXPECT_EQ(told(rule, {number(rule, 30)}, "2026-11-20 11:00"),
            "u2 e1: " + kIvan + ": 30 при норме 10 (200 %)");
  const std::string end = "✅ " + kIvan + ": «Много просроченных» – решено за ";
  EXPECT_EQ(told(rule, {}, "2026-11-20 12:05"),
            "u1 e1: " + end + "2 ч 5 мин | u2 e1: " + end + "2 ч");
}

TEST_F(RouteTest, ADismissedHeadHearsNothing) {
  const Rule rule = metric_rule();
  EXPECT_NE(told(rule, {number(rule, 15)}, "2026-11-20 10:00"), "");
  auto persons = test::team();
  persons[0].active = false;
  people_ = make_people(persons);
  EXPECT_EQ(told(rule, {}, "2026-11-20 12:00"), "");
}

TEST_F(RouteTest, ARepeatedCallTellsNothingTwice) {
  const Rule rule = each_rule();
  now_ = at("2026-11-20 10:00");
  const auto first = route(rule, {deal(1)}, {}, input());
  const auto again = route(rule, {deal(1)}, {}, input());
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].notice, again[0].notice);
  EXPECT_TRUE(route(rule, {deal(1)}, {first[0].message}, input()).empty());
}

TEST_F(RouteTest, OnlyTheLatestEpisodeCounts) {
  const Rule rule = metric_rule();
  Message first, second;
  first.rule_id = second.rule_id = rule.id;
  first.manager_id = second.manager_id = 11;
  first.recipient = second.recipient = 1;
  first.episode = 1;
  second.episode = 2;
  second.open = true;
  second.opened_at = at("2026-11-20 09:00");
  messages_ = {second, first};
  EXPECT_EQ(told(rule, {}, "2026-11-20 10:00"),
            "u1 e2: ✅ " + kIvan + ": «Много просроченных» – решено за 1 ч");
}

TEST_F(RouteTest, LongListsAreCounted) {
  Rule rule = each_rule();
  rule.group.max_items = 2;
  EXPECT_EQ(
      told(rule, {deal(1), deal(2), deal(3), deal(4), deal(5)}, "2026-11-20 10:00"),
      "u1 e1: 🟡 " + kIvan + ": зависших сделок – 5" + deal_line(1) + deal_line(2) + "\n…ещё 3");
}

std::string words_of(const std::vector<ObjectRef>& objects) {
  std::string words;
  for (const auto& [entity, id] : objects) {
    words += (words.empty() ? "" : " ") + std::string{name(entity)} + ":" + std::to_string(id);
  }
  return words;
}

// They are asked for before the message goes: not those that "…ещё N" counts.
TEST_F(RouteTest, AMessageKnowsWhichObjectsItNames) {
  Rule rule = each_rule();
  rule.group.max_items = 2;
  const auto named = [&](const Rule& of, const std::vector<Alert>& alerts) {
    messages_.clear();
    return words_of(run(of, alerts, "2026-11-20 10:00").at(0).named);
  };
  EXPECT_EQ(named(rule, {deal(1, 15), deal(2, 20), deal(3, 16)}), "deal:2 deal:3");
  rule.item = {};
  EXPECT_EQ(named(rule, {deal(1, 15), deal(2, 20)}), "deal:2") << "without lines, the worst";
  Metric metric;
  metric.id = "tasks_overdue";
  metric.object_entity = Entity::task;
  rules_.metrics = {{metric.id, metric}};
  Rule pile = metric_rule();
  Alert one = number(pile, 12);
  one.items = {{8, {}}, {9, {}}, {10, {}}};
  EXPECT_EQ(named(pile, {one}), "") << "a number names nobody";
  pile.item = {"{link}", ""};
  pile.group.max_items = 2;
  EXPECT_EQ(named(pile, {one}), "task:8 task:9");
  // The end names a manager and a rule.
  EXPECT_EQ(words_of(run(pile, {}, "2026-11-20 11:00").at(0).named), "");
}

TEST_F(RouteTest, AFloodIsOneMessage) {
  const Rule rule = each_rule();
  std::vector<Alert> alerts;
  for (int i = 1; i <= 5000; ++i) alerts.push_back(deal(i));
  const auto sent = run(rule, alerts, "2026-11-20 10:00");
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].notice.text.starts_with("🟡 " + kIvan + ": зависших сделок – 5000\n"));
  EXPECT_TRUE(sent[0].notice.text.ends_with("\n…ещё 4993"));
  EXPECT_EQ(sent[0].message.keys.size(), 5000U);
}

TEST_F(RouteTest, ItemsGiveWayWhenAMessageIsTooLong) {
  const Rule rule = each_rule();
  std::vector<Alert> alerts;
  for (int i = 1; i <= 7; ++i) {
    Alert one = deal(i);
    std::string title;
    for (int n = 0; n < 150; ++n) title += "ж";
    one.items[0].fields["title"] = title;
    alerts.push_back(one);
  }
  const auto sent = run(rule, alerts, "2026-11-20 10:00");
  ASSERT_EQ(sent.size(), 1U);
  const std::string& words = sent[0].notice.text;
  EXPECT_LE(visible_length(words), kMessageLength);
  EXPECT_TRUE(words.ends_with("[/url] – 15 дн.\n…ещё 4")) << words;
}

TEST_F(RouteTest, MetricMessagesListTheirObjects) {
  Rule rule = metric_rule();
  rule.item = {"• {link}, срок {deadline_at|date}", ""};
  rule.group.max_items = 1;
  Alert one = number(rule, 12);
  one.fields["count"] = num(12);
  one.items = {{8,
                {{"title", text("Позвонить [срочно]")},
                 {"deadline_at", num(to_unix(at("2026-11-19 18:00")))}}},
               {9, {}}};
  EXPECT_EQ(told(rule, {one}, "2026-11-20 10:00"),
            "u1 e1: " + kIvan +
                ": 12 при норме 10 (20 %)\n"
                "• [url=https://example.bitrix24.ru/company/personal/user/1/tasks/task/view/8/]"
                "Позвонить (срочно)[/url], срок 19.11\n…ещё 11");
}

TEST_F(RouteTest, ObjectsWithoutATitleOrAPageHaveAName) {
  Rule rule = each_rule();
  rule.item = {"• [url={url}]{title}[/url] {manager}", ""};
  Alert one = deal(7);
  one.fields.clear();
  one.items.clear();
  EXPECT_EQ(told(rule, {one}, "2026-11-20 10:00"),
            "u1 e1: 🟡 " + kIvan +
                ": зависших сделок – 1\n"
                "• [url=https://example.bitrix24.ru/crm/deal/details/7/]сделка 7[/url] " +
                kIvan);
  std::get<EachShape>(rule.shape).entity = Entity::call;
  rule.id = "calls";
  messages_.clear();
  EXPECT_EQ(told(rule, {one}, "2026-11-20 10:00"),
            "u1 e1: 🟡 " + kIvan + ": зависших сделок – 1\n• звонок 7 " + kIvan);
}

TEST_F(RouteTest, EachMessagesKnowTheirOldest) {
  Rule rule = each_rule();
  rule.item = {};
  rule.text = {"{rule}: {value}, {age|days}, с {oldest|date}", ""};
  EXPECT_EQ(told(rule, {deal(1, 15), deal(2, 30.5)}, "2026-11-20 10:00"),
            "u1 e1: Зависшие сделки: 2, 30 дн., с 20.10");
}

TEST_F(RouteTest, NobodyToTellMeansNoMessage) {
  people_ = People{{test::person(11, "Иван Иванов")}, {}, {}};
  EXPECT_EQ(told(each_rule(), {deal(1)}, "2026-11-20 10:00"), "");
}

TEST_F(RouteTest, ARemovedRuleClosesItsMessages) {
  const Rule rule = metric_rule();
  run(rule, {number(rule, 15), number(rule, 20, AlertState::firing, 12)}, "2026-11-20 10:00");
  messages_[1].open = false;
  now_ = at("2026-11-20 12:00");
  const auto sent = close_removed("Много [b] просроченных", messages_, input());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].notice.tag, "b24watch:overdue_pile:m11:u1:e1");
  EXPECT_EQ(sent[0].notice.text,
            "⚪ " + kIvan + ": правило «Много (b) просроченных» отключено, больше за этим не слежу");
  EXPECT_FALSE(sent[0].message.open);
  EXPECT_TRUE(close_removed("x", {sent[0].message}, input()).empty());
}

TEST_F(RouteTest, EnglishIsSpokenToo) {
  set_language(Language::en);
  Rule rule = each_rule();
  rule.group.max_items = 1;
  EXPECT_EQ(told(rule, {deal(1), deal(2)}, "2026-11-20 10:00"),
            "u1 e1: 🟡 " + kIvan + ": stuck deals – 2" + deal_line(1, "15 d") + "\n…1 more");
  const Rule number_rule = metric_rule();
  messages_.clear();
  run(number_rule, {number(number_rule, 15)}, "2026-11-20 10:00");
  EXPECT_EQ(close_removed("Pile", messages_, input())[0].notice.text,
            "⚪ " + kIvan + ": the rule \"Pile\" is switched off, no longer watching");
  EXPECT_EQ(told(number_rule, {}, "2026-11-20 11:00"),
            "u1 e1: ✅ " + kIvan + ": \"A pile of overdue tasks\" – resolved in 1 h");
}

TEST_F(RouteTest, NamesOfTheRouterAreGivenInFact) {
  for (Rule rule : {each_rule(), metric_rule()}) {
    rule.resolved = {};
    rule.text = {};
    rule.item = {};
    for (const auto& name : message_names(rule)) rule.text.ru += "{" + name + "} ";
    for (const auto& name : item_names(rule)) rule.item.ru += "{" + name + "} ";
    Alert one = deal(3);
    one.rule_id = rule.id;
    messages_.clear();
    const std::string words = told(rule, {one}, "2026-11-20 10:00");
    EXPECT_EQ(words.find("—"), std::string::npos) << words;
  }
}

// --- the first start ---

class SummaryTest : public RouteTest {
 protected:
  SummaryTest() {
    rules_.rules = {metric_rule(), each_rule(), compare_rule()};
    rules_.rules[2].id = "calls_drop";
    rules_.rules[2].name = {"Звонков меньше обычного", "Fewer calls than usual"};
  }
  std::vector<Outgoing> first(const std::vector<Alert>& known) const {
    return summary(known, Occasion::first_start, {}, input());
  }
  std::vector<std::string> texts(const std::vector<Alert>& known) const {
    std::vector<std::string> result;
    for (const Outgoing& out : first(known)) result.push_back(out.notice.text);
    return result;
  }
};

TEST_F(SummaryTest, SaysOnceWhatAlreadyHolds) {
  Rule calls = rules_.rules[2];
  const auto known = AlertState::known;
  const std::vector<Alert> alerts = {
      number(rules_.rules[0], 12, known, 11),
      number(rules_.rules[0], 31, known, 12),
      number(calls, 3.3333, known, 13),
      deal(1, 15, 11, known),
      deal(2, 40, 11, known),
      deal(3, 20, 12, known),
      deal(4, 20, 12),
  };
  const auto sent = first(alerts);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].notice.recipient, 1);
  EXPECT_EQ(sent[0].notice.tag, "b24watch:start:u1:e1");
  EXPECT_EQ(
      sent[0].notice.text,
      "[b]b24watch начал наблюдение[/b]\n"
      "Вот что уже накопилось. Дальше сообщаю только о новом и о том, что стало заметно хуже.\n"
      "\n"
      "[b]Много просроченных[/b]: 2 менеджера\n"
      "[user=12]Пётр Петров[/user] – 31 (порог 10)\n"
      "[user=11]Иван Иванов[/user] – 12 (порог 10)\n"
      "\n"
      "[b]Зависшие сделки[/b]: 3 сделки у 2 менеджеров\n"
      "[user=11]Иван Иванов[/user] – 2 сделки, дольше всех "
      "[url=https://example.bitrix24.ru/crm/deal/details/2/]Сделка №2[/url]\n"
      "[user=12]Пётр Петров[/user] – 1 сделка, дольше всех "
      "[url=https://example.bitrix24.ru/crm/deal/details/3/]Сделка №3[/url]\n"
      "\n"
      "[b]Звонков меньше обычного[/b]: 1 менеджер\n"
      "[user=13]Сидор Сидоров[/user] – 3,3 (обычно 10)");
  EXPECT_EQ(words_of(sent[0].named), "deal:2 deal:3");
  EXPECT_EQ(sent[0].message.rule_id, kStartRule);
  EXPECT_FALSE(sent[0].message.open);
  EXPECT_EQ(sent[0].notice.plain, plain_text(sent[0].notice.text));
}

TEST_F(SummaryTest, SpeaksEnglishToo) {
  set_language(Language::en);
  EXPECT_EQ(texts({deal(1, 15, 11, AlertState::known)}),
            (std::vector<std::string>{
                "[b]b24watch has begun to watch[/b]\n"
                "This is what has piled up. From now on I tell only what is new or clearly worse.\n"
                "\n"
                "[b]Stuck deals[/b]: 1 deal of 1 manager\n"
                "[user=11]Иван Иванов[/user] – 1 deal, the longest "
                "[url=https://example.bitrix24.ru/crm/deal/details/1/]Сделка №1[/url]"}));
}

TEST_F(SummaryTest, EditedRulesHaveOneOfTheirOwn) {
  const auto known = AlertState::known;
  quiet_ = true;
  const auto start = first({deal(1, 15, 11, known)});
  ASSERT_EQ(start.size(), 1U);
  const auto later =
      summary({deal(2, 15, 11, known)}, Occasion::rules_changed, {start[0].message}, input());
  ASSERT_EQ(later.size(), 1U) << "comes at once, quiet or not";
  EXPECT_EQ(later[0].notice.tag, "b24watch:start:u1:e2") << "and replaces nothing";
  EXPECT_EQ(later[0].message.episode, 2);
  EXPECT_TRUE(later[0].notice.text.starts_with(
      "[b]b24watch: слежу ещё за этим[/b]\n"
      "Вот что уже накопилось. Дальше сообщаю только о новом и о том, что стало заметно хуже.\n"))
      << later[0].notice.text;
}

TEST_F(SummaryTest, SaysNothingWhenNothingHolds) {
  EXPECT_TRUE(texts({}).empty());
  EXPECT_TRUE(texts({deal(1)}).empty());
  Alert foreign = deal(1, 15, 11, AlertState::known);
  foreign.rule_id = "removed";
  EXPECT_TRUE(texts({foreign}).empty());
}

TEST_F(SummaryTest, ListsAtMostSevenManagersInOneMessage) {
  std::vector<Person> persons = {test::person(1, "Анна Смирнова")};
  std::vector<Alert> alerts;
  for (int i = 0; i < 300; ++i) {
    persons.push_back(test::person(100 + i, "Менеджер " + std::to_string(i)));
    alerts.push_back(number(rules_.rules[0], 11 + i, AlertState::known, 100 + i));
  }
  people_ = make_people(persons);
  const auto sent = texts(alerts);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].ends_with("[user=393]Менеджер 293[/user] – 304 (порог 10)\n…ещё 293"))
      << sent[0];
  for (int i = 0; i < 40; ++i) {
    rules_.rules.push_back(rules_.rules[0]);
    rules_.rules.back().id = "r" + std::to_string(i);
    for (int n = 0; n < 300; ++n) {
      alerts.push_back(number(rules_.rules.back(), 20, AlertState::known, 100 + n));
    }
  }
  const auto longest = texts(alerts);
  ASSERT_EQ(longest.size(), 1U);
  EXPECT_LE(visible_length(longest[0]), kSummaryLength + 2);
}

TEST_F(SummaryTest, EachHeadSeesHisOwnPeople) {
  people_ = People{{test::person(1, "А", {5}), test::person(2, "Б", {6}),
                    test::person(11, "Иван", {5}), test::person(12, "Пётр", {6})},
                   {{5, "Первый", std::nullopt, 1}, {6, "Второй", std::nullopt, 2}},
                   {.departments = {5, 6}}};
  const auto sent = texts({deal(1, 15, 11, AlertState::known), deal(2, 15, 12, AlertState::known)});
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_NE(sent[0].find("[user=11]Иван"), std::string::npos);
  EXPECT_EQ(sent[0].find("[user=12]"), std::string::npos);
  EXPECT_NE(sent[1].find("[user=12]Пётр"), std::string::npos);
}

}  // namespace
}  // namespace b24
