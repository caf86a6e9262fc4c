#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/bitrix24/value.h"
#include "tests/connectors/pages.h"
#include "tests/support/mangle.h"

namespace b24 {
namespace {

using Json = nlohmann::ordered_json;

TEST(PageTest, ReadsADeal) {
  const auto page = parse(Entity::deal, R"({"items":[{"id":7405,"title":"Сделка","categoryId":0,
    "stageId":"NEW","stageSemanticId":"P","closed":"N","opportunity":999.9,"currencyId":"RUB",
    "assignedById":17,"createdBy":"1","updatedBy":1,"movedBy":null,
    "createdTime":"2026-11-21T10:00:00+03:00","updatedTime":"2026-11-21T10:05:00+03:00",
    "movedTime":"2026-11-21T10:01:00+03:00","lastActivityTime":{},"lastActivityBy":0,
    "begindate":"2026-11-20T03:00:00+03:00","closedate":"9999-12-31T00:00:00+03:00",
    "companyId":"","contactId":[],"leadId":null,"sourceId":"WEB","typeId":"SALE",
    "isRecurring":"N","UF_CRM_1":"x","utmSource":"mail","fm":[{"a":1}]}]})");
  ASSERT_TRUE(page) << page.error().text;
  ASSERT_EQ(page->records.size(), 1U);
  const Record& deal = page->records[0];
  EXPECT_EQ(deal.id, 7405);
  const std::pair<const char*, std::string> want[] = {
      {"title", "Сделка"},
      {"pipeline_id", "0"},
      {"stage_id", "NEW"},
      {"semantic", "P"},
      {"closed", "0"},
      {"amount_minor", "99990"},
      {"currency", "RUB"},
      {"manager_id", "17"},
      {"created_by", "1"},
      {"updated_by", "1"},
      {"moved_by", "NULL"},
      {"created_at", std::to_string(unix_of("2026-11-21T07:00:00Z"))},
      {"updated_at", std::to_string(unix_of("2026-11-21T07:05:00Z"))},
      {"moved_at", std::to_string(unix_of("2026-11-21T07:01:00Z"))},
      {"last_activity_at", "NULL"},
      {"last_activity_by", "0"},
      {"begin_date", "2026-11-20"},
      {"close_date", "NULL"},
      {"company_id", "NULL"},
      {"contact_id", "NULL"},
      {"lead_id", "NULL"},
      {"source_id", "WEB"},
      {"type_id", "SALE"},
      {"recurring", "0"},
  };
  for (const auto& [name, value] : want) {
    EXPECT_EQ(shown(column(deal, Entity::deal, name)), value) << name;
  }
  EXPECT_EQ(deal.extra, R"({"UF_CRM_1":"x"})");
  EXPECT_EQ(page->last_id, 7405);
  EXPECT_TRUE(page->ascending);
}

TEST(PageTest, ReadsTheDocumentedExamples) {
  const struct {
    Entity entity;
    const char* method;
    std::size_t rows;
    std::int64_t last_id;
    bool ascending;
  } cases[] = {
      {Entity::deal, "crm.item.list", 4, 254, false},
      {Entity::task, "tasks.task.list", 1, 8017, true},
      {Entity::call, "voximplant.statistic.get", 2, 7, true},
      {Entity::user, "user.get", 2, 3, true},
      {Entity::department, "department.get", 5, 17, false},
      {Entity::pipeline, "crm.category.list", 4, 0, false},
      {Entity::stage, "crm.status.list", 8, 115, true},
      {Entity::lead, "crm.item.list", 4, 254, false},
      {Entity::activity, "crm.activity.list", 1, 20, true},
      {Entity::deal_move, "crm.stagehistory.list", 1, 35, true},
      {Entity::invoice_move, "crm.stagehistory.list", 1, 35, true},
      // "CAD" as a number.
      {Entity::currency, "crm.currency.list", 4, 0x434144, false},
  };
  for (const auto& c : cases) {
    const auto text = documented(c.method);
    if (!text) GTEST_SKIP() << "the documented examples are not here";
    const auto page = parse(c.entity, *text);
    ASSERT_TRUE(page) << c.method << ": " << page.error().text;
    EXPECT_EQ(page->rows, c.rows) << c.method;
    EXPECT_EQ(page->records.size(), c.rows) << c.method;
    EXPECT_EQ(page->last_id, c.last_id) << c.method;
    EXPECT_EQ(page->ascending, c.ascending) << c.method;
    EXPECT_TRUE(page->rejected.empty()) << c.method;
  }
}

