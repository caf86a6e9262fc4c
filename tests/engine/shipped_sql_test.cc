#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/engine/company.h"

// The shipped SQL over rows of the mirror, one table of cases a query. It is a Thursday, 15:30 in
// Moscow; manager 12 is away from the tenth of November on.

namespace b24 {
namespace {

using Lines = std::vector<std::string>;

const Time kAwayFrom = parse_time("2026-11-10T00:00:00+03:00").value();

std::int64_t at(const char* local) {
  return to_unix(parse_time(std::string{local} + "+03:00").value());
}

Value null() { return Value{}; }

constexpr std::int64_t kOnlyId = 1;

class ShippedSqlTest : public StoreTest {
 protected:
  ShippedSqlTest() : reader_(reader()) {
    around_.absences = Absences{{{12, kAwayFrom, kThursday + days{5}}}};
    reader_->set_surroundings(around_);
  }

  // The row with some columns put differently, in place of the one there was.
  void only(Entity entity, Columns columns, const Columns& differently) {
    for (const auto& [column, value] : differently) columns[column] = value;
    upsert(entity, {record(entity, kOnlyId, columns)});
  }
  void remove(Entity entity, std::int64_t id) {
    in_transaction([&] { writer_->mark_deleted(entity, std::span{&id, 1}, kStart); });
  }

  // Rows as text, columns parted by blanks; NULL is "-".
  Lines query(const std::string& sql, const std::string& columns) {
    const auto table = reader_->query("SELECT " + columns + " FROM (" + sql + ")",
                                      {{":now", to_unix(kThursday)},
                                       {":from_day", text("2026-11-01")},
                                       {":to_day", text("2026-11-19")}});
    if (!table) return {table.error().text};
    Lines lines;
    for (const auto& row : table->rows) {
      Lines cells;
      for (const Value& cell : row) cells.push_back(shown(cell));
      lines.push_back(fmt::format("{}", fmt::join(cells, " ")));
    }
    return lines;
  }

  static std::string shown(const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.4g}", *number);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
    const auto* words = std::get_if<std::string>(&value);
    return words == nullptr ? "-" : *words;
  }

  const Metric& metric(const std::string& id) { return *rules_.metric(id); }

