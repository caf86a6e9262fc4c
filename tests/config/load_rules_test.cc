#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

namespace fs = std::filesystem;

std::string told(const LoadedRules& loaded) {
  std::string text;
  for (const Problem& problem : loaded.problems) text += format_line(problem) + "\n";
  return text;
}

RuleSet good(const LoadedRules& loaded) {
  EXPECT_EQ(told(loaded), "");
  return loaded.rules;
}

const Rule* find(const RuleSet& rules, const std::string& id) {
  for (const Rule& rule : rules.rules) {
    if (rule.id == id) return &rule;
  }
  return nullptr;
}

TEST(ShippedRulesTest, AreThoseOfTheCatalogue) {
  const RuleSet rules = good(load_rules({}));
  std::vector<std::string> ids, metrics;
  for (const Rule& rule : rules.rules) {
    ids.push_back(rule.id);
    EXPECT_TRUE(rule.enabled) << rule.id;
    for (const Text* text : {&rule.name, &rule.text, &rule.resolved}) {
      EXPECT_FALSE(text->ru.empty() || text->en.empty()) << rule.id;
    }
    EXPECT_EQ(rule.item.ru.empty(), rule.item.en.empty()) << rule.id;
    EXPECT_EQ(rule.fresh, minutes{rule.id == "calls_drop_vs_baseline" ? 30 : 15}) << rule.id;
  }
  for (const auto& [id, metric] : rules.metrics) metrics.push_back(id);
  EXPECT_EQ(ids, (std::vector<std::string>{"overdue_pile", "overload_deals",
                                           "calls_drop_vs_baseline", "deal_stuck_stage"}));
  EXPECT_EQ(metrics,
            (std::vector<std::string>{"calls_out_effective", "deals_open", "tasks_overdue_open"}));
}

TEST(ShippedRulesTest, HaveTheThresholdsOfTheCatalogue) {
  const RuleSet rules = good(load_rules({}));
  const auto& pile = std::get<MetricShape>(find(rules, "overdue_pile")->shape);
  EXPECT_EQ(pile.metric, "tasks_overdue_open");
  EXPECT_EQ(pile.above, 4);
  EXPECT_EQ(pile.clear_below, 4);
  EXPECT_FALSE(pile.above_median_times);
  EXPECT_EQ(find(rules, "overdue_pile")->where->text, "share_percent >= 20");

  const auto& overload = std::get<MetricShape>(find(rules, "overload_deals")->shape);
  EXPECT_EQ(overload.metric, "deals_open");
  EXPECT_EQ(overload.above, 40);
  EXPECT_EQ(overload.above_median_times, 1.5);
  EXPECT_EQ(overload.median_of_at_least, 3);
  EXPECT_EQ(find(rules, "overload_deals")->where->text, "value >= 10");

  const auto& calls = std::get<CompareShape>(find(rules, "calls_drop_vs_baseline")->shape);
  EXPECT_EQ(calls.metric, "calls_out_effective");
  EXPECT_EQ(calls.window_days, 3);
  EXPECT_EQ(calls.norm_days, 20);
  EXPECT_EQ(calls.need_days, 10);
  EXPECT_TRUE(calls.median);
  EXPECT_EQ(calls.drop_percent, 30);
  EXPECT_EQ(calls.norm_at_least, 5);

  const auto& stuck = std::get<EachShape>(find(rules, "deal_stuck_stage")->shape);
  EXPECT_EQ(stuck.view, "v_deal");
  EXPECT_EQ(stuck.entity, Entity::deal);
  EXPECT_EQ(stuck.since, "stage_since");
  EXPECT_EQ(stuck.longer_than.unit, Span::Unit::clock);
  EXPECT_EQ(stuck.longer_than.clock, days{14});
  EXPECT_EQ(stuck.learned_column, "stage_id");
  EXPECT_TRUE(stuck.learned);
}