TEST(PageTest, ReadsTheValuesOfTheDocumentedExamples) {
  const auto tasks = documented("tasks.task.list");
  const auto calls = documented("voximplant.statistic.get");
  const auto users = documented("user.get");
  const auto stages = documented("crm.status.list");
  if (!tasks || !calls || !users || !stages) GTEST_SKIP() << "the documented examples are not here";

  const Record task = parse(Entity::task, *tasks)->records.at(0);
  EXPECT_EQ(shown(column(task, Entity::task, "deadline_at")),
            std::to_string(unix_of("2025-10-24T17:00:00Z")));
  EXPECT_EQ(shown(column(task, Entity::task, "manager_id")), "547");
  EXPECT_EQ(shown(column(task, Entity::task, "status")), "2");
  EXPECT_EQ(shown(column(task, Entity::task, "closed_at")), "NULL");
  // People's names and texts stay out.
  EXPECT_EQ(task.extra,
            R"({"mark":"","taskRequireResult":"Y","taskHasOpenResult":"N","taskHasResult":"Y"})");

  const auto call = parse(Entity::call, *calls)->records;
  EXPECT_EQ(shown(column(call.at(0), Entity::call, "code")), "603-S");
  EXPECT_EQ(shown(column(call.at(0), Entity::call, "duration_seconds")), "0");
  EXPECT_EQ(shown(column(call.at(1), Entity::call, "duration_seconds")), "95");
  EXPECT_EQ(shown(column(call.at(1), Entity::call, "crm_entity_id")), "797");

  const Record user = parse(Entity::user, *users)->records.at(0);
  EXPECT_EQ(shown(column(user, Entity::user, "active")), "1");
  EXPECT_EQ(shown(column(user, Entity::user, "departments")), "[1]");
  EXPECT_EQ(shown(column(user, Entity::user, "second_name")), "NULL");
  EXPECT_EQ(shown(column(user, Entity::user, "hired_on")), "NULL");
  EXPECT_EQ(user.extra, "");

  const auto stage = parse(Entity::stage, *stages)->records;
  EXPECT_EQ(shown(column(stage.at(0), Entity::stage, "semantics")), "NULL");
  EXPECT_EQ(shown(column(stage.at(5), Entity::stage, "semantics")), "S");
  EXPECT_EQ(shown(column(stage.at(5), Entity::stage, "sort")), "60");
}

TEST(PageTest, RowsNeedNotHaveTheSameFieldsInTheSameOrder) {
  const std::string longest(70, 'k');
  const auto page = parse(
      Entity::deal, R"({"items":[{"id":1,"title":"a","stageId":"NEW","ufA":"x"},)"
                    R"({"title":"b","id":2,"titleMore":"t","stageId":"WON"},)"
                    R"({"id":3,"t\u0069tle":"c","quo\"ted":1,"":2,"stage":"no stage",")" +
                        longest +
                        R"(":5},)"
                        R"({"id":4,"title":"d","quo\"ted":2,"":3,"stageId":"LOSE",")" +
                        longest +
                        R"(":6},)"
                        R"({"id":5},{"fm":[1],"title":"f","id":6,"stageId":"NEW","ufA":"y"}]})");
  ASSERT_TRUE(page) << page.error().text;
  std::vector<std::string> got;
  for (const Record& record : page->records) {
    got.push_back(std::to_string(record.id) + " " + shown(column(record, Entity::deal, "title")) +
                  " " + shown(column(record, Entity::deal, "stage_id")) + " " + record.extra);
  }
  const std::vector<std::string> want = {
      R"(1 a NEW {"ufA":"x"})",
      R"(2 b WON {"titleMore":"t"})",
      R"(3 c NULL {"quo\"ted":1,"":2,"stage":"no stage",")" + longest + R"(":5})",
      R"(4 d LOSE {"quo\"ted":2,"":3,")" + longest + R"(":6})",
      "5 NULL NULL ",
      R"(6 f NEW {"ufA":"y"})",
  };
  EXPECT_EQ(got, want);
}

