#include "daemon/cli/reference.h"

#include <fmt/format.h>

#include "cli_sql.h"
#include "daemon/cli/reference_streams.h"
#include "daemon/store/store.h"

namespace b24 {
namespace {

constexpr std::string_view kHeading = "--# ";
constexpr std::string_view kAnswer = "--: ";
constexpr std::string_view kBar = " | ";

struct Function {
  std::string_view call;
  std::string_view ru;
  std::string_view en;
};

// store.h, class Reader.
constexpr Function kReferenceFunctions[] = {
    {"local_day(t)", "день по местному времени: '2026-11-21'", "the local day: '2026-11-21'"},
    {"work_minutes(a, b)", "рабочих минут от a до b", "working minutes from a to b"},
    {"work_days(a, b)", "рабочих дней от a до b, с долями", "work days from a to b, with parts"},
    {"effective_deadline(t)", "срок без времени суток – до конца рабочего дня",
     "a deadline without a time of day lasts till the evening"},
    {"absent_through(manager_id, a, b)", "1, если сотрудника не было всё это время",
     "1 when the employee was away all that time"},
    {"is_manager(id)", "1, если за сотрудником следят (раздел `people` настроек)",
     "1 when the employee is watched (`people` of the settings)"},
    {"is_sales(pipeline_id)", "1, если это воронка продаж (`scope.pipelines`)",
     "1 for a pipeline of sales (`scope.pipelines`)"},
    {"is_test_deal(title, type_id)", "1, если сделка пробная (`scope`)",
     "1 for a deal made to try something out (`scope`)"},
    {"is_test_task(title, group_id)", "1, если задача пробная (`scope`)",
     "1 for a task made to try something out (`scope`)"},
    {"talk_seconds(duration_seconds, line)", "секунды разговора без поправки линии (`scope`)",
     "seconds of talk without what the line adds (`scope`)"},
    {"to_base(amount_minor, rate, nominal)",
     "сотые доли базовой валюты по курсу и номиналу из `v_currency`; курса нет – пусто",
     "hundredths of the base currency by a rate and nominal of `v_currency`; empty without a rate"},
};

constexpr std::string_view kIntroductionRu = R"(# Виды b24watch: справочник аналитика

Вид – это таблица, которую читают запросом SELECT: в показателях, в условиях правил и в команде
`sudo b24watch query "SELECT …"`. Программа ведёт эти данные сама, портал при запросе не нужен.
Этот справочник печатает `b24watch schema --reference`.

Что нужно знать:

- Время – целое число, секунды UTC. День по местному времени даёт `local_day(t)`; сутки – это
  86400. «Сейчас» в запросах и правилах – `:now`.
- Признаки – 1 и 0. «Пусто» – NULL: `IS NULL`, а не `= NULL`.
- Сотрудник везде – номер, имя по нему в `v_manager`.
- Удалённого и скрытого от пользователя вебхука в видах нет, кроме тех, по которым считают прошедшие
  периоды: `v_deal_won`, `v_receipt`, `v_done`, `v_call_log`, `v_lead_log`, `v_missed_call`, переносы
  сроков. Что скрыто, перечисляет `v_hidden`.
- Колонки с пометкой «вычисляется» выведены из других таблиц. Запрос, где такая колонка не названа,
  за неё не платит и её данных не ждёт.
- Журнал изменений программа ведёт с первого запуска и хранит 400 дней. Что было раньше, видно
  лишь там, где это помнит портал: в истории стадий.
- Дела и задачи, которые завёл владелец вебхука для других, работой менеджера не считаются: ни
  шагом, ни касанием. Поэтому вебхук лучше создать от имени служебного сотрудника.
- `5/2` – это 2: пишите `5.0/2`. `lower`, `upper` и `LIKE` понимают русские буквы.
)";

constexpr std::string_view kIntroductionEn = R"(# The views of b24watch: the analyst's reference

A view is a table that is read by SELECT: in metrics, in conditions of rules and in the command
`sudo b24watch query "SELECT …"`. The program keeps these data itself; the portal is not asked.
This reference is printed by `b24watch schema --reference`.

What to know:

- A time is a whole number, UTC seconds. `local_day(t)` gives the local day; a day is 86400. "Now"
  is `:now`, in queries and in rules.
- Flags are 1 and 0. "None" is NULL: `IS NULL`, not `= NULL`.
- An employee is an id everywhere; `v_manager` has the name.
- What was deleted, or is hidden from the webhook's user, is in no view but those that past periods
  are counted by: `v_deal_won`, `v_receipt`, `v_done`, `v_call_log`, `v_lead_log`, `v_missed_call`,
  and moved deadlines. `v_hidden` lists what is hidden.
- Columns marked "derived" follow from other tables. A query that does not name such a column
  neither pays for it nor waits for its data.
- The change log begins with the first start and is kept for 400 days. Of the time before only the
  portal's own history of stages tells.
- Activities and tasks that the webhook's owner made for others are no manager's work: neither a
  step nor a touch. So the webhook should belong to a service employee.
- `5/2` is 2: write `5.0/2`.
)";

