#include "daemon/engine/engine.h"

#include <gmock/gmock.h>

#include <future>

#include "daemon/store/backup.h"
#include "tests/engine/company.h"
#include "tests/support/fake_clock.h"

// The engine on a real file, event by event: what it keeps, what it tells, and what it does not.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr seconds kTwoDays{2 * 86400};

class EngineTest : public StoreTest {
 protected:
  EngineTest() { config_.people.departments = {5}; }

  // Starts the program anew on the same file.
  void start(const std::string& rules = kCountedRules) {
    engine_.reset();
    reader_.reset();
    open_writer();
    reader_ = reader();
    engine_ = std::make_unique<Engine>(
        *writer_, *reader_, config_, rules_of(rules), events_, clock_,
        EngineOptions{"https://example.bitrix24.ru", true, needed_}, [this](const Notice& notice) {
          handed_.push_back(notice);
          return true;
        });
  }

  static StreamState complete(Entity entity, Time fresh_at) {
    return {.entity = entity, .full_done = true, .fresh_at = fresh_at};
  }

  void bring(StreamState state, std::vector<Record> rows = {}) {
    Pulled pulled;
    pulled.parts.push_back({.state = std::move(state), .records = std::move(rows)});
    engine_->take(std::move(pulled));
  }
  void bring(Entity entity, std::vector<Record> rows = {}) {
    bring(complete(entity, clock_.now()), std::move(rows));
  }

  void bring_details(const DetailState& state) { engine_->take(DetailsRead{{}, {state}}); }

  // All streams read to their end: nobody has anything but the people themselves.
  void bring_company() {
    for (const Entity entity : kEntities) bring(entity);
    bring(Entity::user, people_rows());
    bring(Entity::department, department_rows());
  }

  void look() { engine_->take(PassDone{true, std::make_shared<std::promise<Committed>>()}); }

  // What was handed to the sender since the last call, "recipient tag"; all of it arrives.
  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const Notice& notice : std::exchange(handed_, {})) {
      lines.push_back(fmt::format("{} {}", notice.recipient, notice.tag));
      engine_->take(Delivered{notice.id, notice.id + 1000});
    }
    return lines;
  }

  // Three open tasks of manager 11: one too many.
  static std::vector<Record> pile() {
    return {task_row(101, 11, days{1}), task_row(102, 11, days{1}), task_row(103, 11, days{1})};
  }
  std::vector<std::string> alerts() {
    return rows("SELECT rule_id, key, state, episode FROM alerts ORDER BY rule_id, key");
  }
  std::vector<std::string> outbox() { return rows("SELECT recipient, tag FROM outbox"); }

  // A running program with manager 11's pile told to his head.
  void start_with_a_told_pile() {
    start();
    bring_company();
    look();
    bring(Entity::task, pile());
    look();
    ASSERT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m11:u1:e1"));
  }

  FakeClock clock_{kThursday};
  Config config_;
  std::shared_ptr<NeededDetails> needed_ = std::make_shared<NeededDetails>();
  EventQueue events_{64};
  std::vector<Notice> handed_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Engine> engine_;
};

// --- telling ---

TEST_F(EngineTest, AnAlertAndItsMessageMoveTogether) {
  start();
  bring_company();
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  bring(Entity::task, pile());
  EXPECT_THAT(alerts(), IsEmpty()) << "judged before the pass was over";
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
  EXPECT_THAT(outbox(), ElementsAre("1|b24watch:many_tasks:m11:u1:e1"));
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().plain, "Иван: задач 3");
}

TEST_F(EngineTest, WithoutItsMessageThereIsNoAlert) {
  start();
  bring_company();
  look();
  bring(Entity::task, pile());
  SQLite::Database hand{paths_.file().string(), SQLite::OPEN_READWRITE, 5000};
  hand.exec("CREATE TRIGGER no_room BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END");
  EXPECT_THROW(look(), StoreFailure);
  EXPECT_THAT(alerts(), IsEmpty());
  EXPECT_THAT(rows("SELECT * FROM messages"), IsEmpty());
  EXPECT_THAT(rows("SELECT * FROM alert_events"), IsEmpty());
  hand.exec("DROP TRIGGER no_room");
  start();
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m11:u1:e1"));
}

