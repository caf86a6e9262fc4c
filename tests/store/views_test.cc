#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "tests/store/store_fixture.h"

namespace b24 {
namespace {

using Rows = std::vector<std::string>;

class ViewsTest : public StoreTest {
 protected:
  static Value at(Time t) { return integer(to_unix(t)); }
};

TEST_F(ViewsTest, AreDocumentedColumnByColumn) {
  Rows documented;
  for (const ViewInfo& view : view_infos()) {
    documented.push_back(view.name);
    Rows columns;
    for (const ViewColumn& column : view.columns) {
      columns.push_back(column.name);
      EXPECT_THAT(column.type, testing::AnyOf("INTEGER", "REAL", "TEXT", "ANY")) << column.name;
      EXPECT_NE(column.comment.ru, "") << view.name << "." << column.name;
      EXPECT_NE(column.comment.en, "") << view.name << "." << column.name;
    }
    EXPECT_NE(view.comment.ru, "");
    EXPECT_NE(view.comment.en, "");
    for (const Text& note : view.notes) {
      EXPECT_TRUE(note.ru.ends_with('.')) << note.ru;
      EXPECT_TRUE(note.en.ends_with('.')) << note.en;
    }
    EXPECT_EQ(rows("SELECT name FROM pragma_table_info('" + view.name + "')"), columns);
  }
  std::sort(documented.begin(), documented.end());
  EXPECT_EQ(rows("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name"), documented);
}

TEST_F(ViewsTest, DealsKnowTheirStageAndPipeline) {
  upsert(Entity::pipeline, {record(Entity::pipeline, 0, {{"name", text("Общая")}}),
                            record(Entity::pipeline, 5, {{"name", text("Опт")}})});
  const auto stage = [](std::int64_t id, const char* entity_id, const char* status_id,
                        const char* name, Value semantics) {
    return record(Entity::stage, id,
                  {{"entity_id", text(entity_id)},
                   {"status_id", text(status_id)},
                   {"name", text(name)},
                   {"sort", integer(id * 10)},
                   {"semantics", std::move(semantics)}});
  };
  upsert(Entity::stage, {stage(1, "DEAL_STAGE", "NEW", "Новая", Value{}),
                         stage(2, "DEAL_STAGE_5", "C5:WON", "Успех", text("S")),
                         stage(3, "STATUS", "NEW", "Новый лид", Value{}),
                         stage(4, "DEAL_STAGE", "GONE", "Удалённая", Value{}),
                         stage(5, "DEAL_STAGE", "GONE", "Новая вместо неё", Value{})});
  const std::int64_t gone[] = {4};
  in_transaction([&] { writer_->mark_deleted(Entity::stage, gone, kStart); });
  upsert(Entity::deal,
         {record(Entity::deal, 1,
                 {{"pipeline_id", integer(0)},
                  {"stage_id", text("NEW")},
                  {"semantic", text("P")},
                  {"closed", integer(0)},
                  {"created_at", at(kStart)},
                  {"moved_at", at(kStart + hours{1})},
                  {"close_date", text("2026-12-01")}}),
          record(Entity::deal, 2,
                 {{"pipeline_id", integer(5)},
                  {"stage_id", text("C5:WON")},
                  {"closed", integer(1)},
                  {"created_at", at(kStart)},
                  {"close_date", text("2026-11-01")}}),
          record(Entity::deal, 3, {{"pipeline_id", integer(0)}, {"stage_id", text("GONE")}}),
          record(Entity::deal, 4, {{"pipeline_id", integer(9)}, {"stage_id", text("C9:NEW")}})});
  EXPECT_EQ(rows("SELECT id, pipeline, stage, semantic, closed, stage_since, closed_date, "
                 "planned_close_date FROM v_deal"),
            (Rows{"1|Общая|Новая|P|0|1795248000|NULL|2026-12-01",
                  "2|Опт|Успех|S|1|1795244400|2026-11-01|NULL",
                  "3|Общая|Новая вместо неё|P|NULL|NULL|NULL|NULL",
                  "4|NULL|NULL|P|NULL|NULL|NULL|NULL"}));
  EXPECT_EQ(rows("SELECT stage_id, name, pipeline_id, semantic, sort FROM v_stage"),
            (Rows{"NEW|Новая|0|P|10", "C5:WON|Успех|5|S|20", "GONE|Новая вместо неё|0|P|50"}));
  EXPECT_EQ(rows("SELECT id, name FROM v_pipeline"), (Rows{"0|Общая", "5|Опт"}));
}

TEST_F(ViewsTest, CallsHaveADirectionAndAnAnswer) {
  const struct {
    std::int64_t type;
    Value code;
    Value duration;
    const char* wanted;
  } cases[] = {
      {1, text("200"), integer(31), "out|1"}, {2, text("200"), integer(1), "in|1"},
      {3, Value{}, integer(5), "in|1"},       {4, text(""), integer(5), "callback|1"},
      {5, text("200"), integer(0), "info|0"}, {2, text("304"), integer(12), "in|0"},
      {1, text("200"), Value{}, "out|0"},     {6, text("486"), integer(0), "NULL|0"},
  };
  std::int64_t id = 0;
  std::vector<Record> calls;
  Rows wanted;
  for (const auto& c : cases) {
    calls.push_back(
        record(Entity::call, ++id,
               {{"type", integer(c.type)}, {"code", c.code}, {"duration_seconds", c.duration}}));
    wanted.push_back(c.wanted);
  }
  upsert(Entity::call, calls);
  EXPECT_EQ(rows("SELECT direction, answered FROM v_call ORDER BY id"), wanted);
}

TEST_F(ViewsTest, CallsToColleaguesAreInternal) {
  upsert(Entity::user, {record(Entity::user, 1, {{"inner_phone", text("10105")}}),
                        record(Entity::user, 2,
                               {{"work_phone", text("4951234567")},
                                {"mobile_phone", text("9990000002")},
                                {"personal_phone", text("9990000022")},
                                {"active", integer(0)}}),
                        record(Entity::user, 3, {{"mobile_phone", text("9990000003")}})});
  in_transaction(
      [&] { writer_->mark_deleted(Entity::user, std::vector<std::int64_t>{3}, kStart); });
  const struct {
    Value phone;
    int internal;
  } cases[] = {
      {text("10105"), 1},
      {text("10-105"), 1},
      {text("10106"), 0},
      {text("+79990000002"), 1},
      {text("8 (999) 000-00-02"), 1},
      {text("9990000002"), 1},
      {text("+7 999 000 00 22"), 1},
      {text("+74951234567"), 1},
      {text("+79990000003"), 0},  // nobody's any more
      {text("+79991234567"), 0},
      {text("1234567"), 0},  // the end of a colleague's number is another's
      {text("1234"), 1},
      {text("(12) 34"), 1},
      {text("2-34-56"), 0},  // a short town number
      {text(""), 0},
      {Value{}, 0},
  };
  std::int64_t id = 0;
  std::vector<Record> calls;
  Rows wanted;
  for (const auto& c : cases) {
    calls.push_back(record(Entity::call, ++id, {{"phone", c.phone}}));
    wanted.push_back(fmt::format("{}|{}", id, c.internal));
  }
  upsert(Entity::call, calls);
  EXPECT_EQ(rows("SELECT id, internal FROM v_call ORDER BY id"), wanted);
  // The numbers of staff are gathered once, not for every call.
  const auto plan = rows("EXPLAIN QUERY PLAN SELECT count(*) FROM v_call WHERE internal = 0");
  EXPECT_THAT(plan, testing::Not(testing::Contains(testing::HasSubstr("CORRELATED"))));
}

TEST_F(ViewsTest, CountingCallsByDayReadsThoseOfTheDaysAlone) {
  read_in_full(Entity::call);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT manager_id, day, sum(answered) FROM v_call "
      "WHERE direction = 'out' AND day >= '2026-11-01' AND day < '2026-11-21' GROUP BY 1, 2");
  EXPECT_THAT(plan, testing::Contains(testing::HasSubstr("INDEX calls_by_day (day>? AND day<?)")));
}

TEST_F(ViewsTest, CountingOpenDealsReadsTheIndexAlone) {
  read_in_full(Entity::deal);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT manager_id, count(*) FROM v_deal WHERE closed = 0 GROUP BY 1");
  EXPECT_THAT(plan, testing::ElementsAre(testing::HasSubstr("COVERING INDEX deals_open")));
}

// Companies as people draw them: 1 above 2 above 3.
class HeadsTest : public ViewsTest {
 protected:
  void departments(const std::vector<std::array<std::int64_t, 3>>& id_parent_head) {
    std::vector<Record> records;
    for (const auto& [id, parent, head] : id_parent_head) {
      records.push_back(record(Entity::department, id,
                               {{"name", text("отдел " + std::to_string(id))},
                                {"parent_id", parent == 0 ? Value{} : integer(parent)},
                                {"head_id", head == 0 ? Value{} : integer(head)}}));
    }
    upsert(Entity::department, records);
  }
  static Record user(std::int64_t id, const std::string& in, std::int64_t active = 1) {
    return record(Entity::user, id,
                  {{"active", integer(active)},
                   {"first_name", text("Имя" + std::to_string(id))},
                   {"departments", in.empty() ? Value{} : text(in)}});
  }
  std::string head(std::int64_t id) {
    return rows("SELECT head_id FROM v_manager WHERE id = " + std::to_string(id)).at(0);
  }
};

TEST_F(HeadsTest, TheNearestHeadAbove) {
  departments({{1, 0, 10}, {2, 1, 20}, {3, 2, 0}, {4, 1, 40}, {5, 6, 0}, {6, 5, 0}});
  upsert(Entity::user,
         {user(10, "[1]"), user(20, "[2]"), user(30, "[3,1]"), user(31, "[2]"), user(32, "[4]"),
          user(40, "[4]", 0), user(50, "[5]"), user(60, ""), user(61, "[]"), user(62, "[99]")});
  EXPECT_EQ(head(31), "20") << "of his department";
  EXPECT_EQ(head(30), "20") << "his department has none: the parent's";
  EXPECT_EQ(head(20), "10") << "he is the head himself: the parent's";
  EXPECT_EQ(head(10), "NULL") << "nobody above the top";
  EXPECT_EQ(head(32), "10") << "the head was dismissed";
  EXPECT_EQ(head(50), "NULL") << "departments in a circle";
  EXPECT_EQ(head(60), "NULL");
  EXPECT_EQ(head(61), "NULL");
  EXPECT_EQ(head(62), "NULL") << "a department that the portal does not show";
  EXPECT_EQ(rows("SELECT department_id FROM v_manager WHERE id IN (30, 61) ORDER BY id"),
            (Rows{"3", "NULL"}));
  EXPECT_EQ(rows("SELECT id, name, parent_id, head_id FROM v_department WHERE id < 3"),
            (Rows{"1|отдел 1|NULL|10", "2|отдел 2|1|20"}));
}

TEST_F(HeadsTest, PeopleAsTheProgramSeesThem) {
  departments({{1, 0, 10}, {3, 1, 0}});
  upsert(Entity::user, {record(Entity::user, 10,
                               {{"active", integer(1)},
                                {"first_name", text("Анна")},
                                {"last_name", text("Ким")},
                                {"departments", text("[3,1]")},
                                {"hired_on", text("2026-11-20")},
                                {"registered_at", at(kStart - days{30})}}),
                        record(Entity::user, 11,
                               {{"active", integer(0)},
                                {"last_name", text("Ли")},
                                {"registered_at", at(kStart)},
                                {"hired_on", text("2020-01-01")}}),
                        record(Entity::user, 12, {})});
  upsert(Entity::deal,
         {record(Entity::deal, 1, {{"manager_id", integer(10)}, {"pipeline_id", integer(5)}}),
          record(Entity::deal, 2, {{"manager_id", integer(11)}})});
  const std::int64_t gone[] = {2};
  in_transaction([&] { writer_->mark_deleted(Entity::deal, gone, kStart); });

  const auto persons = reader()->persons();
  ASSERT_EQ(persons.size(), 3U);
  EXPECT_EQ(persons[0].name, "Анна Ким");
  EXPECT_TRUE(persons[0].active);
  EXPECT_EQ(persons[0].departments, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(persons[0].hired_at, parse_time("2026-11-20T00:00:00Z"));
  EXPECT_TRUE(persons[0].owns_deals);
  EXPECT_EQ(persons[1].name, "Ли");
  EXPECT_FALSE(persons[1].active);
  EXPECT_EQ(persons[1].hired_at, kStart) << "the portal did not know him before";
  EXPECT_FALSE(persons[1].owns_deals);
  EXPECT_EQ(persons[2].name, "сотрудник 12");
  EXPECT_EQ(persons[2].hired_at, std::nullopt);
  EXPECT_EQ(rows("SELECT name, hired_at FROM v_manager ORDER BY id"),
            (Rows{"Анна Ким|1795132800", "Ли|1795244400", "сотрудник 12|NULL"}));

  // Owners of deals are those of the pipelines of sales.
  EXPECT_TRUE(reader()->persons({.pipelines = {3, 5}})[0].owns_deals);
  EXPECT_FALSE(reader()->persons({.pipelines = {3}})[0].owns_deals);

  const auto found = reader()->departments();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].head, 10);
  EXPECT_EQ(found[0].parent, std::nullopt);
  EXPECT_EQ(found[1].head, std::nullopt);
  EXPECT_EQ(found[1].parent, 1);
}

