#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "config/load.h"
#include "tests/store/store_fixture.h"

// A small sales department as rows of the mirror: head 1, managers 11, 12 and 13; a Thursday
// afternoon in Moscow.

namespace b24 {

inline const Time kThursday = parse_time("2026-11-19T15:30:00+03:00").value();

inline std::vector<Record> people_rows() {
  std::vector<Record> rows;
  const std::pair<std::int64_t, const char*> names[] = {
      {1, "Анна"}, {11, "Иван"}, {12, "Пётр"}, {13, "Сидор"}};
  for (const auto& [id, name] : names) {
    rows.push_back(record(Entity::user, id,
                          {{"active", integer(1)},
                           {"first_name", text(name)},
                           {"departments", text("[5]")},
                           {"registered_at", integer(to_unix(kThursday - days{400}))}}));
  }
  return rows;
}

inline std::vector<Record> department_rows() {
  return {record(Entity::department, 5, {{"name", text("Продажи")}, {"head_id", integer(1)}})};
}

// A task, `late` past its deadline; status 2 waits, 5 is done.
inline Record task_row(std::int64_t id, std::int64_t manager, seconds late, int status = 2,
                       Time changed_at = kThursday - days{10}) {
  return record(Entity::task, id,
                {{"title", text(fmt::format("Задача {}", id))},
                 {"status", integer(status)},
                 {"manager_id", integer(manager)},
                 {"creator_id", integer(manager)},
                 {"deadline_at", integer(to_unix(kThursday - late))},
                 {"created_at", integer(to_unix(kThursday - days{20}))},
                 {"changed_at", integer(to_unix(changed_at))}});
}

// An open deal that came to its stage so long ago.
inline Record deal_row(std::int64_t id, std::int64_t manager, seconds on_stage) {
  return record(Entity::deal, id,
                {{"title", text(fmt::format("Сделка {}", id))},
                 {"pipeline_id", integer(0)},
                 {"stage_id", text("NEW")},
                 {"semantic", text("P")},
                 {"closed", integer(0)},
                 {"amount_minor", integer(100'000)},
                 {"currency", text("RUB")},
                 {"manager_id", integer(manager)},
                 {"created_at", integer(to_unix(kThursday - on_stage))},
                 {"updated_at", integer(to_unix(kThursday - on_stage))},
                 {"moved_at", integer(to_unix(kThursday - on_stage))},
                 {"recurring", integer(0)}});
}

// A minute's outgoing talk.
inline Record call_row(std::int64_t id, std::int64_t manager, Time started_at) {
  return record(Entity::call, id,
                {{"call_id", text(fmt::format("call.{}", id))},
                 {"type", integer(1)},
                 {"code", text("200")},
                 {"duration_seconds", integer(60)},
                 {"started_at", integer(to_unix(started_at))},
                 {"manager_id", integer(manager)},
                 {"phone", text("+79990000000")}});
}

// Rules whose verdicts can be counted by hand, told without a wait. `wrong` has an SQL error.
inline constexpr const char* kCountedRules = R"(version: 1
metrics:
  tasks_open:
    title: Открытые задачи
    kind: state
    sql: |
      SELECT manager_id, count(*) AS value FROM v_task WHERE status IN (2, 3) GROUP BY manager_id
    objects:
      entity: task
      sql: |
        SELECT manager_id, id, title FROM v_task WHERE status IN (2, 3) ORDER BY manager_id, id
rules:
  - id: many_tasks
    name: Много задач
    metric: tasks_open
    by: manager
    above: 2
    group: {by: manager, wait: 0 seconds, max_items: 7}
    text: "{manager}: задач {value|number}"
    resolved: "{manager}: задачи разобраны"
  - id: old_deals
    name: Старые сделки
    each: deal
    where: closed = 0
    since: stage_since
    longer_than: 14 days
    group: {by: manager, wait: 0 seconds, max_items: 7}
    text: "{manager}: сделок {count}"
    resolved: "{manager}: сделки сдвинуты"
)";

inline constexpr const char* kWrongRule = R"(version: 1
metrics:
  wrong:
    title: Ошибка
    kind: state
    sql: |
      SELECT manager_id, count(*) AS value
      FROM v_deal WHERE ammount > 5
      GROUP BY manager_id
rules:
  - id: wrong
    name: Ошибка
    metric: wrong
    by: manager
    above: 1
    text: "{manager}"
    resolved: "{manager}"
)";

inline RuleSet rules_of(const std::string& yaml) {
  LoadedRules loaded = load_rules_text("own.yaml", yaml);
  if (has_errors(loaded.problems)) throw std::logic_error{format_line(loaded.problems.front())};
  return std::move(loaded.rules);
}

}  // namespace b24
