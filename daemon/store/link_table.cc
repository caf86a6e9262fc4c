#include "daemon/store/link_table.h"

#include <charconv>

namespace b24 {
namespace {

constexpr const char* kInsertLink =
    "INSERT INTO task_links (crm_type, crm_id, task_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
constexpr const char* kRemoveLinks = "DELETE FROM task_links WHERE task_id = ?";

// The next number of a text like "[[2,5],[1,7]]", which loses all up to its end.
std::optional<std::int64_t> take_number(std::string_view& text) {
  const auto first = text.find_first_of("-0123456789");
  if (first == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const auto end = std::from_chars(text.data() + first, text.data() + text.size(), number).ptr;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

LinkTable::LinkTable(Connection& connection)
    : connection_(connection),
      insert_(&connection.statement(kInsertLink)),
      remove_(&connection.statement(kRemoveLinks)) {}

void LinkTable::add(std::int64_t task_id, const Value& links) {
  const auto* text = std::get_if<std::string>(&links);
  if (text == nullptr) return;
  std::string_view rest = *text;
  while (const auto type = take_number(rest)) {
    const auto id = take_number(rest);
    if (id) Run{connection_, *insert_, *type, *id, task_id}.exec();
  }
}

void LinkTable::replace(std::int64_t task_id, const Value& links) {
  Run{connection_, *remove_, task_id}.exec();
  add(task_id, links);
}

}  // namespace b24