TEST_F(EngineTest, TheFirstStartIsOneSummary) {
  start();
  bring_company();
  bring(Entity::task, pile());
  bring(Entity::deal, {deal_row(701, 12, days{20}), deal_row(702, 13, days{30})});
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|known|0", "old_deals|deal:701|known|0",
                                    "old_deals|deal:702|known|0"));
  // What comes later is news.
  bring(Entity::task,
        {task_row(104, 12, days{1}), task_row(105, 12, days{1}), task_row(106, 12, days{1})});
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m12:u1:e1"));
}

TEST_F(EngineTest, ARestartTellsNothingNew) {
  start_with_a_told_pile();
  for (int i = 0; i < 3; ++i) {
    start();
    clock_.advance(minutes{10});
    for (const Entity entity : kEntities) bring(entity);
    look();
    EXPECT_THAT(told(), IsEmpty()) << "restart " << i;
  }
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
}

TEST_F(EngineTest, AMessageThatNobodyReportedIsHandedAgainAfterARestart) {
  start();
  bring_company();
  look();
  bring(Entity::task, pile());
  look();
  ASSERT_EQ(handed_.size(), 1U);
  const Notice first = handed_.front();
  handed_.clear();
  start();
  look();
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front(), first) << "the same tag, so that the portal shows it once";
}

TEST_F(EngineTest, AClockThatJumpsBackTellsNothingTwice) {
  start_with_a_told_pile();
  for (const milliseconds jump : {-milliseconds{kTwoDays}, milliseconds{kTwoDays}}) {
    clock_.advance(jump);
    for (const Entity entity : kEntities) bring(entity);
    bring(Entity::call, {call_row(to_unix(clock_.now()), 12, clock_.now() - hours{1})});
    look();
    EXPECT_THAT(told(), IsEmpty());
    EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
  }
}

TEST_F(EngineTest, AFailedDeliveryIsRepeatedAfterItsPause) {
  const struct {
    ErrorKind kind;
    seconds pause;
  } cases[] = {{ErrorKind::unavailable, seconds{5}},
               {ErrorKind::unavailable, seconds{10}},
               {ErrorKind::wait_until, seconds{20}},
               {ErrorKind::no_rights, seconds{3600}}};
  start();
  bring_company();
  look();
  bring(Entity::task, pile());
  look();
  std::int64_t call = 0;
  for (const auto& c : cases) {
    ASSERT_EQ(handed_.size(), 1U);
    engine_->take(Delivered{handed_.front().id, error(c.kind, "нет связи")});
    handed_.clear();
    clock_.advance(c.pause - seconds{1});
    bring_company();
    bring(Entity::call, {call_row(++call, 12, kThursday)});
    look();
    EXPECT_THAT(handed_, IsEmpty()) << c.pause.count();
    clock_.advance(seconds{1});
    bring(Entity::call, {call_row(++call, 12, kThursday)});
    look();
  }
  EXPECT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m11:u1:e1"));
}

// --- reload ---

TEST_F(EngineTest, AReloadKeepsWhatIsKnown) {
  start_with_a_told_pile();
  engine_->take(RulesLoaded{rules_of(kCountedRules)});
  std::string other_words = kCountedRules;
  const std::string words = "{manager}: задач {value|number}";
  other_words.replace(other_words.find(words), words.size(), "Много у {manager}");
  engine_->take(RulesLoaded{rules_of(other_words)});
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
}

TEST_F(EngineTest, AnEditIsNoRecovery) {
  start_with_a_told_pile();
  std::string stricter = kCountedRules;
  stricter.replace(stricter.find("above: 2"), 8, "above: 9");
  engine_->take(RulesLoaded{rules_of(stricter)});
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().tag, "b24watch:many_tasks:m11:u1:e1");
  EXPECT_EQ(handed_.front().plain,
            "⚪ Иван: правило «Много задач» или настройки изменили, тревоги больше нет");
  EXPECT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m11:u1:e1"));
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|resolved|1"));

  // And back: what it finds now is no flood of news, but one summary that replaces none.
  engine_->take(RulesLoaded{rules_of(kCountedRules)});
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
}