  Surroundings around_{calendar_, {}, {}, {}};
  std::unique_ptr<Reader> reader_;
  RuleSet rules_ = load_rules({}).rules;
};

TEST_F(ShippedSqlTest, TasksOverdueOpen) {
  around_.scope.test_titles = {"Тест*"};
  around_.scope.test_task_groups = {7};
  reader_->set_surroundings(around_);
  const auto yesterday = integer(at("2026-11-18T12:00:00"));
  const Columns late = {{"title", text("Позвонить")}, {"status", integer(2)},
                        {"manager_id", integer(11)},  {"creator_id", integer(5)},
                        {"deadline_at", yesterday},   {"group_id", integer(0)}};
  const struct {
    const char* what;
    Columns differently;
    const char* wanted;  // manager_id, value, open_total, self_set, on_leave
  } cases[] = {
      {"waiting, late", {}, "11 1 1 0 0"},
      {"in progress, late, set by himself",
       {{"status", integer(3)}, {"creator_id", integer(11)}},
       "11 1 1 1 0"},
      {"under control", {{"status", integer(4)}}, ""},
      {"done", {{"status", integer(5)}}, ""},
      {"deferred", {{"status", integer(6)}}, ""},
      {"no deadline, set by himself",
       {{"deadline_at", null()}, {"creator_id", integer(11)}},
       "11 0 1 0 0"},
      {"due this very second", {{"deadline_at", integer(to_unix(kThursday))}}, "11 0 1 0 0"},
      {"a second late", {{"deadline_at", integer(to_unix(kThursday) - 1)}}, "11 1 1 0 0"},
      {"due today without a time: until the evening",
       {{"deadline_at", integer(at("2026-11-19T00:00:00"))}},
       "11 0 1 0 0"},
      {"due yesterday without a time",
       {{"deadline_at", integer(at("2026-11-18T00:00:00"))}},
       "11 1 1 0 0"},
      {"away ever since the deadline", {{"manager_id", integer(12)}}, "12 0 1 0 1"},
      {"was here when it was due",
       {{"manager_id", integer(12)}, {"deadline_at", integer(at("2026-11-09T15:00:00"))}},
       "12 1 1 0 0"},
      {"due on the first day away, without a time",
       {{"manager_id", integer(12)}, {"deadline_at", integer(at("2026-11-10T00:00:00"))}},
       "12 0 1 0 1"},
      {"due on the last day here, without a time",
       {{"manager_id", integer(12)}, {"deadline_at", integer(at("2026-11-09T00:00:00"))}},
       "12 1 1 0 0"},
      {"away, and not late yet",
       {{"manager_id", integer(12)}, {"deadline_at", integer(at("2026-11-20T12:00:00"))}},
       "12 0 1 0 0"},
      {"nobody's", {{"manager_id", integer(0)}}, ""},
      {"to try something out, by its title", {{"title", text("тест робота")}}, ""},
      {"the same word elsewhere", {{"title", text("Провести тест")}}, "11 1 1 0 0"},
      {"without a title", {{"title", null()}}, "11 1 1 0 0"},
      {"to try something out, by its workgroup", {{"group_id", integer(7)}}, ""},
      {"another workgroup", {{"group_id", integer(8)}}, "11 1 1 0 0"},
  };
  for (const auto& c : cases) {
    only(Entity::task, late, c.differently);
    const Metric& tasks = metric("tasks_overdue_open");
    const std::string wanted = c.wanted;
    EXPECT_EQ(query(tasks.sql.text, "manager_id, value, open_total, self_set, on_leave"),
              wanted.empty() ? Lines{} : Lines{wanted})
        << c.what;
    // The list behind the number has as many rows as the number says.
    const bool counted = wanted.size() > 3 && wanted[3] == '1';
    EXPECT_EQ(query(tasks.objects->text, "manager_id, id").size(), counted ? 1U : 0U) << c.what;
  }
}

TEST_F(ShippedSqlTest, TasksOverdueShareAndAge) {
  std::vector<Record> tasks;
  for (std::int64_t id = 1; id <= 4; ++id) tasks.push_back(task_row(id, 11, -days{1}));
  tasks.push_back(task_row(10, 11, days{1}));
  upsert(Entity::task, tasks);
  const Metric& overdue = metric("tasks_overdue_open");
  const std::string columns = "manager_id, value, open_total, share_percent, oldest_days";
  EXPECT_EQ(query(overdue.sql.text, columns), Lines{"11 1 5 20 1"});
  // From Monday to Thursday, and one of somebody else without a deadline.
  upsert(Entity::task, {task_row(11, 11, days{3}, 3)});
  upsert(Entity::task,
         {with(Entity::task, task_row(12, 13, days{0}, 3), {{"deadline_at", null()}})});
  EXPECT_EQ(query(overdue.sql.text, columns), (Lines{"11 2 6 33.33 3", "13 0 1 0 -"}));
  EXPECT_EQ(query(overdue.objects->text, "manager_id, id, title, days"),
            (Lines{"11 11 Задача 11 3", "11 10 Задача 10 1"}));
  remove(Entity::task, 11);
  remove(Entity::task, 12);
  EXPECT_EQ(query(overdue.sql.text, columns), Lines{"11 1 5 20 1"}) << "deleted ones are not open";
}

// What counts as a deal in work, for the number and for the rule of stuck deals alike.
TEST_F(ShippedSqlTest, DealsOpen) {
  around_.scope.test_titles = {"*(тест)*", "100%"};
  around_.scope.test_deal_types = {"TRAINING"};
  around_.scope.pipelines = {0, 5};
  reader_->set_surroundings(around_);
  const auto long_ago = integer(to_unix(kThursday - days{20}));
  const Columns open = {{"title", text("Поставка")}, {"pipeline_id", integer(0)},
                        {"semantic", text("P")},     {"closed", integer(0)},
                        {"manager_id", integer(11)}, {"recurring", integer(0)},
                        {"created_at", long_ago},    {"type_id", text("SALE")}};
  const struct {
    const char* what;
    Columns differently;
    bool counted;
  } cases[] = {
      {"in progress", {}, true},
      {"recurring is not said", {{"recurring", null()}}, true},
      {"template of a recurring deal", {{"recurring", integer(1)}}, false},
      {"won", {{"semantic", text("S")}, {"closed", integer(1)}}, false},
      {"lost", {{"semantic", text("F")}, {"closed", integer(1)}}, false},
      {"closed on a stage in progress", {{"closed", integer(1)}}, false},
      {"won stage, not marked closed", {{"semantic", text("S")}}, false},
      {"another pipeline of sales", {{"pipeline_id", integer(5)}}, true},
      {"a pipeline of service", {{"pipeline_id", integer(7)}}, false},
      {"pipeline not said", {{"pipeline_id", null()}}, false},
      {"to try something out, by its title", {{"title", text("Поставка (ТЕСТ), 2")}}, false},
      {"a title with a sign of LIKE", {{"title", text("100%")}}, false},
      {"a mask without an asterisk is the whole title", {{"title", text("100% аванс")}}, true},
      {"without a title", {{"title", null()}}, true},
      {"to try something out, by its type", {{"type_id", text("TRAINING")}}, false},
      {"type not said", {{"type_id", null()}}, true},
  };
  const Metric& deals = metric("deals_open");
  const auto stuck = [&] {
    const Rule& rule = rules_.rules.at(3);
    return "SELECT manager_id, id FROM v_deal WHERE (" + rule.where->text + ")";
  };
  for (const auto& c : cases) {
    only(Entity::deal, open, c.differently);
    EXPECT_EQ(query(deals.sql.text, "manager_id, value, oldest_days"),
              c.counted ? Lines{"11 1 20"} : Lines{})
        << c.what;
    EXPECT_EQ(query(deals.objects->text, "manager_id, id").size(), c.counted ? 1U : 0U) << c.what;
    EXPECT_EQ(query(stuck(), "id").size(), c.counted ? 1U : 0U) << c.what;
  }
  for (const Value& nobody : {integer(0), null()}) {
    only(Entity::deal, open, {{"manager_id", nobody}});
    EXPECT_EQ(query(deals.sql.text, "value"), Lines{}) << "nobody's";
    EXPECT_EQ(query(deals.objects->text, "id"), Lines{}) << "nobody's";
  }
}

TEST_F(ShippedSqlTest, WithoutAScopeEveryDealCounts) {
  upsert(Entity::deal, {with(Entity::deal, deal_row(1, 11, days{1}), {{"pipeline_id", integer(7)}}),
                        with(Entity::deal, deal_row(2, 11, days{1}), {{"title", text("Тест")}})});
  EXPECT_EQ(query(metric("deals_open").sql.text, "value"), Lines{"2"});
}

TEST_F(ShippedSqlTest, DealsOpenListsTheLargestFirst) {
  const std::pair<Value, int> amount_days[] = {
      {integer(10'000), 5}, {integer(50'000), 1}, {null(), 9}, {integer(50'000), 3}};
  std::int64_t id = 0;
  for (const auto& [amount, age] : amount_days) {
    const Record deal = deal_row(++id, 11, days{age});
    upsert(Entity::deal, {with(Entity::deal, deal, {{"amount_minor", amount}})});
  }
  EXPECT_EQ(query(metric("deals_open").objects->text, "id"), (Lines{"4", "2", "1", "3"}));
}

TEST_F(ShippedSqlTest, CallsOutEffective) {
  around_.scope.duration_offsets = {{"reg5", seconds{12}}};
  reader_->set_surroundings(around_);
  const auto of_day = [](const char* local) { return integer(at(local)); };
  const Columns talk = {
      {"manager_id", integer(11)},     {"type", integer(1)},
      {"code", text("200")},           {"duration_seconds", integer(31)},
      {"phone", text("+79161234567")}, {"started_at", of_day("2026-11-18T12:00:00")},
      {"line", text("reg1")}};
  const struct {
    const char* what;
    Columns differently;
    bool counted;
  } cases[] = {
      {"outgoing", {}, true},
      {"callback", {{"type", integer(4)}}, true},
      {"incoming", {{"type", integer(2)}}, false},
      {"incoming, forwarded", {{"type", integer(3)}}, false},
      {"announcement", {{"type", integer(5)}}, false},
      {"direction unknown", {{"type", null()}}, false},
      {"exactly 30 seconds", {{"duration_seconds", integer(30)}}, false},
      {"duration unknown", {{"duration_seconds", null()}}, false},
      {"no code, as external exchanges write it", {{"code", text("")}}, true},
      {"code unknown", {{"code", null()}}, true},
      {"missed", {{"code", text("304")}}, false},
      {"busy", {{"code", text("486")}}, false},
      {"to a colleague", {{"phone", text("101")}}, false},
      {"called back by a colleague", {{"phone", text("101")}, {"type", integer(4)}}, false},
      {"number unknown", {{"phone", null()}}, true},
      {"first day", {{"started_at", of_day("2026-11-01T00:00:00")}}, true},
      {"before it", {{"started_at", of_day("2026-10-31T23:59:59")}}, false},
      {"today", {{"started_at", of_day("2026-11-19T00:00:00")}}, false},
      {"nobody's", {{"manager_id", integer(0)}}, false},
      {"the line counts ringing", {{"line", text("reg5")}}, false},
      {"31 seconds of talk behind the ringing",
       {{"line", text("reg5")}, {"duration_seconds", integer(43)}},
       true},
      {"exactly 30 behind it", {{"line", text("reg5")}, {"duration_seconds", integer(42)}}, false},
      {"line unknown", {{"line", null()}}, true},
  };
  for (const auto& c : cases) {
    only(Entity::call, talk, c.differently);
    EXPECT_EQ(query(metric("calls_out_effective").sql.text, "manager_id, value"),
              c.counted ? Lines{"11 1"} : Lines{})
        << c.what;
  }
}

TEST_F(ShippedSqlTest, CallsAreCountedByManagerAndDay) {
  const Time noon = kThursday - days{1};
  upsert(Entity::call, {call_row(1, 11, noon - days{1}), call_row(2, 11, noon),
                        call_row(3, 11, noon + minutes{5}), call_row(4, 13, noon)});
  const Lines counted = {"11 2026-11-17 1", "11 2026-11-18 2", "13 2026-11-18 1"};
  const auto calls = [&] {
    return query(metric("calls_out_effective").sql.text, "manager_id, day, value");
  };
  EXPECT_EQ(calls(), counted);
  remove(Entity::call, 2);
  remove(Entity::call, 4);
  EXPECT_EQ(calls(), counted) << "a day that is over keeps its figures";
}

class LearnedSqlTest : public ShippedSqlTest {
 protected:
  struct Won {
    Time left_at = kThursday - days{1};
    const char* semantic = "S";
    int recurring = 0;
    const char* title = "Поставка";
  };

  // A deal that stood on stage NEW for so many days, then on DOC for half a day, and then was won.
  void won(std::int64_t id, int stay_days, const Won& how) {
    const Time entered_at = how.left_at - days{stay_days};
    stage(id, "NEW", entered_at, entered_at, how);
    stage(id, "DOC", how.left_at, entered_at, how);
    stage(id, "WON", how.left_at + hours{12}, entered_at, how);
  }
  void won(std::int64_t id, int stay_days) { won(id, stay_days, Won{}); }

  void stage(std::int64_t id, const char* name, Time seen_at, Time created_at, const Won& how) {
    upsert(Entity::deal,
           {with(Entity::deal, deal_row(id, 11, days{0}),
                 {{"title", text(how.title)},
                  {"stage_id", text(name)},
                  {"semantic", text(how.semantic)},
                  {"recurring", integer(how.recurring)},
                  {"created_at", integer(to_unix(created_at))},
                  {"updated_at", integer(to_unix(seen_at))}})},
           seen_at);
  }

  // The first entry of the change log.
  void begin_log(Time at) {
    upsert(Entity::task, {task_row(1, 11, days{0}, 2, at - days{1})}, at - days{1});
    upsert(Entity::task, {task_row(1, 11, days{0}, 3, at)}, at);
  }

  Lines learned() {
    return query(std::get<EachShape>(rules_.rules.at(3).shape).learned->text, "key, days");
  }
};

TEST_F(LearnedSqlTest, IsEmptyAtFirst) { EXPECT_EQ(learned(), Lines{}); }

TEST_F(LearnedSqlTest, WantsThirtyObservations) {
  begin_log(kThursday - days{400});
  for (int id = 1; id <= 29; ++id) won(id, id);
  EXPECT_EQ(learned(), Lines{});
  won(30, 30);
  // 85 of 100: the 26th of 30 is the first that stands at or above 25.5.
  EXPECT_EQ(learned(), (Lines{"DOC 0.5", "NEW 26"}));
}

TEST_F(LearnedSqlTest, CountsWonDealsOfTheLastHalfYear) {
  around_.scope.test_titles = {"тест*"};
  reader_->set_surroundings(around_);
  begin_log(kThursday - days{400});
  for (int id = 1; id <= 29; ++id) won(id, 10);
  won(30, 10, {.semantic = "F"});
  won(31, 10, {.semantic = "P"});
  won(32, 10, {.recurring = 1});
  won(33, 10, {.left_at = kThursday - days{181}});
  won(34, 10, {.title = "Тестовая"});
  EXPECT_EQ(learned(), Lines{});
  won(35, 10, {.left_at = kThursday - days{179}});
  EXPECT_EQ(learned(), (Lines{"DOC 0.5", "NEW 10"}));
}

// A deal older than the log came to its first stage nobody knows when.
TEST_F(LearnedSqlTest, DoesNotGuessWhenTheFirstStageBegan) {
  begin_log(kThursday - days{5});
  for (int id = 1; id <= 30; ++id) won(id, 10);
  EXPECT_EQ(learned(), Lines{"DOC 0.5"});
}

TEST_F(LearnedSqlTest, EveryVisitOfAStageCounts) {
  begin_log(kThursday - days{400});
  for (int id = 1; id <= 15; ++id) {
    const Time created = kThursday - days{30};
    won(id, 10, {.left_at = kThursday - days{20}});
    stage(id, "NEW", kThursday - days{19}, created, {});  // came back
    stage(id, "WON", kThursday - days{15}, created, {});
  }
  EXPECT_EQ(learned(), Lines{"NEW 10"});
}

}  // namespace
}  // namespace b24