TEST(RulesTest, ReadsEveryKey) {
  const RuleSet rules = good(load_rules_text("a.yaml", R"(version: 1
metrics:
  m:
    title: {ru: Мера, en: Measure}
    sql: |
      SELECT manager_id, 1 AS value
      FROM v_manager
    objects: {entity: task, sql: "SELECT manager_id, id FROM v_task"}
defaults: {needs_fresh: 2 hours, for: 10 minutes}
rules:
  - id: low
    name: Мало
    enabled: false
    metric: m
    by: manager
    below: -2.5
    clear_above: 1
    where: value < 3 AND 'а' <> ''
    for: 1 hour
    worse_by_percent: 35
    group: {by: manager, wait: 5 minutes, max_items: 3}
    notify: [head]
    text: |
      {manager}: {value}
      вторая строка
    item: "• {title}"
    resolved: {ru: Прошло, en: Over}
  - id: old
    name: Давно
    each: task
    since: created_at
    longer_than: 2 work hours
    override: {title: {"Счёт: новый": 3 рабочих дня, Акт: 1 week}}
    text: "{manager}"
)"));
  const Metric* metric = rules.metric("m");
  ASSERT_NE(metric, nullptr);
  EXPECT_EQ(metric->title.en, "Measure");
  EXPECT_EQ(metric->kind, MetricKind::state);
  EXPECT_EQ(metric->sql.text, "SELECT manager_id, 1 AS value\nFROM v_manager\n");
  EXPECT_EQ(metric->sql.mark.file, "a.yaml");
  EXPECT_EQ(metric->sql.mark.line, 6);
  EXPECT_EQ(metric->sql.mark.column, 7);
  EXPECT_EQ(metric->object_entity, Entity::task);
  EXPECT_EQ(metric->objects->text, "SELECT manager_id, id FROM v_task");
  EXPECT_EQ(metric->mark.line, 3);

  const Rule* low = find(rules, "low");
  ASSERT_NE(low, nullptr);
  EXPECT_FALSE(low->enabled);
  EXPECT_EQ(std::get<MetricShape>(low->shape).below, -2.5);
  EXPECT_EQ(std::get<MetricShape>(low->shape).clear_above, 1);
  EXPECT_EQ(low->hold, hours{1});   // its own
  EXPECT_EQ(low->fresh, hours{2});  // of `defaults`
  EXPECT_EQ(low->worse_by_percent, 35);
  EXPECT_EQ(low->group.wait, minutes{5});
  EXPECT_EQ(low->group.max_items, 3);
  EXPECT_EQ(low->text.ru, "{manager}: {value}\nвторая строка");
  EXPECT_EQ(low->resolved.en, "Over");
  EXPECT_EQ(low->mark.line, 11);
  EXPECT_EQ(low->mark.column, 9);

  const Rule* old = find(rules, "old");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->hold, minutes{10});
  const auto& each = std::get<EachShape>(old->shape);
  EXPECT_EQ(each.view, "v_task");
  EXPECT_EQ(each.longer_than.unit, Span::Unit::work_minutes);
  EXPECT_EQ(each.longer_than.amount, 120);
  EXPECT_EQ(each.override_column, "title");
  EXPECT_EQ(each.overrides.at("Счёт: новый").unit, Span::Unit::work_days);
  EXPECT_EQ(each.overrides.at("Счёт: новый").amount, 3);
  EXPECT_EQ(each.overrides.at("Акт").clock, days{7});
}

TEST(RulesTest, TellsWhereValuesStand) {
  const LoadedRules loaded = load_rules_text("a.yaml", R"(rules:
  - id: old
    name: {ru: Давно, en: Long}
    each: task
    since: created_at
    longer_than: 2 days
    text: |
      {manager}
    item: "{title}"
)");
  const auto& marks = loaded.marks.at("old");
  const struct {
    const char* key;
    int line, column;
  } cases[] = {
      {"since", 5, 12}, {"name", 3, 11}, {"name.en", 3, 27}, {"text", 8, 7}, {"item", 9, 12}};
  for (const auto& c : cases) {
    EXPECT_EQ(marks.at(c.key).line, c.line) << c.key;
    EXPECT_EQ(marks.at(c.key).column, c.column) << c.key;
    EXPECT_EQ(marks.at(c.key).file, "a.yaml") << c.key;
  }
}