TEST_F(EngineTest, WiderPeopleAreNoFlood) {
  start();
  bring_company();
  look();
  bring(
      Entity::user,
      {record(
          Entity::user, 14,
          {{"active", integer(1)}, {"first_name", text("Новый")}, {"departments", text("[6]")}})});
  bring(Entity::department, {record(Entity::department, 6, {{"name", text("Сервис")}})});
  bring(Entity::task,
        {task_row(1, 14, days{1}), task_row(2, 14, days{1}), task_row(3, 14, days{1})});
  look();
  EXPECT_THAT(told(), IsEmpty());
  config_.people.departments = {5, 6};
  config_.people.fallback = 1;
  start();
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:14|known|0"));
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
}

// What stops to count by the settings was not put in order by anybody.
TEST_F(EngineTest, ANarrowerScopeIsNoRecovery) {
  std::string rules = kCountedRules;
  const std::string open = "WHERE status IN (2, 3) GROUP";
  rules.replace(rules.find(open), open.size(),
                "WHERE status IN (2, 3) AND NOT is_test_task(title, group_id) GROUP");
  start(rules);
  bring_company();
  look();
  bring(Entity::task, pile());
  look();
  ASSERT_EQ(told().size(), 1U);
  config_.scope.test_titles = {"задача*"};
  start(rules);
  clock_.advance(minutes{10});
  for (const Entity entity : kEntities) bring(entity);
  look();
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().plain,
            "⚪ Иван: правило «Много задач» или настройки изменили, тревоги больше нет");
}

// A former head is a manager now; what holds for him is not news.
TEST_F(EngineTest, OtherHeadsAreNoFlood) {
  start();
  bring_company();
  bring(Entity::task, {task_row(1, 1, days{1}), task_row(2, 1, days{1}), task_row(3, 1, days{1})});
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  config_.people.heads = {{5, 13}};
  start();
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:1|known|0"));
}

// The webhook had no right to tell: whatever came and went meanwhile says nothing afterwards.
TEST_F(EngineTest, WhatNobodySawEndsInSilence) {
  start();
  bring_company();
  look();
  const struct {
    ErrorKind kind;
    bool told;
  } cases[] = {{ErrorKind::no_rights, false}, {ErrorKind::unavailable, true}};
  for (const auto& c : cases) {
    bring(Entity::task, pile());
    look();
    ASSERT_EQ(handed_.size(), 1U);
    engine_->take(Delivered{handed_.front().id, error(c.kind, "нет")});
    handed_.clear();
    clock_.advance(hours{1});
    for (const Entity entity : kEntities) bring(entity);
    bring(Entity::task, {task_row(101, 11, days{1}, 5)});
    look();
    EXPECT_EQ(told().size(), c.told ? 1U : 0U) << name(c.kind);
    EXPECT_EQ(reader_->outbox_counts().waiting, 0) << name(c.kind);
  }
}

TEST_F(EngineTest, TheFirstSummaryWaitsForTheMorning) {
  start();
  clock_.advance(hours{5});  // half past eight in the evening: the mirror took its time
  bring_company();
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(alerts(), IsEmpty());
  clock_.advance(hours{13});
  for (const Entity entity : kEntities) bring(entity);
  bring(Entity::task, {task_row(104, 12, days{1})});
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|known|0"));
}

TEST_F(EngineTest, WhoSetsUpInTheEveningSeesItAtOnce) {
  clock_.advance(hours{5});
  start();
  bring_company();
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
}

TEST_F(EngineTest, TheEveningIsToldInTheMorning) {
  start();
  bring_company();
  look();
  clock_.advance(hours{5});
  bring_company();
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
  EXPECT_THAT(told(), IsEmpty()) << "half past eight in the evening";
  clock_.advance(hours{13});
  bring_company();
  bring(Entity::task, {task_row(104, 12, days{1})});
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m11:u1:e1"));
}