TEST_F(ViewsTest, CallsAreCoveredFromTheDayAfterTheFirst) {
  EXPECT_EQ(reader()->calls_covered_from(calendar_), std::nullopt);
  const Time first = kStart - days{40};
  upsert(Entity::call, {record(Entity::call, 1, {{"started_at", at(kStart)}}),
                        record(Entity::call, 2, {{"started_at", at(first)}}),
                        record(Entity::call, 3, {{"started_at", at(first - days{9})}})});
  const std::int64_t gone[] = {3};
  in_transaction([&] { writer_->mark_deleted(Entity::call, gone, kStart); });
  EXPECT_EQ(reader()->calls_covered_from(calendar_), std::nullopt) << "not all have been read";
  StreamState state;
  state.entity = Entity::call;
  state.full_done = true;
  in_transaction([&] { writer_->save_stream(state); });
  EXPECT_EQ(reader()->calls_covered_from(calendar_), parse_day("2026-10-04"))
      << "what is deleted since is still known";
}

TEST_F(ViewsTest, ChangesCanBeQueried) {
  upsert(Entity::task, {record(Entity::task, 3, {{"deadline_at", at(kStart)}})});
  upsert(Entity::task, {record(Entity::task, 3, {{"deadline_at", at(kStart + days{1})}})});
  EXPECT_EQ(rows("SELECT entity, entity_id, field, old_value, new_value, seen_at FROM v_change"),
            Rows{"task|3|deadline_at|1795244400|1795330800|1795244400"});
}

}  // namespace
}  // namespace b24