TEST(RulesTest, ReadsDurations) {
  const struct {
    const char* text;
    Span::Unit unit;
    double amount;  // seconds of clock time
  } cases[] = {
      {"30 minutes", Span::Unit::clock, 1800},
      {"30m", Span::Unit::clock, 1800},
      {"1 hour", Span::Unit::clock, 3600},
      {"2h", Span::Unit::clock, 7200},
      {"1.5 hours", Span::Unit::clock, 5400},
      {"7 days", Span::Unit::clock, 604800},
      {"1 week", Span::Unit::clock, 604800},
      {"2w", Span::Unit::clock, 1209600},
      {"45 seconds", Span::Unit::clock, 45},
      {"2 work hours", Span::Unit::work_minutes, 120},
      {"15 work minutes", Span::Unit::work_minutes, 15},
      {"7 work days", Span::Unit::work_days, 7},
      {"0.5 work days", Span::Unit::work_days, 0.5},
      {"3 дня", Span::Unit::clock, 259200},
      {"7 рабочих дней", Span::Unit::work_days, 7},
      {"1 рабочий день", Span::Unit::work_days, 1},
      {"30 рабочих минут", Span::Unit::work_minutes, 30},
      {"2  недели", Span::Unit::clock, 1209600},
  };
  for (const auto& c : cases) {
    const RuleSet rules = good(load_rules_text(
        "a.yaml", std::string("rules:\n  - {id: a, name: а, each: deal, since: x, text: т, "
                              "longer_than: ") +
                      c.text + "}\n"));
    ASSERT_EQ(rules.rules.size(), 1U) << c.text;
    const Span& span = std::get<EachShape>(rules.rules[0].shape).longer_than;
    EXPECT_EQ(span.unit, c.unit) << c.text;
    EXPECT_EQ(c.unit == Span::Unit::clock ? static_cast<double>(span.clock.count()) : span.amount,
              c.amount)
        << c.text;
  }
}

TEST(RulesTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"days", "-1 days", "1e3 days", "01 days", "5 dayz", "5 work seconds",
                           "99999999 days", "1 day 2 hours", "5 work", "1..5 days", "days 5"}) {
    const LoadedRules loaded = load_rules_text(
        "a.yaml", std::string("rules:\n  - {id: a, name: а, each: deal, since: x, text: т, "
                              "longer_than: ") +
                      text + "}\n");
    ASSERT_EQ(loaded.problems.size(), 1U) << text;
    EXPECT_EQ(loaded.problems[0].code, "R114") << text;
  }
}

const char* const kOwnRule = R"(rules:
  - id: own
    name: Своё
    metric: deals_open
    by: manager
    above: 100
    text: "{manager}"
)";

TEST(FoldersTest, OwnFilesComeOnTopOfTheShipped) {
  const TempFolder folder;
  folder.write("own/b.yml", kOwnRule);
  folder.write("own/.b.yml.swp.yaml", "это не правило: [");
  folder.write("own/readme.txt", "это не правило");
  const RuleSet rules = good(load_rules({folder.path() / "own"}));
  ASSERT_EQ(rules.rules.size(), 5U);
  EXPECT_EQ(rules.rules[4].id, "own");
  EXPECT_EQ(rules.rules[4].mark.file, (folder.path() / "own/b.yml").string());
}

TEST(FoldersTest, ALaterFolderReplacesByIdInPlace) {
  const TempFolder folder;
  folder.write("own/a.yaml", R"(
metrics:
  deals_open: {title: Мои сделки, sql: "SELECT manager_id, 1 AS value FROM v_deal"}
rules:
  - {id: overdue_pile, name: Иначе, metric: deals_open, by: manager, below: 3, text: т}
)");
  const RuleSet rules = good(load_rules({folder.path() / "own"}));
  ASSERT_EQ(rules.rules.size(), 4U);
  EXPECT_EQ(rules.rules[0].id, "overdue_pile");
  EXPECT_EQ(rules.rules[0].name.ru, "Иначе");
  EXPECT_EQ(std::get<MetricShape>(rules.rules[0].shape).below, 3);
  EXPECT_FALSE(rules.rules[0].where);  // nothing of the old one is left
  EXPECT_EQ(rules.metric("deals_open")->title.ru, "Мои сделки");
  EXPECT_FALSE(rules.metric("deals_open")->objects);
}