TEST(PageTest, KeepsWhatCannotBeReadAndGoesOn) {
  const auto page = parse(Entity::department, R"([
    {"ID":"1","NAME":"A"},
    {"NAME":"no id"},
    {"ID":"x","NAME":"bad id"},
    {"ID":"4"},
    null,
    "text",
    {"ID":"7","NAME":"B","PARENT":"seven","SORT":null}
  ])");
  ASSERT_TRUE(page) << page.error().text;
  EXPECT_EQ(page->rows, 7U);
  ASSERT_EQ(page->records.size(), 2U);
  EXPECT_EQ(shown(column(page->records[1], Entity::department, "parent_id")), "NULL");
  EXPECT_EQ(page->records[1].extra, R"({"PARENT":"seven"})");
  ASSERT_EQ(page->rejected.size(), 5U);
  EXPECT_EQ(page->rejected[0].raw, R"({"NAME":"no id"})");
  EXPECT_EQ(page->rejected[0].reason, "нет понятного ID");
  EXPECT_EQ(page->rejected[1].reason, "нет понятного ID");
  EXPECT_EQ(page->rejected[2].reason, "нет обязательного поля NAME");
  EXPECT_EQ(page->rejected[3].raw, "null");
  EXPECT_EQ(page->rejected[3].reason, "строка не объект");
  EXPECT_EQ(page->rejected[4].raw, "\"text\"");
}

TEST(PageTest, BoundsTheRawTextOfARejectedRow) {
  const auto page =
      parse(Entity::department, R"([{"NAME":")" + std::string(100'000, 'a') + R"("}])");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rejected.size(), 1U);
  EXPECT_LE(page->rejected[0].raw.size(), 8200U);
}

TEST(PageTest, TakesEveryEmptyPage) {
  for (const char* text : {"[]", "{}", "  [ ] "}) {
    const auto page = parse(Entity::call, text);
    ASSERT_TRUE(page) << text;
    EXPECT_EQ(page->rows, 0U) << text;
    EXPECT_EQ(page->last_id, 0) << text;
  }
  for (const char* text : {R"({"items":[]})", R"({"items":{}})", "[]"}) {
    const auto page = parse(Entity::deal, text);
    ASSERT_TRUE(page) << text;
    EXPECT_EQ(page->rows, 0U) << text;
  }
  // PHP makes an object of an array with gaps.
  const auto gaps = parse(Entity::deal, R"({"items":{"0":{"id":1},"2":{"id":3}}})");
  ASSERT_TRUE(gaps);
  EXPECT_EQ(gaps->records.size(), 2U);
}

TEST(PageTest, RefusesWhatIsNoPage) {
  for (const char* text : {"", "null", "false", "17", R"({"tasks":[]})", R"({"items":null})",
                           R"({"items":[{"id":1})", "[1]", "{\"items\":[{\"id\":1},{\"id\":}]}"}) {
    const auto page = parse(Entity::deal, text);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(page.error().text,
              "Портал прислал непонятный ответ на crm.item.list – повторим позже.");
  }
}

TEST(PageTest, SurvivesBrokenTexts) {
  const auto bytes = parse(Entity::deal,
                           "{\"items\":[{\"id\":1,\"title\":\"a\xFF"
                           "b\"}]}");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(shown(column(bytes->records.at(0), Entity::deal, "title")),
            "a\xEF\xBF\xBD"
            "b");
  const auto half =
      parse(Entity::deal, R"({"items":[{"id":1,"title":"cut \ud83d and \"more\" \u0416"}]})");
  ASSERT_TRUE(half);
  EXPECT_EQ(shown(column(half->records.at(0), Entity::deal, "title")),
            "cut \xEF\xBF\xBD and \"more\" Ж");
}

