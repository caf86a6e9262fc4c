#include "daemon/engine/judge.h"

#include <gmock/gmock.h>

#include "daemon/engine/surroundings.h"
#include "tests/engine/company.h"

// The shipped rules, and wrong ones, over rows made by hand.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class JudgeTest : public StoreTest {
 protected:
  JudgeTest() : reader_(reader()), judge_(*reader_) {
    upsert(Entity::user, people_rows());
    upsert(Entity::department, department_rows());
    config_.people.departments = {5};
  }

  void complete(Entity entity) {
    in_transaction([&] {
      writer_->save_stream({.entity = entity, .full_done = true, .fresh_at = kThursday});
    });
  }

  Result<Judgement> judge(const RuleSet& rules, const std::string& id) {
    const Surroundings around = read_surroundings(*reader_, config_, std::nullopt).value();
    judge_.set_surroundings(around);
    return judge_.judge(rules, rule(rules, id), around, kThursday);
  }

  static const Rule& rule(const RuleSet& rules, const std::string& id) {
    for (const Rule& one : rules.rules) {
      if (one.id == id) return one;
    }
    throw std::logic_error{"no such rule"};
  }

  // "manager:11 value/norm [objects]", with "clearing" where nothing new would begin.
  std::vector<std::string> verdict(const std::string& id) {
    const auto judgement = judge(shipped_, id);
    if (!judgement) return {judgement.error().text};
    std::vector<std::string> lines;
    for (const Finding& f : judgement->findings) {
      std::string line = fmt::format("{} {:g}/{:g}", to_string(f.key), f.value, f.norm);
      for (const Item& item : f.items) line += fmt::format(" {}", item.id);
      lines.push_back(line + (f.clearing ? " clearing" : ""));
    }
    return lines;
  }

  std::unique_ptr<Reader> reader_;
  Judge judge_;
  Config config_;
  RuleSet shipped_ = load_rules({}).rules;
};

TEST_F(JudgeTest, OverduePile) {
  std::vector<Record> tasks;
  for (std::int64_t i = 0; i < 5; ++i) tasks.push_back(task_row(100 + i, 11, days{i + 1}));
  tasks.push_back(task_row(110, 11, -days{1}));
  for (std::int64_t i = 0; i < 4; ++i) tasks.push_back(task_row(200 + i, 12, days{3}));
  // Late ones, but few among many.
  for (std::int64_t i = 0; i < 5; ++i) tasks.push_back(task_row(300 + i, 13, days{3}));
  for (std::int64_t i = 5; i < 30; ++i) tasks.push_back(task_row(300 + i, 13, -days{3}));
  upsert(Entity::task, tasks);
  EXPECT_THAT(verdict("overdue_pile"), ElementsAre("manager:11 5/4 104 103 102 101 100",
                                                   "manager:12 4/4 200 201 202 203 clearing",
                                                   "manager:13 5/4 300 301 302 303 304 clearing"));
}

TEST_F(JudgeTest, OverloadDeals) {
  std::vector<Record> deals;
  for (std::int64_t i = 0; i < 41; ++i) deals.push_back(deal_row(1000 + i, 11, days{5}));
  for (std::int64_t i = 0; i < 40; ++i) deals.push_back(deal_row(2000 + i, 12, days{5}));
  deals.push_back(deal_row(3000, 13, days{5}));
  upsert(Entity::deal, deals);
  const auto judgement = judge(shipped_, "overload_deals");
  ASSERT_TRUE(judgement) << judgement.error().text;
  ASSERT_EQ(judgement->findings.size(), 1U);
  const Finding& finding = judgement->findings.front();
  EXPECT_EQ(to_string(finding.key), "manager:11");
  EXPECT_EQ(finding.value, 41);
  EXPECT_EQ(finding.norm, 40);
  EXPECT_EQ(finding.items.size(), 41U);
}

TEST_F(JudgeTest, DealStuckOnItsStage) {
  upsert(Entity::deal, {deal_row(701, 11, days{20}), deal_row(702, 12, days{14}),
                        deal_row(703, 13, days{14} + seconds{1}), deal_row(704, 1, days{20})});
  const auto judgement = judge(shipped_, "deal_stuck_stage");
  ASSERT_TRUE(judgement) << judgement.error().text;
  std::vector<std::string> keys;
  for (const Finding& finding : judgement->findings) keys.push_back(to_string(finding.key));
  // 704 is the head's, whom nobody watches.
  EXPECT_THAT(keys, ElementsAre("deal:701", "deal:703"));
  EXPECT_EQ(judgement->findings.front().norm, 14);
}