std::string_view take_until(std::string_view& text, std::string_view border) {
  const auto at = text.find(border);
  const auto part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + border.size());
  return part;
}

Text both_languages(std::string_view line) {
  const std::string ru{take_until(line, kBar)};
  return {ru, std::string{line}};
}

std::vector<WorkedQuery> read_queries(std::string_view file) {
  std::vector<WorkedQuery> queries;
  while (!file.empty()) {
    const std::string_view line = take_until(file, "\n");
    if (line.starts_with(kHeading)) {
      queries.push_back({both_languages(line.substr(kHeading.size())), {}, {}});
    } else if (queries.empty()) {
      continue;  // the heading comment of the file
    } else if (line.starts_with(kAnswer)) {
      queries.back().text = both_languages(line.substr(kAnswer.size()));
    } else if (!line.empty()) {
      queries.back().sql += (queries.back().sql.empty() ? "" : "\n") + std::string{line};
    }
  }
  return queries;
}

// A bar would begin another cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

std::string view_section(const ViewInfo& view) {
  std::string out = fmt::format("\n### {}\n\n{}.\n\n", view.name, view.comment.pick());
  for (const Text& note : view.notes) out += fmt::format("{}\n\n", note.pick());
  out += tr("| колонка | тип | что это |\n|---|---|---|\n",
            "| column | type | what it is |\n|---|---|---|\n");
  for (const ViewColumn& column : view.columns) {
    const std::string_view mark = column.derived ? tr(" *Вычисляется.*", " *Derived.*") : "";
    const std::string_view stop = column.derived ? "." : "";
    out += fmt::format("| `{}` | {} | {}{}{} |\n", column.name, column.type,
                       cell(column.comment.pick()), stop, mark);
  }
  return out;
}

std::string functions_section() {
  std::string out{
      tr("\n## Функции\n\nВдобавок к функциям SQLite:\n\n| функция | что даёт |\n|---|---|\n",
         "\n## Functions\n\nBesides SQLite's own:\n\n| function | gives |\n|---|---|\n")};
  for (const Function& function : kReferenceFunctions) {
    out += fmt::format("| `{}` | {} |\n", function.call, tr(function.ru, function.en));
  }
  return out;
}

}  // namespace

const std::vector<WorkedQuery>& worked_queries() {
  static const std::vector<WorkedQuery> queries = read_queries(embedded::daemon_cli_queries_sql);
  return queries;
}

std::string reference() {
  std::string out{tr(kIntroductionRu, kIntroductionEn)};
  out += tr("\n## Виды\n", "\n## Views\n");
  for (const ViewInfo& view : view_infos()) out += view_section(view);
  out += functions_section();
  out += streams_section();
  out += tr("\n## Запросы с разбором\n", "\n## Worked queries\n");
  for (const WorkedQuery& query : worked_queries()) {
    out += fmt::format("\n### {}\n\n{}\n\n```sql\n{}\n```\n", query.title.pick(), query.text.pick(),
                       query.sql);
  }
  return out;
}

}  // namespace b24
