#include <gmock/gmock.h>

#include <ctime>

#include "tests/store/store_fixture.h"

namespace b24 {
namespace {

constexpr const char* kReadOnly = "здесь можно только читать: нужен один запрос SELECT";
constexpr const char* kEndless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

std::string closed(const std::string& table) {
  return "таблица " + table + " закрыта: читайте представления v_… (их список – b24watch schema)";
}
std::string no_function(const std::string& function) {
  return "функцию " + function + "() здесь использовать нельзя";
}

class SandboxTest : public StoreTest {
 protected:
  SandboxTest() : reader_(reader()) { reader_->set_surroundings({calendar_, {}, {}, {}}); }
  SqlError refused(const std::string& sql) {
    auto answer = reader_->query(sql);
    if (answer) return {"it was allowed: " + sql, -2};
    return answer.error();
  }
  std::unique_ptr<Reader> reader_;
};

TEST_F(SandboxTest, RefusesWhateverIsNotReading) {
  for (const char* sql : {"DELETE FROM deals",
                          "INSERT INTO meta VALUES ('a', 'b')",
                          "UPDATE deals SET title = 'x'",
                          "DROP TABLE deals",
                          "CREATE TABLE x (a)",
                          "CREATE TEMP TABLE x (a)",
                          "CREATE TEMP VIEW x AS SELECT 1",
                          "ALTER TABLE deals ADD x",
                          "ATTACH 'other.db' AS o",
                          "DETACH main",
                          "PRAGMA user_version",
                          "PRAGMA query_only = 0",
                          "BEGIN",
                          "COMMIT",
                          "SAVEPOINT a",
                          "VACUUM",
                          "VACUUM INTO 'leak.db'",
                          "ANALYZE",
                          "REINDEX",
                          "EXPLAIN SELECT 1",
                          "EXPLAIN QUERY PLAN SELECT id FROM v_deal",
                          "SELECT name FROM pragma_table_info('deals')"}) {
    const SqlError error = refused(sql);
    EXPECT_EQ(error.text, kReadOnly) << sql;
    EXPECT_EQ(error.offset, 0) << sql;
  }
  EXPECT_FALSE(std::filesystem::exists("leak.db"));
  EXPECT_EQ(refused("DELETE FROM v_deal").text, "cannot modify v_deal because it is a view");
}

TEST_F(SandboxTest, RefusesTablesBehindTheViews) {
  const struct {
    const char* sql;
    const char* table;
    int offset;
  } cases[] = {
      {"SELECT title FROM deals", "deals", 18},
      {"SELECT count(*) FROM outbox", "outbox", 21},
      {"SELECT 1 FROM meta", "meta", 14},
      {"SELECT name FROM sqlite_master", "sqlite_master", 17},
      {"SELECT id FROM v_deal WHERE id IN (SELECT id FROM calls)", "calls", 50},
      {"SELECT * FROM (SELECT value FROM meta)", "meta", 33},
      // A condition that closes our parenthesis.
      {"SELECT id FROM v_deal WHERE (1) UNION SELECT value FROM meta WHERE (1)", "meta", 56},
      // A table of WITH that is called like a view.
      {"WITH v_deal AS (SELECT value AS id FROM meta) SELECT id FROM v_deal", "meta", 40},
      {"WITH x AS (SELECT value FROM meta) SELECT value FROM x", "meta", 29},
      {"SELECT (SELECT text FROM outbox LIMIT 1) FROM v_deal", "outbox", 25},
      {"SELECT id FROM v_deal AS d JOIN messages AS m ON m.manager_id = d.id", "messages", 32},
  };
  for (const auto& c : cases) {
    const SqlError error = refused(c.sql);
    EXPECT_EQ(error.text, closed(c.table)) << c.sql;
    EXPECT_EQ(error.offset, c.offset) << c.sql;
  }
}

TEST_F(SandboxTest, RefusesFunctionsThatCannotBeInterrupted) {
  for (const char* function : {"printf", "format", "zeroblob", "randomblob", "load_extension",
                               "hex", "glob", "quote", "random", "sqlite_version"}) {
    const std::string sql =
        "SELECT id, " + std::string{function} + "('%.900000000c', 'x') FROM v_deal";
    const SqlError error = refused(sql);
    EXPECT_NE(error.text, "") << function;
    EXPECT_EQ(error.offset, 11) << function << error.text;
  }
  EXPECT_EQ(refused("SELECT printf('%.900000000c', 'x')").text, no_function("printf"));
  EXPECT_EQ(refused("SELECT zeroblob(2000000000)").text, no_function("zeroblob"));
  EXPECT_EQ(refused("SELECT load_extension('x.so')").text, no_function("load_extension"));
}

TEST_F(SandboxTest, AllowsWhatMetricsNeed) {
  for (const char* sql :
       {"SELECT COUNT(*), Lower('Ы'), ROUND(avg(amount), 1) FROM v_deal",
        "SELECT manager_id, value, rank() OVER (ORDER BY value DESC) FROM "
        "(SELECT manager_id, count(*) AS value FROM v_task GROUP BY manager_id)",
        "SELECT strftime('%Y', '2026-11-21'), date(0, 'unixepoch'), iif(1, 2, 3)",
        "SELECT json_extract('{\"a\":1}', '$.a'), '{\"a\":1}' ->> 'a'",
        "SELECT group_concat(DISTINCT name) FROM v_manager", "VALUES (1)",
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) "
        "SELECT sum(i) FROM n",
        "SELECT id FROM v_deal UNION SELECT id FROM v_task EXCEPT SELECT id FROM v_call"}) {
    const auto answer = reader_->query(sql);
    EXPECT_TRUE(answer) << sql << ": " << answer.error().text;
  }
}

TEST_F(SandboxTest, RefusesASecondStatement) {
  EXPECT_EQ(refused("SELECT 1; DROP TABLE deals").text,
            "запрос должен быть один: уберите лишнее после «;»");
  EXPECT_EQ(refused("SELECT 1; DROP TABLE deals").offset, 10);
  EXPECT_TRUE(reader_->query("SELECT 1 ; -- всё\n /* правда */ ;"));
  EXPECT_EQ(refused(" -- ничего\n").text, "запрос пуст");
  EXPECT_EQ(refused("").text, "запрос пуст");
}

TEST_F(SandboxTest, KeepsSqlitesWordsAndFindsThePlace) {
  const struct {
    const char* sql;
    const char* text;
    int offset;
  } cases[] = {
      {"SELECT id FROM v_deal WHERE title = \"no_such\"", "no such column: no_such", 36},
      {"SELECT d.discont FROM v_deal AS d", "no such column: d.discont", 7},
      {"SELECT 'сделка', x FROM v_deal", "no such column: x", 23},
      {"SELECT 1 FROM v_deals", "no such table: v_deals", 14},
      {"SELECT 'v_deals' /* v_deals */ FROM main.v_deals", "no such table: main.v_deals", 41},
      {"SELECT nosuch(1)", "no such function: nosuch", 7},
      {"SELEKT 1", "near \"SELEKT\": syntax error", 0},
      {"SELECT id FROM v_deal, v_task", "ambiguous column name: id", 7},
  };
  for (const auto& c : cases) {
    const SqlError error = refused(c.sql);
    EXPECT_EQ(error.text, c.text) << c.sql;
    EXPECT_EQ(error.offset, c.offset) << c.sql;
  }
}

TEST_F(SandboxTest, StopsWhatTakesTooLong) {
  QueryLimits limits;
  limits.time = milliseconds{50};
  for (const std::string& sql :
       {std::string{kEndless},
        std::string{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000) "
                    "SELECT count(*) FROM n AS a, n AS b WHERE a.i % 7 = b.i % 5"}}) {
    const auto answer = reader_->query(sql, {}, limits);
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().too_slow);
    EXPECT_EQ(answer.error().text, "запрос не уложился в 50 мс");
  }
  EXPECT_TRUE(reader_->query("SELECT 1")) << "the next query has a time of its own";
}