TEST_F(EngineTest, AnEveningWithARestoredPortalResolvesNothingInTheMorning) {
  start_with_a_told_pile();
  std::vector<Record> tasks;
  std::vector<Record> deals;
  for (std::int64_t id = 201; id < 240; ++id) {
    tasks.push_back(task_row(id, 12, days{1}, 5));
    deals.push_back(deal_row(id, 12, days{1}));
  }
  bring(Entity::task, tasks);
  bring(Entity::deal, deals);
  clock_.advance(hours{5});  // half past eight in the evening
  start();
  for (const Entity entity : {Entity::task, Entity::deal}) {
    const StreamState state = complete(entity, clock_.now());
    std::vector<Record> shown = entity == Entity::task ? tasks : deals;
    if (entity == Entity::task) shown.insert(shown.begin(), {pile()[0], pile()[1], pile()[2]});
    shown.resize(shown.size() - 12);
    Pulled pulled;
    pulled.parts.push_back({.state = state, .sweep = PulledPart::Sweep::begin});
    pulled.parts.push_back({.state = state,
                            .records = shown,
                            .sweep = PulledPart::Sweep::finish,
                            .sweep_began_at = clock_.now(),
                            .ids_only = true});
    engine_->take(std::move(pulled));
  }
  ASSERT_THAT(rows("SELECT * FROM tasks"), IsEmpty()) << "the mirror is begun anew";
  told();  // what the administrator hears
  bring_company();
  look();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
  clock_.advance(hours{13});
  bring_company();
  look();
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().plain,
            "⚪ Иван: портал восстановили из резервной копии, тревоги «Много задач» на нём нет");
}

TEST_F(EngineTest, TheDismissedAreNotRecovered) {
  start_with_a_told_pile();
  bring(Entity::user,
        {record(
            Entity::user, 11,
            {{"active", integer(0)}, {"first_name", text("Иван")}, {"departments", text("[5]")}})});
  look();
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().plain,
            "⚪ Иван больше не работает. Проверьте, кому перешли сделки и задачи");
}

constexpr const char* kWithoutTasks = R"(version: 1
rules:
  - id: old_deals
    name: Старые сделки
    each: deal
    where: closed = 0
    since: stage_since
    longer_than: 14 days
    text: "{manager}: сделок {count}"
    resolved: "{manager}: сделки сдвинуты"
)";

TEST_F(EngineTest, ARemovedRuleSaysSoAndIsForgotten) {
  start_with_a_told_pile();
  engine_->take(RulesLoaded{rules_of(kWithoutTasks)});
  EXPECT_THAT(alerts(), IsEmpty());
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().tag, "b24watch:many_tasks:m11:u1:e1");
  EXPECT_EQ(handed_.front().plain,
            "⚪ Иван: правило «Много задач» отключено, больше за этим не слежу");
}

TEST_F(EngineTest, ARuleThatComesBackIsNoFlood) {
  start();
  bring_company();
  look();
  engine_->take(RulesLoaded{rules_of(kWithoutTasks)});
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  engine_->take(RulesLoaded{rules_of(kCountedRules)});
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|known|0"));
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
}

TEST_F(EngineTest, ARuleRemovedBetweenTwoRunsIsClosedToo) {
  start_with_a_told_pile();
  start(kWithoutTasks);
  look();
  ASSERT_EQ(handed_.size(), 1U);
  EXPECT_EQ(handed_.front().tag, "b24watch:many_tasks:m11:u1:e1");
  EXPECT_THAT(handed_.front().plain, HasSubstr("«Много задач» отключено"));
  EXPECT_THAT(alerts(), IsEmpty());
}

// --- what cannot be seen ---

TEST_F(EngineTest, NothingIsJudgedBeforeEverythingIsRead) {
  start();
  bring_company();
  bring({.entity = Entity::deal, .full_done = false, .fresh_at = clock_.now()});
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  bring(Entity::deal);
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:start:u1:e1"));
}

TEST_F(EngineTest, AStreamThatCannotBeReadMutesItsRulesOnly) {
  start();
  bring_company();
  bring({.entity = Entity::task, .fresh_at = clock_.now(), .problem = "нет прав", .refused = true},
        pile());
  bring(Entity::deal, {deal_row(701, 12, days{20})});
  look();
  EXPECT_THAT(alerts(), ElementsAre("old_deals|deal:701|known|0"));
}

constexpr const char* kMovesRule = R"(version: 1
metrics:
  moves_much:
    title: Сделки двигали
    kind: state
    sql: |
      SELECT d.manager_id AS manager_id, count(*) AS value
      FROM v_stage_move AS m JOIN v_deal AS d ON d.id = m.owner_id
      WHERE m.entity = 'deal'
      GROUP BY d.manager_id
rules:
  - id: many_moves
    name: Сделки двигали
    metric: moves_much
    by: manager
    above: 1
    text: "{manager}: {value|number}"
    resolved: "{manager}"
)";

Record move_row(std::int64_t id, std::int64_t deal) {
  return record(Entity::deal_move, id,
                {{"type", integer(2)},
                 {"owner_id", integer(deal)},
                 {"at", integer(to_unix(kThursday))},
                 {"pipeline_id", integer(0)},
                 {"stage_id", text("NEW")},
                 {"semantic", text("P")}});
}

