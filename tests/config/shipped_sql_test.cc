#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "config/load.h"

// The shipped SQL over tables that stand in for the views, one table of cases a query. The
// functions are simple: a midnight deadline means 18:00, a working day is a day, manager 9 is away
// from kAwayFrom on.

namespace b24 {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kNow = 20000 * kDay + 12 * 3600;  // noon
constexpr std::int64_t kAwayFrom = kNow - 10 * kDay;
constexpr std::int64_t kAway = 9;

void effective_deadline(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return sqlite3_result_null(context);
  const std::int64_t t = sqlite3_value_int64(arguments[0]);
  sqlite3_result_int64(context, t % kDay == 0 ? t + 18 * 3600 : t);
}

void work_days(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto seconds = sqlite3_value_int64(arguments[1]) - sqlite3_value_int64(arguments[0]);
  sqlite3_result_double(context, static_cast<double>(seconds) / kDay);
}

void absent_through(sqlite3_context* context, int, sqlite3_value** arguments) {
  const bool away =
      sqlite3_value_int64(arguments[0]) == kAway && sqlite3_value_int64(arguments[1]) >= kAwayFrom;
  sqlite3_result_int(context, away ? 1 : 0);
}

class ShippedSqlTest : public testing::Test {
 protected:
  ShippedSqlTest() : rules_(load_rules({}).rules) {
    db_.createFunction("effective_deadline", 1, true, nullptr, effective_deadline);
    db_.createFunction("work_days", 2, true, nullptr, work_days);
    db_.createFunction("absent_through", 3, true, nullptr, absent_through);
    db_.exec("CREATE TABLE v_task (id, title, status, manager_id, creator_id, deadline_at)");
    db_.exec(
        "CREATE TABLE v_deal (id, title, semantic, closed, recurring, manager_id, amount, "
        "currency, stage, stage_id, stage_since, created_at, pipeline)");
    db_.exec(
        "CREATE TABLE v_call (id INTEGER PRIMARY KEY, manager_id, direction, code, "
        "duration_seconds, internal DEFAULT 0, day)");
    db_.exec(
        "CREATE TABLE v_change (id INTEGER PRIMARY KEY, entity, entity_id, field, old_value, "
        "new_value, seen_at)");
  }

  // Rows as text, columns parted by blanks; NULL is "-".
  std::vector<std::string> query(const std::string& sql, const std::string& columns) {
    SQLite::Statement statement(db_, "SELECT " + columns + " FROM (" + sql + ")");
    if (sql.find(":now") != std::string::npos) statement.bind(":now", kNow);
    if (statement.getBindParameterCount() == 2) {
      statement.bind(":from_day", "2026-11-01");
      statement.bind(":to_day", "2026-11-21");
    }
    std::vector<std::string> rows;
    while (statement.executeStep()) {
      std::string row;
      for (int i = 0; i < statement.getColumnCount(); ++i) {
        const SQLite::Column cell = statement.getColumn(i);
        row += (i > 0 ? " " : "") + (cell.isNull() ? std::string("-") : cell.getString());
      }
      rows.push_back(row);
    }
    return rows;
  }

  const Metric& metric(const std::string& id) { return *rules_.metric(id); }