TEST_F(SandboxTest, LimitsRowsAndValues) {
  QueryLimits limits;
  limits.rows = 3;
  const std::string three = "SELECT value FROM json_each('[1,2,3]')";
  const std::string four = "SELECT value FROM json_each('[1,2,3,4]')";
  ASSERT_TRUE(reader_->query(three, {}, limits));
  const auto answer = reader_->query(four, {}, limits);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text, "запрос даёт больше 3 строк: сузьте его или добавьте LIMIT");
  EXPECT_EQ(refused("WITH RECURSIVE n(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM n LIMIT 30) "
                    "SELECT max(length(s)) FROM n")
                .text,
            "string or blob too big");
}

TEST_F(SandboxTest, NamesTheParameterThatHasNoValue) {
  const std::string sql = "SELECT :from AS a, :to AS b";
  auto answer = reader_->query(sql, {{":from", integer(1)}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text, "у параметра :to нет значения");
  EXPECT_EQ(answer.error().offset, 19);
  EXPECT_EQ(refused("SELECT ?, 1").text, "параметр пишется с именем, например :now");

  answer = reader_->query(sql, {{":from", text("я")}, {":to", Value{2.5}}, {":more", Value{}}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(answer->rows, (std::vector<std::vector<Value>>{{text("я"), Value{2.5}}}));
  answer = reader_->query(sql, {{":from", Value{}}, {":to", integer(7)}});
  EXPECT_EQ(answer->rows, (std::vector<std::vector<Value>>{{Value{}, integer(7)}}));
}

TEST_F(SandboxTest, TellsWhatAQueryReadsAndGives) {
  using testing::ElementsAre;
  const auto info = reader_->prepare(
      "SELECT t.manager_id, count(*) AS value FROM v_task AS t WHERE t.deadline_at < :now "
      "AND t.manager_id IN (SELECT id FROM v_manager WHERE active = :active) GROUP BY 1");
  ASSERT_TRUE(info);
  EXPECT_THAT(info->columns, ElementsAre("manager_id", "value"));
  EXPECT_THAT(info->parameters, ElementsAre(":now", ":active"));
  EXPECT_THAT(info->reads, ElementsAre(Entity::user, Entity::task));
  const auto calls =
      reader_->prepare("WITH v_deal AS (SELECT id FROM v_call) SELECT * FROM v_deal");
  ASSERT_TRUE(calls);
  EXPECT_THAT(calls->reads, ElementsAre(Entity::call));
  EXPECT_THAT(reader_->prepare("SELECT rule_id FROM v_alert")->reads, ElementsAre());
}

TEST_F(SandboxTest, WhatIsNotAskedForIsNotRead) {
  using Entities = std::set<Entity>;
  using enum Entity;
  const struct {
    const char* sql;
    Entities reads;
  } cases[] = {
      {"SELECT count(*) FROM v_deal", {deal}},
      {"SELECT id FROM v_deal WHERE stage = 'Новая'", {deal, stage}},
      {"SELECT stage_since FROM v_deal", {deal, deal_move}},
      {"SELECT next_step_at FROM v_deal", {deal, activity, task}},
      {"SELECT last_touch_at FROM v_deal", {deal, activity, call}},
      {"SELECT won_at FROM v_deal", {deal, stage, deal_move}},
      {"SELECT deal_id FROM v_deal_won", {deal, deal_move}},
      {"SELECT title FROM v_task", {task}},
      {"SELECT first_touch_at FROM v_lead", {lead, activity, call}},
      {"SELECT entity FROM v_task_link", {task}},
      {"SELECT phone FROM v_call", {call}},
      {"SELECT phone FROM v_call WHERE internal = 0", {call, user}},
      {"SELECT m.id, count(d.id) FROM v_manager AS m LEFT JOIN v_deal AS d ON d.manager_id = m.id "
       "GROUP BY m.id",
       {user, deal}},
      {"WITH d AS (SELECT * FROM v_deal) SELECT manager_id, count(*) FROM d GROUP BY 1", {deal}},
  };
  for (const Entity indexed : {deal, task, call, activity, deal_move}) {
    for (const auto& c : cases) {
      const auto info = reader_->prepare(c.sql);
      ASSERT_TRUE(info) << c.sql << ": " << info.error().text;
      EXPECT_EQ(info->reads, c.reads) << c.sql;
    }
    // From now on some of it stands in indexes alone.
    read_in_full(indexed);
    reader_ = reader();
    reader_->set_surroundings({calendar_, {}, {}, {}});
  }
}

TEST_F(SandboxTest, NowIsTheOneThatIsGiven) {
  const std::string sql = "SELECT unixepoch()";
  EXPECT_EQ(reader_->query(sql, {{":now", integer(1000)}})->rows[0][0], integer(1000));
  EXPECT_EQ(reader_->query(sql, {{":now", integer(2000)}})->rows[0][0], integer(2000));
  const auto before = std::int64_t{std::time(nullptr)};
  EXPECT_GE(std::get<std::int64_t>(reader_->query(sql)->rows[0][0]), before)
      << "the clock, where nothing is given";
  EXPECT_EQ(reader_->query("SELECT unixepoch('2026-11-21')", {{":now", integer(1)}})->rows[0][0],
            integer(1795219200));
}

TEST_F(SandboxTest, EveryViewCanBeReadInEveryWay) {
  for (const ViewInfo& view : view_infos()) {
    for (const std::string& sql :
         {"SELECT * FROM " + view.name, "SELECT count(*) FROM " + view.name,
          "SELECT 1 FROM " + view.name + " AS a, " + view.name + " AS b",
          "WITH x AS (SELECT * FROM " + view.name + ") SELECT count(*) FROM x",
          "SELECT row_number() OVER () FROM (SELECT * FROM " + view.name + ")"}) {
      const auto answer = reader_->query(sql);
      EXPECT_TRUE(answer) << sql << ": " << answer.error().text;
    }
  }
}

TEST_F(SandboxTest, SeesWhatWasCommittedMeanwhile) {
  const std::string sql = "SELECT count(*) FROM v_deal";
  EXPECT_EQ(reader_->query(sql)->rows[0][0], integer(0));
  upsert(Entity::deal, {record(Entity::deal, 1, {})});
  EXPECT_EQ(reader_->query(sql)->rows[0][0], integer(1));
}

TEST_F(SandboxTest, FailsAtRunTimeInSqlitesWords) {
  EXPECT_EQ(refused("SELECT sum(value) FROM json_each('[9223372036854775807, 1]')").text,
            "integer overflow");
  EXPECT_EQ(refused("SELECT json_extract('{', '$')").text, "malformed JSON");
}

}  // namespace
}  // namespace b24