// The view of all moves reads those of invoices too, which this portal does not know.
TEST_F(EngineTest, WhatThePortalDoesNotHaveKeepsNoRuleWaiting) {
  start(kMovesRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  bring(Entity::deal_move, {move_row(1, 701), move_row(2, 701)});
  bring({.entity = Entity::invoice_move, .fresh_at = clock_.now(), .problem = "отвечает 500"});
  look();
  EXPECT_THAT(alerts(), IsEmpty()) << "what fails may come yet";
  bring({.entity = Entity::invoice_move, .problem = "не поддерживается", .refused = true});
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_moves|manager:11|known|0"));
}

constexpr const char* kStepsRule = R"(version: 1
metrics:
  no_step:
    title: Сделки без шага
    kind: state
    sql: |
      SELECT manager_id, count(*) AS value FROM v_deal
      WHERE semantic = 'P' AND next_step_at IS NULL
      GROUP BY manager_id
rules:
  - id: no_steps
    name: Нет следующего шага
    metric: no_step
    by: manager
    above: 0
    text: "{manager}: {value|number}"
    resolved: "{manager}"
)";

// No data is not zero: a portal that gives no activities is not one without next steps.
TEST_F(EngineTest, WhatThePortalRefusesMutesWhatDependsOnIt) {
  start(kStepsRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  bring_details({.detail = Detail::activity_link, .full_done = true});
  bring({.entity = Entity::activity, .problem = "нет прав", .refused = true});
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  bring(Entity::activity, {record(Entity::activity, 1, {{"completed", integer(1)}})});
  look();
  EXPECT_THAT(alerts(), ElementsAre("no_steps|manager:11|known|0"));
}

TEST_F(EngineTest, DetailsThatARuleReadsAreWaitedFor) {
  start(kStepsRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  look();
  EXPECT_THAT(alerts(), IsEmpty()) << "what activities are bound to is not known yet";
  EXPECT_TRUE(needed_->has(Detail::activity_link));
  bring_details({.detail = Detail::activity_link, .full_done = true});
  look();
  EXPECT_THAT(alerts(), ElementsAre("no_steps|manager:11|known|0"));
}

constexpr const char* kChatsRule = R"(version: 1
metrics:
  waiting:
    title: Ждут ответа
    kind: state
    sql: |
      SELECT d.manager_id AS manager_id, count(*) AS value
      FROM v_deal AS d LEFT JOIN v_chat_message AS m ON m.activity_id = d.id
      GROUP BY d.manager_id
rules:
  - id: many_wait
    name: Ждут ответа
    metric: waiting
    by: manager
    above: 0
    text: "{manager}: {value|number}"
    resolved: "{manager}"
)";

TEST_F(EngineTest, DetailsThatAreOldKeepTheirRulesWaiting) {
  start(kChatsRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  DetailState chats{
      .detail = Detail::chat_message, .full_done = true, .fresh_at = clock_.now() - minutes{20}};
  bring_details(chats);
  look();
  EXPECT_THAT(alerts(), IsEmpty()) << "who has been answered since is not known";
  chats.fresh_at = clock_.now();
  bring_details(chats);
  bring(Entity::deal, {deal_row(702, 11, days{2})});
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_wait|manager:11|known|0"));
}

// The owners of activities are known without.
TEST_F(EngineTest, DetailsThatMayBeMissingKeepNobodyWaiting) {
  start(kStepsRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  bring_details({.detail = Detail::activity_link, .refused = true, .problem = "нет метода"});
  look();
  EXPECT_THAT(alerts(), ElementsAre("no_steps|manager:11|known|0"));
}

// Millions of activities take hours to read; the deals need not wait for them.
TEST_F(EngineTest, WhatNoRuleReadsKeepsNobodyWaiting) {
  start();
  bring_company();
  bring({.entity = Entity::activity, .cursor_id = 5, .fresh_at = clock_.now()});
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|known|0"));
}

TEST_F(EngineTest, WhatARuleReadsIsWaitedFor) {
  start(kMovesRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  bring({.entity = Entity::deal_move, .cursor_id = 2}, {move_row(1, 701), move_row(2, 701)});
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  bring(Entity::deal_move);
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_moves|manager:11|known|0"));
}

TEST_F(EngineTest, ARefusalAfterTheReadingIsAnOldMirror) {
  start(kMovesRule);
  bring_company();
  bring(Entity::deal, {deal_row(701, 11, days{2})});
  bring({.entity = Entity::deal_move,
         .full_done = true,
         .fresh_at = clock_.now() - hours{3},
         .problem = "нет прав",
         .refused = true},
        {move_row(1, 701), move_row(2, 701)});
  look();
  EXPECT_THAT(alerts(), IsEmpty());
}

TEST_F(EngineTest, NothingIsFresherThanItsPoll) {
  config_.portal.poll = hours{1};
  start();
  bring_company();
  look();
  bring(complete(Entity::task, clock_.now() - hours{2}), pile());
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
  bring(complete(Entity::task, clock_.now() - hours{2} - seconds{1}),
        {task_row(101, 11, days{1}, 5), task_row(102, 11, days{1}, 5),
         task_row(103, 11, days{1}, 5)});
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
}

// Telephony that always fails must not keep the tasks from being judged.
TEST_F(EngineTest, AStreamThatFailsForAnHourIsNotWaitedFor) {
  start();
  bring_company();
  const auto broken = [&] {
    bring({.entity = Entity::call, .fresh_at = clock_.now(), .problem = "ошибка 500"});
  };
  broken();
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  clock_.advance(hours{1});
  broken();
  for (const Entity entity : {Entity::user, Entity::department, Entity::task}) bring(entity);
  bring(Entity::task, {task_row(104, 12, days{1})});
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|known|0"));
}

TEST_F(EngineTest, WhatWaitedInABackupWaitsForARuleThatCanBeJudged) {
  config_.administrators = {9};
  open_writer();
  in_transaction([&] {
    writer_->queue({0, 5, "waited", "text", "text"}, clock_.now());
    writer_->set_meta(kRestoredMeta, "1795244400");
  });
  start();
  for (int i = 0; i < 2; ++i) {
    for (const Entity entity : kEntities) bring({.entity = entity, .problem = "нет ответа"});
    clock_.advance(hours{1});
  }
  look();
  const auto first = told();
  ASSERT_EQ(first.size(), 1U) << "nothing could be judged";
  EXPECT_TRUE(first.front().find(" b24watch:outage:") != std::string::npos) << first.front();
  bring_company();
  look();
  EXPECT_THAT(told(), ElementsAre("5 waited", first.front())) << "which now says that it is over";
}

TEST_F(EngineTest, ATroubleOfBeforeTheRestartIsNotForgotten) {
  start();
  bring_company();
  const auto broken = [&] {
    bring({.entity = Entity::call, .fresh_at = clock_.now(), .problem = "ошибка 500"});
  };
  broken();
  start();
  broken();
  bring(Entity::task, pile());
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  clock_.advance(hours{1});
  broken();
  for (const Entity entity : {Entity::user, Entity::department, Entity::task}) bring(entity);
  bring(Entity::task, {task_row(104, 12, days{1})});
  look();
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|known|0"));
}

TEST_F(EngineTest, APortalThatIsAwayAtFirstIsNoBeginning) {
  start();
  bring(Entity::user, people_rows());
  bring(Entity::department, department_rows());
  for (const Entity entity : kEntities) {
    if (entity == Entity::user || entity == Entity::department) continue;
    bring({.entity = entity, .fresh_at = clock_.now(), .problem = "не отвечает"});
  }
  clock_.advance(hours{2});
  look();
  EXPECT_THAT(told(), IsEmpty());
}

constexpr const char* kCallsRule = R"(version: 1
metrics:
  long_calls:
    title: Звонки
    kind: state
    sql: |
      SELECT manager_id, count(*) AS value FROM v_call GROUP BY manager_id
rules:
  - id: no_calls
    name: Нет звонков
    metric: long_calls
    by: manager
    below: 1
    needs_fresh: 30 minutes
    text: "{manager}"
)";

TEST_F(EngineTest, CallsAreAsFreshAsTheRuleWants) {
  start(kCallsRule);
  bring_company();
  look();
  EXPECT_EQ(alerts().size(), 3U);
  start(kCallsRule);
  bring(complete(Entity::call, clock_.now() - minutes{30} - seconds{1}),
        {call_row(1, 11, kThursday - hours{1})});
  look();
  EXPECT_THAT(alerts(), testing::Contains("no_calls|manager:11|known|0")) << "too old";
  bring(complete(Entity::call, clock_.now() - minutes{30}),
        {call_row(2, 12, kThursday - hours{1})});
  look();
  EXPECT_THAT(alerts(), ElementsAre("no_calls|manager:13|known|0"));
}

TEST_F(EngineTest, AStaleStreamNeitherBeginsNorEndsAnything) {
  start_with_a_told_pile();
  const Time old = clock_.now() - minutes{15} - seconds{1};
  std::vector<Record> done;
  for (const std::int64_t id : {101, 102, 103}) done.push_back(task_row(id, 11, days{1}, 5));
  bring(complete(Entity::task, old), done);
  look();
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|firing|1"));
  bring(Entity::task, {task_row(104, 11, days{1}, 5)});
  look();
  EXPECT_THAT(told(), ElementsAre("1 b24watch:many_tasks:m11:u1:e1"));
  EXPECT_THAT(alerts(), ElementsAre("many_tasks|manager:11|resolved|1"));
}

TEST_F(EngineTest, ARuleWithAnSqlErrorDoesNotHoldUpTheOthers) {
  start(kWrongRule);
  bring_company();
  bring(Entity::task, pile());
  bring(Entity::deal, {deal_row(701, 12, days{20})});
  look();
  EXPECT_THAT(alerts(), IsEmpty());
  start(std::string{kWrongRule} +
        std::string{kWithoutTasks}.substr(std::string{kWithoutTasks}.find("  - id: old_deals")));
  look();
  EXPECT_THAT(alerts(), ElementsAre("old_deals|deal:701|known|0"));
}

// --- keeping the mirror ---

TEST_F(EngineTest, AnOlderAnswerNeverReplacesANewerOne) {
  start();
  bring(Entity::task, {task_row(101, 11, days{1}, 5, kThursday)});
  bring(Entity::task, {task_row(101, 11, days{1}, 2, kThursday - seconds{1})});
  EXPECT_THAT(rows("SELECT status FROM tasks"), ElementsAre("5"));
}

class SweepTest : public EngineTest {
 protected:
  // So many tasks are in the mirror; the portal shows the last `shown` of them.
  std::string left_after_a_sweep(std::int64_t here, std::int64_t shown) {
    start();
    std::vector<Record> tasks;
    for (std::int64_t id = 1; id <= here; ++id) tasks.push_back(task_row(id, 11, days{1}));
    bring(Entity::task, tasks);
    clock_.advance(minutes{1});
    tasks.erase(tasks.begin(), tasks.end() - shown);
    Pulled pulled;
    const StreamState state = complete(Entity::task, clock_.now());
    pulled.parts.push_back({.state = state, .sweep = PulledPart::Sweep::begin});
    pulled.parts.push_back({.state = state,
                            .records = tasks,
                            .sweep = PulledPart::Sweep::finish,
                            .sweep_began_at = clock_.now(),
                            .ids_only = true});
    engine_->take(std::move(pulled));
    return rows("SELECT count(*) FROM v_task").front();
  }
};

TEST_F(SweepTest, TakesWhatIsGoneOutOfTheMirror) { EXPECT_EQ(left_after_a_sweep(150, 100), "100"); }

TEST_F(SweepTest, BelievesALargeLossThatIsASmallPart) {
  EXPECT_EQ(left_after_a_sweep(300, 151), "151");
}

TEST_F(SweepTest, DoesNotBelieveAtOnceThatHalfOfEverythingVanished) {
  EXPECT_EQ(left_after_a_sweep(200, 100), "200");
}

TEST_F(EngineTest, AtTheEndRowsAreLeftToTheNextRead) {
  start();
  for (std::int64_t page = 0; page < 3; ++page) {
    Pulled pulled;
    pulled.parts.push_back({.state = complete(Entity::task, clock_.now()),
                            .records = {task_row(page + 1, 11, days{1})}});
    ASSERT_TRUE(events_.try_push(std::move(pulled)));
  }
  std::stop_source stop;
  stop.request_stop();
  engine_->run(stop.get_token());
  events_.close();
  engine_->finish();
  EXPECT_EQ(rows("SELECT count(*) FROM tasks").front(), "0");
}

}  // namespace
}  // namespace b24