  RuleSet rules_;
  SQLite::Database db_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

TEST_F(ShippedSqlTest, TasksOverdueOpen) {
  const std::int64_t today = 20000 * kDay;
  const struct {
    const char* what;
    std::int64_t manager, creator;
    int status;
    std::optional<std::int64_t> deadline;
    int open, overdue, self_set;
  } cases[] = {
      {"waiting, late", 1, 5, 2, kNow - kDay, 1, 1, 0},
      {"in progress, late, set by himself", 1, 1, 3, kNow - kDay, 1, 1, 1},
      {"under control", 1, 5, 4, kNow - kDay, 0, 0, 0},
      {"done", 1, 5, 5, kNow - kDay, 0, 0, 0},
      {"deferred", 1, 5, 6, kNow - kDay, 0, 0, 0},
      {"no deadline", 1, 1, 2, std::nullopt, 1, 0, 0},
      {"due this very second", 1, 5, 2, kNow, 1, 0, 0},
      {"a second late", 1, 5, 2, kNow - 1, 1, 1, 0},
      {"due today without a time: until the evening", 1, 5, 2, today, 1, 0, 0},
      {"due yesterday without a time", 1, 5, 2, today - kDay, 1, 1, 0},
      {"away ever since the deadline", kAway, 5, 2, kNow - kDay, 1, 0, 0},
      {"was here when it was due", kAway, 5, 2, kAwayFrom - 1, 1, 1, 0},
      {"nobody's", 0, 5, 2, kNow - kDay, 0, 0, 0},
  };
  for (const auto& c : cases) {
    db_.exec("DELETE FROM v_task");
    SQLite::Statement insert(db_, "INSERT INTO v_task VALUES (7, 'x', ?, ?, ?, ?)");
    insert.bind(1, c.status);
    insert.bind(2, c.manager);
    insert.bind(3, c.creator);
    if (c.deadline) insert.bind(4, *c.deadline);
    insert.exec();
    const Metric& tasks = metric("tasks_overdue_open");
    const auto rows = query(tasks.sql.text, "manager_id, value, open_total, self_set");
    const std::vector<std::string> wanted =
        c.open == 0
            ? std::vector<std::string>{}
            : std::vector<std::string>{std::to_string(c.manager) + " " + std::to_string(c.overdue) +
                                       " 1 " + std::to_string(c.self_set)};
    EXPECT_EQ(rows, wanted) << c.what;
    // The list behind the number has as many rows as the number says.
    EXPECT_EQ(query(tasks.objects->text, "manager_id, id").size(),
              static_cast<std::size_t>(c.overdue))
        << c.what;
  }
}

TEST_F(ShippedSqlTest, TasksOverdueShareAndAge) {
  for (int i = 0; i < 4; ++i) {
    db_.exec("INSERT INTO v_task VALUES (" + std::to_string(i) + ", 'x', 2, 1, 5, " +
             std::to_string(kNow + kDay) + ")");
  }
  db_.exec("INSERT INTO v_task VALUES (10, 'new', 2, 1, 5, " + std::to_string(kNow - kDay) + ")");
  const Metric& tasks = metric("tasks_overdue_open");
  const std::string columns = "manager_id, value, open_total, share_percent, oldest_days";
  EXPECT_EQ(query(tasks.sql.text, columns), std::vector<std::string>{"1 1 5 20.0 1.0"});
  db_.exec("INSERT INTO v_task VALUES (11, 'old', 3, 1, 5, " + std::to_string(kNow - 3 * kDay) +
           ")");
  db_.exec("INSERT INTO v_task VALUES (12, 'x', 3, 2, 5, NULL)");
  EXPECT_EQ(query(tasks.sql.text, columns),
            (std::vector<std::string>{"1 2 6 33.3333333333333 3.0", "2 0 1 0.0 -"}));
  EXPECT_EQ(query(tasks.objects->text, "manager_id, id, title, days"),
            (std::vector<std::string>{"1 11 old 3.0", "1 10 new 1.0"}));
}

TEST_F(ShippedSqlTest, DealsOpen) {
  const struct {
    const char* what;
    const char* values;  // semantic, closed, recurring, manager
    bool counted;
  } cases[] = {
      {"in progress", "'P', 0, 0, 1", true},
      {"recurring is not said", "'P', 0, NULL, 1", true},
      {"template of a recurring deal", "'P', 0, 1, 1", false},
      {"won", "'S', 1, 0, 1", false},
      {"lost", "'F', 1, 0, 1", false},
      {"closed on a stage in progress", "'P', 1, 0, 1", false},
      {"won stage, not marked closed", "'S', 0, 0, 1", false},
      {"nobody's", "'P', 0, 0, 0", false},
      {"responsible not said", "'P', 0, 0, NULL", false},
  };
  for (const auto& c : cases) {
    db_.exec("DELETE FROM v_deal");
    db_.exec(std::string("INSERT INTO v_deal (id, semantic, closed, recurring, manager_id, "
                         "created_at) VALUES (7, ") +
             c.values + ", " + std::to_string(kNow - 2 * kDay) + ")");
    const Metric& deals = metric("deals_open");
    const std::vector<std::string> one{"1 1 2.0"}, none;
    EXPECT_EQ(query(deals.sql.text, "manager_id, value, oldest_days"), c.counted ? one : none)
        << c.what;
    EXPECT_EQ(query(deals.objects->text, "manager_id, id").size(), c.counted ? 1U : 0U) << c.what;
  }
}

TEST_F(ShippedSqlTest, DealsOpenListsTheLargestFirst) {
  for (const char* values : {"1, 100, 5", "2, 500, 9", "3, NULL, 1", "4, 500, 7"}) {
    db_.exec(std::string("INSERT INTO v_deal (semantic, closed, manager_id, id, amount, created_at)"
                         " VALUES ('P', 0, 1, ") +
             values + ")");
  }
  EXPECT_EQ(query(metric("deals_open").objects->text, "id"),
            (std::vector<std::string>{"4", "2", "1", "3"}));
}

// The line that the comment tells the analyst to open up.
TEST_F(ShippedSqlTest, DealsOpenCanBeLimitedToPipelines) {
  db_.exec(
      "INSERT INTO v_deal (semantic, closed, manager_id, pipeline, created_at) VALUES "
      "('P', 0, 1, 'Продажи', 1), ('P', 0, 1, 'Сервис', 1)");
  std::string sql = metric("deals_open").sql.text;
  EXPECT_EQ(query(sql, "value"), std::vector<std::string>{"2"});
  const auto at = sql.find("-- AND pipeline");
  ASSERT_NE(at, std::string::npos);
  sql.erase(at, 3);
  EXPECT_EQ(query(sql, "value"), std::vector<std::string>{"1"});
}

TEST_F(ShippedSqlTest, CallsOutEffective) {
  const struct {
    const char* what;
    const char* values;  // manager, direction, code, duration, internal, day
    bool counted;
  } cases[] = {
      {"outgoing", "1, 'out', '200', 31, 0, '2026-11-20'", true},
      {"callback", "1, 'callback', '200', 60, 0, '2026-11-20'", true},
      {"incoming", "1, 'in', '200', 60, 0, '2026-11-20'", false},
      {"announcement", "1, 'info', '200', 60, 0, '2026-11-20'", false},
      {"direction unknown", "1, NULL, '200', 60, 0, '2026-11-20'", false},
      {"exactly 30 seconds", "1, 'out', '200', 30, 0, '2026-11-20'", false},
      {"duration unknown", "1, 'out', '200', NULL, 0, '2026-11-20'", false},
      {"no code, as external PBX write it", "1, 'out', '', 31, 0, '2026-11-20'", true},
      {"code unknown", "1, 'out', NULL, 31, 0, '2026-11-20'", true},
      {"missed", "1, 'out', '304', 31, 0, '2026-11-20'", false},
      {"busy", "1, 'out', '486', 31, 0, '2026-11-20'", false},
      {"to a colleague", "1, 'out', '200', 31, 1, '2026-11-20'", false},
      {"called back by a colleague", "1, 'callback', '200', 31, 1, '2026-11-20'", false},
      {"first day", "1, 'out', '200', 31, 0, '2026-11-01'", true},
      {"before it", "1, 'out', '200', 31, 0, '2026-10-31'", false},
      {"today", "1, 'out', '200', 31, 0, '2026-11-21'", false},
      {"nobody's", "0, 'out', '200', 31, 0, '2026-11-20'", false},
  };
  for (const auto& c : cases) {
    db_.exec("DELETE FROM v_call");
    db_.exec(
        std::string("INSERT INTO v_call (manager_id, direction, code, duration_seconds, internal,"
                    " day) VALUES (") +
        c.values + ")");
    EXPECT_EQ(query(metric("calls_out_effective").sql.text, "manager_id, value").size(),
              c.counted ? 1U : 0U)
        << c.what;
  }
}

TEST_F(ShippedSqlTest, CallsAreCountedByManagerAndDay) {
  for (const char* values :
       {"1, '2026-11-19'", "1, '2026-11-20'", "1, '2026-11-20'", "2, '2026-11-20'"}) {
    db_.exec(std::string("INSERT INTO v_call (direction, code, duration_seconds, manager_id, day) "
                         "VALUES ('out', '200', 90, ") +
             values + ")");
  }
  EXPECT_EQ(query(metric("calls_out_effective").sql.text, "manager_id, day, value"),
            (std::vector<std::string>{"1 2026-11-19 1", "1 2026-11-20 2", "2 2026-11-20 1"}));
}

class LearnedSqlTest : public ShippedSqlTest {
 protected:
  // A deal that stood on stage NEW for so many days, then on DOC for one, and then was won.
  void won(std::int64_t id, std::int64_t stay_days, std::int64_t left_at = kNow - kDay,
           const std::string& semantic = "S", int recurring = 0) {
    const std::int64_t entered_at = left_at - stay_days * kDay;
    db_.exec("INSERT INTO v_deal (id, semantic, closed, recurring, created_at) VALUES (" +
             std::to_string(id) + ", '" + semantic + "', 1, " + std::to_string(recurring) + ", " +
             std::to_string(entered_at) + ")");
    change(id, "NEW", "DOC", left_at);
    change(id, "DOC", "WON", left_at + kDay / 2);
  }
  void change(std::int64_t id, const std::string& from, const std::string& to, std::int64_t at) {
    db_.exec(
        "INSERT INTO v_change (entity, entity_id, field, old_value, new_value, seen_at) VALUES"
        " ('deal', " +
        std::to_string(id) + ", 'stage_id', '" + from + "', '" + to + "', " + std::to_string(at) +
        ")");
  }
  // The log is older than all deals.
  void begin_log(std::int64_t at) {
    db_.exec(
        "INSERT INTO v_change (entity, entity_id, field, old_value, new_value, seen_at) VALUES"
        " ('task', 1, 'title', 'a', 'b', " +
        std::to_string(at) + ")");
  }
  std::vector<std::string> learned() {
    const Rule& rule = rules_.rules.at(3);
    return query(std::get<EachShape>(rule.shape).learned->text, "key, days");
  }
};

TEST_F(LearnedSqlTest, IsEmptyAtFirst) { EXPECT_EQ(learned(), std::vector<std::string>{}); }

TEST_F(LearnedSqlTest, WantsThirtyObservations) {
  begin_log(kNow - 400 * kDay);
  for (int id = 1; id <= 29; ++id) won(id, id);
  EXPECT_EQ(learned(), std::vector<std::string>{});
  won(30, 30);
  // 85 of 100: the 26th of 30 is the first that stands at or above 25.5.
  EXPECT_EQ(learned(), (std::vector<std::string>{"DOC 0.5", "NEW 26.0"}));
}

TEST_F(LearnedSqlTest, CountsWonDealsOfTheLastHalfYear) {
  begin_log(kNow - 400 * kDay);
  for (int id = 1; id <= 29; ++id) won(id, 10);
  won(30, 10, kNow - kDay, "F");
  won(31, 10, kNow - kDay, "P");
  won(32, 10, kNow - kDay, "S", 1);
  won(33, 10, kNow - 181 * kDay);
  EXPECT_EQ(learned(), std::vector<std::string>{});
  won(34, 10, kNow - 179 * kDay);
  EXPECT_EQ(learned(), (std::vector<std::string>{"DOC 0.5", "NEW 10.0"}));
}

// A deal older than the log came to its first stage nobody knows when.
TEST_F(LearnedSqlTest, DoesNotGuessWhenTheFirstStageBegan) {
  begin_log(kNow - 5 * kDay);
  for (int id = 1; id <= 30; ++id) won(id, 10);
  EXPECT_EQ(learned(), std::vector<std::string>{"DOC 0.5"});
}

TEST_F(LearnedSqlTest, EveryVisitOfAStageCounts) {
  begin_log(kNow - 400 * kDay);
  for (int id = 1; id <= 15; ++id) {
    won(id, 10, kNow - 20 * kDay);
    change(id, "WON", "NEW", kNow - 19 * kDay);  // came back
    change(id, "NEW", "WON", kNow - 15 * kDay);
  }
  EXPECT_EQ(learned(), (std::vector<std::string>{"NEW 10.0"}));
}

}  // namespace
}  // namespace b24