class CallsJudgeTest : public JudgeTest {
 protected:
  // Ten calls a working day for everybody; of manager 11, two on each of the last three.
  CallsJudgeTest() {
    std::vector<Record> calls;
    int working_days = 0;
    for (Time noon = kThursday - days{1}; working_days < 30; noon -= days{1}) {
      const auto weekday = std::chrono::weekday{std::chrono::floor<days>(noon)};
      if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday) continue;
      ++working_days;
      for (const std::int64_t manager : {11, 12, 13}) {
        const int count = manager == 11 && working_days <= 3 ? 2 : 10;
        for (int i = 0; i < count; ++i) {
          const auto id = static_cast<std::int64_t>(calls.size()) + 1;
          calls.push_back(call_row(id, manager, noon + minutes{i}));
        }
      }
    }
    upsert(Entity::call, calls);
  }
};

TEST_F(CallsJudgeTest, CallsFellAgainstOnesOwnNorm) {
  complete(Entity::call);
  EXPECT_THAT(verdict("calls_drop_vs_baseline"), ElementsAre("manager:11 2/10"));
}

TEST_F(CallsJudgeTest, NoDataIsNotZero) {
  // While the calls are still being read, nobody can say on which days they are all there.
  const auto judgement = judge(shipped_, "calls_drop_vs_baseline");
  ASSERT_TRUE(judgement) << judgement.error().text;
  EXPECT_THAT(judgement->findings, IsEmpty());
  std::vector<std::int64_t> silent;
  for (const Silence& silence : judgement->silences) silent.push_back(silence.manager_id);
  EXPECT_THAT(silent, UnorderedElementsAre(11, 12, 13));
}

TEST_F(JudgeTest, AnSqlErrorNamesItsPlace) {
  const RuleSet rules = rules_of(kWrongRule);
  const std::string said =
      "own.yaml:8:25: ошибка R201: нет колонки «ammount» – может быть, «amount»?";
  const auto judgement = judge(rules, "wrong");
  ASSERT_FALSE(judgement);
  EXPECT_EQ(judgement.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(judgement.error().text, said);

  const auto reads = judge_.reads(rules, rule(rules, "wrong"));
  ASSERT_FALSE(reads);
  EXPECT_EQ(reads.error().text, said);

  const auto problems = judge_.check(rules, rule(rules, "wrong"), {});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(format_line(problems.front()), said);

  // The others are judged all the same.
  upsert(Entity::deal, {deal_row(701, 11, days{20})});
  EXPECT_EQ(verdict("deal_stuck_stage").size(), 1U);
}

TEST_F(JudgeTest, AMissingColumnIsNamedAtTheQuery) {
  std::string yaml = kWrongRule;
  const std::string bad = "WHERE ammount > 5";
  yaml.replace(yaml.find(bad), bad.size(), "WHERE amount > 5");
  const std::string value = "count(*) AS value";
  yaml.replace(yaml.find(value), value.size(), "count(*) AS total");
  const RuleSet rules = rules_of(yaml);
  const auto problems = judge_.check(rules, rule(rules, "wrong"), {});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(format_line(problems.front()),
            "own.yaml:7:7: ошибка R202: запрос «wrong» должен давать колонку «value»");
}

TEST_F(JudgeTest, KnowsWhatARuleReads) {
  const struct {
    const char* rule;
    std::set<Entity> reads;
  } cases[] = {
      {"overdue_pile", {Entity::task}},
      {"overload_deals", {Entity::deal, Entity::stage, Entity::deal_move}},
      {"calls_drop_vs_baseline", {Entity::user, Entity::call}},
      {"deal_stuck_stage", {Entity::deal, Entity::stage, Entity::pipeline, Entity::deal_move}},
  };
  for (const auto& c : cases) {
    const auto reads = judge_.reads(shipped_, rule(shipped_, c.rule));
    ASSERT_TRUE(reads) << c.rule << ": " << reads.error().text;
    EXPECT_EQ(reads->entities, c.reads) << c.rule;
  }
}

}  // namespace
}  // namespace b24