TEST(PageTest, KeepsExtraSoundWhateverComes) {
  const auto page = parse(Entity::deal, R"({"items":[{"id":1,"UF_1":{"a":["x",1]},"UF_2":"\u0416"},
    {"id":2,"UF_1":["\ud83d"]},{"id":3,"UF_1":12abc}]})");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 3U);
  EXPECT_EQ(page->records[0].extra, R"({"UF_1":{"a":["x",1]},"UF_2":"\u0416"})");
  for (std::size_t i : {1U, 2U}) {
    const auto extra = Json::parse(page->records[i].extra, nullptr, false);
    ASSERT_TRUE(extra.is_object()) << page->records[i].extra;
    EXPECT_TRUE(extra.contains("unreadable"));
  }
}

TEST(PageTest, NoticesIdsThatDoNotGrow) {
  EXPECT_TRUE(parse(Entity::deal, R"({"items":[{"id":0},{"id":3},{"id":9}]})")->ascending);
  // A row that comes twice does no harm: rows are kept by id.
  EXPECT_TRUE(parse(Entity::deal, R"({"items":[{"id":3},{"id":3}]})")->ascending);
  EXPECT_FALSE(parse(Entity::deal, R"({"items":[{"id":10},{"id":9}]})")->ascending);
}

TEST(ValueTest, ReadsEveryWayThePortalWrites) {
  using Kind = Cell::Kind;
  const struct {
    FieldType type;
    Cell cell;
    const char* want;  // nothing: does not fit
  } cases[] = {
      {FieldType::integer, {Kind::number, "17"}, "17"},
      {FieldType::integer, {Kind::text, "17"}, "17"},
      {FieldType::integer, {Kind::text, " 17.00 "}, "17"},
      {FieldType::integer, {Kind::text, "17.5"}, nullptr},
      {FieldType::integer, {Kind::text, ""}, "NULL"},
      {FieldType::integer, {Kind::boolean, "false"}, "NULL"},
      {FieldType::integer, {Kind::boolean, "true"}, nullptr},
      {FieldType::integer, {Kind::container, "[]"}, "NULL"},
      {FieldType::integer, {Kind::container, "{\n}"}, "NULL"},
      {FieldType::integer, {Kind::container, "[1]"}, nullptr},
      {FieldType::integer, {Kind::number, "1e300"}, nullptr},
      {FieldType::real, {Kind::text, "19999.99"}, "19999.99"},
      {FieldType::real, {Kind::number, "-0.5"}, "-0.5"},
      {FieldType::real, {Kind::text, "nan"}, nullptr},
      {FieldType::money, {Kind::text, "19999.99"}, "1999999"},
      {FieldType::money, {Kind::number, "19000"}, "1900000"},
      {FieldType::money, {Kind::number, "999.9"}, "99990"},
      {FieldType::money, {Kind::text, " 0.00 "}, "0"},
      {FieldType::money, {Kind::number, "-0.5"}, "-50"},
      {FieldType::money, {Kind::text, "+7."}, "700"},
      {FieldType::money, {Kind::text, ".5"}, "50"},
      {FieldType::money, {Kind::text, "007.10"}, "710"},
      // What a binary fraction of a third, of 1.15 and of 0.29 looks like in PHP.
      {FieldType::money, {Kind::number, "333.33333333333331"}, "33333"},
      {FieldType::money, {Kind::number, "1.1499999999999999"}, "115"},
      {FieldType::money, {Kind::number, "0.28999999999999998"}, "29"},
      {FieldType::money, {Kind::number, "1.005"}, "101"},
      {FieldType::money, {Kind::number, "-1.005"}, "-101"},
      {FieldType::money, {Kind::number, "1.00499999999999999999999"}, "100"},
      {FieldType::money, {Kind::number, "0.005"}, "1"},
      {FieldType::money, {Kind::number, "0.0049"}, "0"},
      {FieldType::money, {Kind::number, "-0.001"}, "0"},
      {FieldType::money, {Kind::number, "9.999"}, "1000"},
      {FieldType::money, {Kind::number, "1e3"}, "100000"},
      {FieldType::money, {Kind::number, "1.5E-2"}, "2"},
      {FieldType::money, {Kind::number, "1e-9"}, "0"},
      {FieldType::money, {Kind::number, "0e300"}, "0"},
      {FieldType::money, {Kind::number, "1.2345678e+6"}, "123456780"},
      // To the last hundredth where a double has none.
      {FieldType::money, {Kind::text, "9999999999999999.99"}, "999999999999999999"},
      {FieldType::money, {Kind::text, "92233720368547758.07"}, "9223372036854775807"},
      {FieldType::money, {Kind::text, "-92233720368547758.07"}, "-9223372036854775807"},
      {FieldType::money, {Kind::text, "92233720368547758.074"}, "9223372036854775807"},
      {FieldType::money, {Kind::text, "92233720368547758.075"}, nullptr},
      {FieldType::money, {Kind::text, "92233720368547758.08"}, nullptr},
      {FieldType::money, {Kind::number, "1e300"}, nullptr},
      {FieldType::money, {Kind::number, "1e99999999999"}, nullptr},
      {FieldType::money, {Kind::text, ""}, "NULL"},
      {FieldType::money, {Kind::null, ""}, "NULL"},
      {FieldType::money, {Kind::boolean, "false"}, "NULL"},
      {FieldType::money, {Kind::text, "100|RUB"}, nullptr},
      {FieldType::money, {Kind::text, "19999,99"}, nullptr},
      {FieldType::money, {Kind::text, "1e"}, nullptr},
      {FieldType::money, {Kind::text, "."}, nullptr},
      {FieldType::money, {Kind::text, "-"}, nullptr},
      {FieldType::money, {Kind::text, "--1"}, nullptr},
      {FieldType::money, {Kind::text, "nan"}, nullptr},
      {FieldType::money, {Kind::container, "[1]"}, nullptr},
      {FieldType::text, {Kind::text, ""}, "NULL"},
      {FieldType::text, {Kind::number, "603"}, "603"},
      {FieldType::text, {Kind::null, ""}, "NULL"},
      {FieldType::flag, {Kind::text, "Y"}, "1"},
      {FieldType::flag, {Kind::text, "N"}, "0"},
      {FieldType::flag, {Kind::boolean, "true"}, "1"},
      {FieldType::flag, {Kind::boolean, "false"}, "0"},
      {FieldType::flag, {Kind::number, "1"}, "1"},
      {FieldType::flag, {Kind::text, "0"}, "0"},
      {FieldType::flag, {Kind::text, "maybe"}, nullptr},
      {FieldType::time, {Kind::text, "2026-11-21T10:00:00+03:00"}, "1795244400"},
      {FieldType::time, {Kind::text, "9999-12-31T00:00:00+03:00"}, "NULL"},
      {FieldType::time, {Kind::text, "0000-00-00 00:00:00"}, "NULL"},
      {FieldType::time, {Kind::text, "2024-08-29 10:30:11"}, nullptr},  // an instant without zone
      {FieldType::time, {Kind::container, "{}"}, "NULL"},
      {FieldType::date, {Kind::text, "2024-08-30T02:00:00+02:00"}, "2024-08-30"},
      {FieldType::date, {Kind::text, "24.08.2023 13:19:39"}, "2023-08-24"},
      {FieldType::date, {Kind::text, "9999-12-31"}, "NULL"},
      {FieldType::date, {Kind::text, "soon"}, nullptr},
      {FieldType::id_list, {Kind::container, "[1, 2]"}, "[1,2]"},
      {FieldType::id_list, {Kind::container, "[\"3\"]"}, "[3]"},
      {FieldType::id_list, {Kind::container, "[]"}, "NULL"},
      {FieldType::id_list, {Kind::boolean, "false"}, "NULL"},
      {FieldType::id_list, {Kind::number, "5"}, "[5]"},
      {FieldType::id_list, {Kind::container, "[\"x\"]"}, nullptr},
      {FieldType::id_list, {Kind::container, "{\"1\":5}"}, "[5]"},  // an array with gaps
      {FieldType::id_list, {Kind::container, "{\"0\": \"12\", \"3\": 7}"}, "[12,7]"},
      {FieldType::id_list, {Kind::container, "{\"1\":\"x\"}"}, nullptr},
      {FieldType::id_list, {Kind::container, "{\"1\":[5]}"}, nullptr},
      {FieldType::phone, {Kind::text, "+7 (999) 123-45-67"}, "9991234567"},
      {FieldType::phone, {Kind::text, "8 999 123.45.67 доб. 105"}, "9991234567"},
      {FieldType::phone, {Kind::number, "79991234567"}, "9991234567"},
      {FieldType::phone, {Kind::text, "10-105"}, "10105"},
      {FieldType::phone, {Kind::text, ""}, "NULL"},
      {FieldType::phone, {Kind::text, "доб. 105"}, nullptr},
      {FieldType::crm_links,
       {Kind::container, R"(["L_1","D_2","C_3","CO_4","Q_6","SI_5","T88_3"])"},
       "[[1,1],[2,2],[3,3],[4,4],[7,6],[31,5],[136,3]]"},
      {FieldType::crm_links, {Kind::container, R"({"0": "D_2", "3": "CO_4"})"}, "[[2,2],[4,4]]"},
      {FieldType::crm_links, {Kind::text, "D_12"}, "[[2,12]]"},
      {FieldType::crm_links,
       {Kind::container, R"([ "D_12" , "X_5", "D_", "T_3", "Tz_3", 7 ])"},
       "[[2,12]]"},
      {FieldType::crm_links, {Kind::container, R"(["X_5"])"}, nullptr},
      {FieldType::crm_links, {Kind::container, "[]"}, "NULL"},
      {FieldType::crm_links, {Kind::boolean, "false"}, "NULL"},
      {FieldType::crm_links, {Kind::number, "5"}, nullptr},
  };
  for (const auto& c : cases) {
    Value value{std::string{"as it was"}};
    const bool fits = to_value(c.type, c.cell, value);
    EXPECT_EQ(fits ? shown(value) : "does not fit", c.want ? c.want : "does not fit")
        << static_cast<int>(c.type) << ": " << c.cell.text;
    if (!fits) {
      EXPECT_EQ(value, Value{std::string{"as it was"}});
    }
  }
}

