#include "daemon/store/link_table.h"

namespace b24 {
namespace {

constexpr const char* kInsertLinks =
    "INSERT INTO task_links (crm_type, crm_id, task_id) "
    "SELECT value ->> 0, value ->> 1, ?1 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING";
constexpr const char* kRemoveLinks = "DELETE FROM task_links WHERE task_id = ?";

}  // namespace

LinkTable::LinkTable(Connection& connection)
    : connection_(connection),
      insert_(&connection.statement(kInsertLinks)),
      remove_(&connection.statement(kRemoveLinks)) {}

void LinkTable::add(std::int64_t task_id, const Value& links) {
  if (std::holds_alternative<std::monostate>(links)) return;
  Run{connection_, *insert_, task_id, links}.exec();
}

void LinkTable::replace(std::int64_t task_id, const Value& links) {
  Run{connection_, *remove_, task_id}.exec();
  add(task_id, links);
}

}  // namespace b24
