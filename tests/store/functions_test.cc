#include "tests/store/store_fixture.h"

namespace b24 {
namespace {

class FunctionsTest : public StoreTest {
 protected:
  FunctionsTest() : reader_(reader()) {
    std::vector<Person> persons(2);
    persons[0].id = 17;
    persons[0].owns_deals = true;
    persons[1].id = 18;
    around_.people = People{std::move(persons), {}, PeopleSettings{}};
    around_.absences = Absences{{{17, kStart, kStart + days{2}}}};
    reader_->set_surroundings(around_);
  }

  Value one(const std::string& expression) {
    const auto answer = reader_->query("SELECT " + expression);
    if (!answer) return text(answer.error().text);
    return answer->rows.at(0).at(0);
  }

  Surroundings around_{calendar_, {}, {}, {}};
  std::unique_ptr<Reader> reader_;
};

// 2026-11-20 is a Friday; the working day is 9 to 18 in Moscow (UTC+3).
TEST_F(FunctionsTest, CountWorkingTime) {
  const auto friday_noon = std::to_string(to_unix(*parse_time("2026-11-20T12:00:00+03:00")));
  const auto friday_midnight = std::to_string(to_unix(*parse_time("2026-11-20T00:00:00+03:00")));
  const auto monday_noon = std::to_string(to_unix(*parse_time("2026-11-23T12:00:00+03:00")));
  EXPECT_EQ(one("local_day(" + friday_noon + ")"), text("2026-11-20"));
  EXPECT_EQ(one("local_day(" + friday_midnight + " - 1)"), text("2026-11-19"));
  EXPECT_EQ(one("work_minutes(" + friday_noon + ", " + monday_noon + ")"), integer(9 * 60));
  EXPECT_EQ(one("work_days(" + friday_noon + ", " + monday_noon + ")"), Value{1.0});
  EXPECT_EQ(one("work_minutes(" + monday_noon + ", " + friday_noon + ")"), integer(0));
  EXPECT_EQ(one("effective_deadline(" + friday_midnight + ")"),
            integer(to_unix(*parse_time("2026-11-20T18:00:00+03:00"))));
  EXPECT_EQ(one("effective_deadline(" + friday_noon + ")"), integer(std::stoll(friday_noon)));
}

TEST_F(FunctionsTest, KnowPeople) {
  EXPECT_EQ(one("is_manager(17)"), integer(1));
  EXPECT_EQ(one("is_manager(18)"), integer(0));
  EXPECT_EQ(one("is_manager(NULL)"), integer(0));
  const std::string from = std::to_string(to_unix(kStart));
  EXPECT_EQ(one("absent_through(17, " + from + ", " + from + " + 3600)"), integer(1));
  EXPECT_EQ(one("absent_through(17, " + from + " - 1, " + from + ")"), integer(0));
  EXPECT_EQ(one("absent_through(18, " + from + ", " + from + ")"), integer(0));
}

TEST_F(FunctionsTest, KnowTheScope) {
  const char* everything[] = {"is_sales(0)",
                              "is_sales(7)",
                              "is_sales(NULL)",
                              "NOT is_test_deal('Тест', 'X')",
                              "NOT is_test_task('Тест', 5)",
                              "talk_seconds(60, 'a') = 60"};
  for (const char* expression : everything) EXPECT_EQ(one(expression), integer(1)) << expression;

  around_.scope = {.pipelines = {3},
                   .test_titles = {"те_т*"},
                   .test_deal_types = {"X"},
                   .test_task_groups = {5},
                   .duration_offsets = {{"a", seconds{10}}}};
  reader_->set_surroundings(around_);
  const char* holds[] = {"is_sales(3)",
                         "NOT is_sales(0)",
                         "NOT is_sales(NULL)",
                         "is_test_deal('ТЕ_ТЫ', NULL)",
                         "NOT is_test_deal('тесты', 'x')",
                         "is_test_deal(NULL, 'X')",
                         "NOT is_test_deal(NULL, NULL)",
                         "is_test_task('те_т', 0)",
                         "is_test_task('', 5)",
                         "NOT is_test_task('', NULL)",
                         "talk_seconds(60, 'a') = 50",
                         "talk_seconds(9, 'a') = 0",
                         "talk_seconds(60, 'A') = 60",
                         "talk_seconds(60, NULL) = 60",
                         "talk_seconds(NULL, 'a') IS NULL"};
  for (const char* expression : holds) EXPECT_EQ(one(expression), integer(1)) << expression;
}

TEST_F(FunctionsTest, GiveNullForNullAndNonsense) {
  for (const char* expression :
       {"local_day(NULL)", "local_day('вчера')", "local_day(-5)", "local_day(9e18)",
        "work_days(NULL, 5)", "work_days(5, NULL)", "work_minutes(0, 1e300)",
        "effective_deadline(NULL)", "absent_through(17, NULL, 5)", "lower(NULL)", "upper(NULL)",
        "NULL LIKE 'x'", "'x' LIKE NULL"}) {
    EXPECT_EQ(one(expression), Value{}) << expression;
  }
  EXPECT_EQ(one("local_day('1795244400')"), text("2026-11-21"));
}

TEST_F(FunctionsTest, NeedTheCalendarFirst) {
  const auto fresh = reader();
  EXPECT_EQ(fresh->query("SELECT local_day(0)").error().text,
            "календарь ещё не прочитан с портала");
  EXPECT_TRUE(fresh->prepare("SELECT local_day(created_at) FROM v_deal")) << "checking needs none";
  EXPECT_TRUE(fresh->query("SELECT lower('Ы')"));
}

TEST_F(FunctionsTest, KnowRussianLetters) {
  EXPECT_EQ(one("lower('РОП ПЕРЕГОВОРЫ Ё')"), text("роп переговоры ё"));
  EXPECT_EQ(one("upper('роп ё')"), text("РОП Ё"));
  EXPECT_EQ(one("lower('РОП') = 'роп'"), integer(1));
  EXPECT_EQ(one("'ПЕРЕГОВОРЫ' LIKE '%переговоры%'"), integer(1));
  EXPECT_EQ(one("'Счёт выставлен' LIKE 'счЁт _ыставлен'"), integer(1));
  EXPECT_EQ(one("'Счёт' NOT LIKE 'счет'"), integer(1)) << "ё is a letter of its own";
  EXPECT_EQ(one("'100%' LIKE '100!%' ESCAPE '!'"), integer(1));
  EXPECT_EQ(one("'100 руб' LIKE '100!%' ESCAPE '!'"), integer(0));
  EXPECT_EQ(one("'Новая' = 'НОВАЯ' COLLATE NOCASE"), integer(1));
  EXPECT_EQ(one("group_concat(value, ',') FROM (SELECT value FROM "
                "json_each('[\"я\",\"Б\",\"а\",\"В\"]') ORDER BY value COLLATE NOCASE)"),
            text("а,Б,В,я"));
}

TEST_F(FunctionsTest, LikeIsQuickOnAnyPattern) {
  EXPECT_EQ(one("'" + std::string(20000, 'a') + "' LIKE '%a%a%a%a%a%a%a%a%a%a%a%b'"), integer(0));
  EXPECT_EQ(one("'x' LIKE '" + std::string(300, 'x') + "'"), text("шаблон LIKE слишком длинный"));
}

TEST_F(FunctionsTest, LikeFollowsAPatternThatChangesFromRowToRow) {
  EXPECT_EQ(one("group_concat('Окна' LIKE value, '') FROM json_each('[\"ок%\",\"на%\",\"%НА\"]')"),
            text("101"));
  EXPECT_EQ(one("group_concat('a%' LIKE 'a!%' ESCAPE value, '') FROM json_each('[\"!\",\"?\"]')"),
            text("10"));
}

}  // namespace
}  // namespace b24
