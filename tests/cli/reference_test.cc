#include "daemon/cli/reference.h"

#include <gmock/gmock.h>

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/details.h"
#include "connectors/bitrix24/scopes.h"
#include "daemon/engine/presence.h"
#include "daemon/store/store.h"
#include "tests/support/workplace.h"

// The analyst's reference.

namespace b24 {
namespace {

using testing::HasSubstr;

TEST(ReferenceTest, NamesEveryViewAndColumn) {
  for (const Language language : {Language::ru, Language::en}) {
    set_language(language);
    const std::string text = reference();
    for (const ViewInfo& view : view_infos()) {
      EXPECT_THAT(text, HasSubstr("\n### " + view.name + "\n\n" + view.comment.pick() + ".\n"));
      for (const Text& note : view.notes) EXPECT_THAT(text, HasSubstr(note.pick()));
      for (const ViewColumn& column : view.columns) {
        EXPECT_THAT(text, HasSubstr("| `" + column.name + "` | " + column.type + " | " +
                                    column.comment.pick()));
      }
    }
    for (const WorkedQuery& query : worked_queries()) EXPECT_THAT(text, HasSubstr(query.sql));
  }
  set_language(Language::ru);
  EXPECT_THAT(reference(), HasSubstr("| `won_by` | INTEGER | Кто был ответственным в момент "
                                     "выигрыша: v_manager.id. *Вычисляется.* |\n"));
}

// The views are those of the schema, whatever documents them.
TEST(ReferenceTest, TheProgramPrintsEveryView) {
  std::ifstream schema{B24_SOURCE_DIR "/daemon/store/views.sql"};
  std::vector<std::string> views;
  for (std::string line; std::getline(schema, line);) {
    constexpr std::string_view kBegins = "CREATE VIEW ";
    if (!line.starts_with(kBegins)) continue;
    line.erase(0, kBegins.size());
    views.push_back(line.substr(0, line.find(' ')));
  }
  ASSERT_GT(views.size(), 30U);
  Workplace workplace{{.deals = 0, .tasks = 0, .calls = 0, .limits = {.enabled = false}}};
  const Finished text = workplace.run({"schema"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  const auto list = nlohmann::json::parse(workplace.run({"schema", "--json"}).out);
  std::vector<std::string> listed;
  for (const nlohmann::json& entry : list) listed.push_back(entry["view"]);
  EXPECT_EQ(listed, views);
  const std::string pages = reference();
  for (const std::string& view : views) {
    EXPECT_THAT("\n" + text.out, HasSubstr("\n" + view + " — "));
    EXPECT_THAT(pages, HasSubstr("\n### " + view + "\n"));
  }
}

// As the program calls it everywhere else.
TEST(ReferenceTest, AColumnIsCalledByOneWord) {
  set_language(Language::ru);
  EXPECT_THAT(reference(), HasSubstr("\n| колонка | тип | что это |\n"));
  EXPECT_THAT(reference(), testing::Not(testing::ContainsRegex("[Сс]толб")));
}

TEST(ReferenceTest, NamesEveryFunction) {
  const std::string text = reference();
  for (const char* function : {"local_day(", "work_minutes(", "work_days(", "effective_deadline(",
                               "absent_through(", "is_manager(", "is_sales(", "is_test_deal(",
                               "is_test_task(", "talk_seconds(", "to_base("}) {
    EXPECT_THAT(text, HasSubstr(std::string{"| `"} + function)) << function;
  }
}

// Whatever is read is told: the list, its method, and the right it takes.
TEST(ReferenceTest, NamesEveryStream) {
  for (const Language language : {Language::ru, Language::en}) {
    set_language(language);
    const std::string text = reference();
    for (const EntitySpec& spec : specs()) {
      EXPECT_THAT(text,
                  HasSubstr(fmt::format("\n| {} | `{}`", list_name(spec.entity), spec.method)));
      EXPECT_NE(scope_of(spec.method), "") << spec.method;
    }
    for (const DetailSpec& detail : detail_specs()) {
      EXPECT_THAT(text, HasSubstr(fmt::format("\n| {} | `{}`", list_name(detail.detail),
                                              detail.rows.method)));
      EXPECT_NE(scope_of(detail.rows.method), "") << detail.rows.method;
    }
    for (const PresencePart part : kPresenceParts) {
      EXPECT_THAT(text, HasSubstr(fmt::format("\n| {} | `{}` | {}", part_name(part),
                                              method_of(part), scope_needed(part))));
      EXPECT_NE(scope_needed(part), "") << method_of(part);
    }
  }
  set_language(Language::ru);
  EXPECT_THAT(
      reference(),
      HasSubstr(
          "\n| звонки | `voximplant.statistic.get` | telephony | просмотр статистики звонков, всех "
          "сотрудников | новые по номеру; за последние 2 сут. – снова, по `CALL_START_DATE` | с "
          "каждым опросом, снова – раз в час | только сверка номеров: события об этом нет |\n"));
  EXPECT_THAT(reference(), HasSubstr("| сверка номеров, события, проверка (`crm.activity.get`) |"));
  EXPECT_THAT(reference(), HasSubstr("\n| оплаты | `sale.payment.list` | sale, необязательно | "
                                     "администратор |"));
  EXPECT_THAT(reference(), HasSubstr("\n- сотрудники: ID, ACTIVE, NAME,"));
}

// On a company as it may be, each of them has an answer.
TEST(ReferenceTest, WorkedQueriesAnswer) {
  Workplace workplace{{.managers = 6,
                       .deals = 300,
                       .tasks = 100,
                       .calls = 2000,
                       .leads = 80,
                       .activities = 300,
                       .days = 40,
                       .limits = {.enabled = false}}};
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  EXPECT_EQ(worked_queries().size(), 5U);
  for (const WorkedQuery& query : worked_queries()) {
    EXPECT_NE(query.title.ru, "");
    EXPECT_NE(query.title.en, "");
    EXPECT_TRUE(query.text.ru.ends_with('.')) << query.title.ru;
    EXPECT_TRUE(query.text.en.ends_with('.')) << query.title.ru;
    const nlohmann::json rows = workplace.query(query.sql);
    ASSERT_FALSE(rows.empty()) << query.title.ru;
    // A column that nobody fills would teach nothing.
    for (const auto& [column, value] : rows.front().items()) {
      const bool filled = std::any_of(rows.begin(), rows.end(), [&](const nlohmann::json& row) {
        return !row.at(column).is_null();
      });
      EXPECT_TRUE(filled) << query.title.ru << ": " << column;
    }
  }
}

TEST(ReferenceTest, TheProgramPrintsIt) {
  Workplace workplace{{.deals = 0, .tasks = 0, .calls = 0, .limits = {.enabled = false}}};
  set_language(Language::ru);
  const Finished done = workplace.run({"schema", "--reference"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, reference());
  const Finished both = workplace.run({"schema", "--reference", "--json"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_EQ(both.err,
            "b24watch: Ключи --json и --reference вместе не годятся: оставьте один из них.\n");
}

}  // namespace
}  // namespace b24