TEST(FoldersTest, ARuleWithoutAShapeChangesOnlyWhatItNames) {
  const TempFolder folder;
  folder.write("one/a.yaml",
               "rules:\n  - {id: overload_deals, above: 60}\n"
               "  - {id: overdue_pile, enabled: false}\n");
  folder.write("two/a.yaml",
               "rules:\n  - {id: overload_deals, where: value >= 20}\n"
               "  - id: deal_stuck_stage\n    override: {stage: {Новая: 2 days}}\n");
  const RuleSet rules = good(load_rules({folder.path() / "one", folder.path() / "two"}));
  const Rule* overload = find(rules, "overload_deals");
  EXPECT_EQ(std::get<MetricShape>(overload->shape).above, 60);
  EXPECT_EQ(std::get<MetricShape>(overload->shape).above_median_times, 1.5);
  EXPECT_EQ(overload->where->text, "value >= 20");
  EXPECT_EQ(overload->where->mark.file, (folder.path() / "two/a.yaml").string());
  EXPECT_FALSE(find(rules, "overdue_pile")->enabled);
  const auto& stuck = std::get<EachShape>(find(rules, "deal_stuck_stage")->shape);
  EXPECT_EQ(stuck.overrides.at("Новая").clock, days{2});
  EXPECT_TRUE(stuck.learned);
}

TEST(FoldersTest, AChangeMustFitTheRule) {
  const TempFolder folder;
  const std::string file = folder
                               .write("own/a.yaml",
                                      "rules:\n  - {id: overload_deals, below: 60}\n"
                                      "  - {id: overloaded_deals, above: 60}\n")
                               .string();
  EXPECT_EQ(
      told(load_rules({folder.path() / "own"})),
      file + ":2:26: ошибка R104: «below» и «above» вместе не бывают: сделайте два правила\n" +
          file +
          ":3:10: ошибка R304: правила «overloaded_deals», чтобы его менять, нет – может быть, "
          "«overload_deals»?\n");
}

TEST(FoldersTest, TwiceInOneFolderIsAMistake) {
  const TempFolder folder;
  folder.write("own/a.yaml", kOwnRule);
  const std::string second = folder.write("own/b.yaml", kOwnRule).string();
  EXPECT_EQ(told(load_rules({folder.path() / "own"})),
            second + ":2:9: ошибка R302: «own» уже есть: a.yaml, строка 2\n");
  folder.write("later/b.yaml", kOwnRule);
  fs::remove(second);
  EXPECT_EQ(told(load_rules({folder.path() / "own", folder.path() / "later"})), "");
}

TEST(FoldersTest, OneBrokenFileDoesNotHideTheOthers) {
  const TempFolder folder;
  const std::string a = folder.write("own/a.yaml", "rules:\n\t- id: x\n").string();
  const std::string b = folder.write("own/b.yaml", "ruels: []\n").string();
  const LoadedRules loaded = load_rules({folder.path() / "own"});
  EXPECT_TRUE(has_errors(loaded.problems));
  EXPECT_EQ(told(loaded),
            a + ":2:1: ошибка R011: в отступе стоит табуляция: YAML понимает только пробелы\n" + b +
                ":1:1: ошибка R101: неизвестный ключ «ruels» – может быть, «rules»?\n");
}

TEST(FoldersTest, SaysWhichFolderCannotBeRead) {
  EXPECT_EQ(told(load_rules({"/no/such/folder"})),
            "/no/such/folder: ошибка R004: папка с правилами не читается: проверьте имя и права\n");
}

TEST(RulesTest, EmptyFilesAreFine) {
  for (const char* text :
       {"", "# всё закомментировано\n", "version: 1\nrules:\nmetrics:\n", "rules: []\n"}) {
    EXPECT_TRUE(good(load_rules_text("a.yaml", text)).rules.empty()) << text;
  }
}

TEST(RulesTest, ReportsAtMostSoMany) {
  std::string text = "rules:\n";
  for (int i = 0; i < 1000; ++i) text += "  - " + std::to_string(i) + "\n";
  EXPECT_EQ(load_rules_text("a.yaml", text).problems.size(), 200U);
}

}  // namespace
}  // namespace b24