TEST(ValueTest, NumbersRowsByTheirCodes) {
  const std::pair<const char*, std::int64_t> codes[] = {
      {"RUB", 0x525542}, {"A", 0x41}, {"usd", 0x757364}, {"XBTC12", 0x584254433132}};
  for (const auto& [code, id] : codes) {
    EXPECT_EQ(id_of_code(code), id) << code;
    EXPECT_EQ(code_of_id(id), code);
  }
  for (const char* code : {"", "R B", "РУБ", "XBTC123", "A\x7f"}) {
    EXPECT_FALSE(id_of_code(code)) << code;
  }
}

TEST(PageTest, NeverCrashesOnRubbish) {
  const std::string seed_text =
      R"({"items":[{"id":7405,"title":"\u0421\"x\ud83d\ude00","stageId":"NEW","opportunity":1.5,)"
      R"("createdTime":"2026-11-21T10:00:00+03:00","contactIds":[1,2],"uf":{"a":[null,true]}}]})";
  std::size_t whole = 0;
  for (unsigned seed = 1; seed <= 4000; ++seed) {
    const std::string text = test::mangle(seed_text, seed, R"({}[],:\"u0)");
    for (const Entity entity : {Entity::deal, Entity::call}) {
      const auto page = parse(entity, text);
      if (!page) continue;
      whole += page->records.size();
      for (const Record& record : page->records) {
        ASSERT_TRUE(record.extra.empty() || Json::accept(record.extra)) << record.extra;
      }
    }
  }
  EXPECT_GT(whole, 0U);
}

}  // namespace
}  // namespace b24
