#include "connectors/bitrix24/staff.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/list.h"
#include "connectors/say.h"

namespace b24 {
namespace {

constexpr int kLeads = 1;
constexpr int kDeals = 2;

// A row's value by its column.
Value cell_of(const EntitySpec& spec, const Record& record, std::string_view column) {
  for (std::size_t i = 0; i < spec.fields.size() && i < record.values.size(); ++i) {
    if (spec.fields[i].column == column) return record.values[i];
  }
  return {};
}

std::string words_of(const EntitySpec& spec, const Record& record, std::string_view column) {
  const Value value = cell_of(spec, record, column);
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? std::string{} : *text;
}

std::string full_name(const EntitySpec& spec, const Record& record) {
  const std::string first = words_of(spec, record, "first_name");
  const std::string last = words_of(spec, record, "last_name");
  std::string name = first + (first.empty() || last.empty() ? "" : " ") + last;
  return name.empty() ? say("сотрудник {}", "employee {}", record.id) : name;
}

void add_person(const Record& record, std::vector<Person>& persons) {
  const EntitySpec& users = spec(Entity::user);
  const std::string type = words_of(users, record, "user_type");
  const bool dismissed = as_integer(cell_of(users, record, "active")) == 0;
  if (dismissed || (!type.empty() && type != "employee")) return;
  Person& person = persons.emplace_back();
  person.id = record.id;
  person.name = full_name(users, record);
  const auto ids = nlohmann::json::parse(words_of(users, record, "departments"), nullptr, false);
  if (!ids.is_array()) return;
  for (const auto& id : ids) {
    if (id.is_number_integer()) person.departments.push_back(id.get<std::int64_t>());
  }
}

void add_department(const Record& record, std::vector<Department>& departments) {
  const EntitySpec& s = spec(Entity::department);
  Department& department = departments.emplace_back();
  department.id = record.id;
  department.name = words_of(s, record, "name");
  const auto id_in = [&](std::string_view column) {
    const auto id = as_integer(cell_of(s, record, column));
    return id && *id > 0 ? id : std::nullopt;
  };
  department.parent = id_in("parent_id");
  department.head = id_in("head_id");
}

// Pages by offset, each of which the portal counts; or the newest page alone, without counting.
std::vector<Command> newest_cards(bool counted) {
  const auto page = static_cast<std::int64_t>(kPageRows);
  std::vector<Command> commands;
  for (const int type : {kDeals, kLeads}) {
    for (std::int64_t start = counted ? 0 : -1; start < (counted ? kNewestLooked : 0);
         start += page) {
      const Params params = {{"entityTypeId", type},
                             {"select", {"id", "assignedById"}},
                             {"order", {{"id", "DESC"}}},
                             {"start", start}};
      commands.push_back({fmt::format("n{}", commands.size()), "crm.item.list", to_query(params)});
    }
  }
  return commands;
}

// A list that is refused (leads are switched off) says nothing, and spoils nothing.
void count_owners(const CommandAnswer& answer, std::map<std::int64_t, std::int64_t>& owned) {
  if (!answer.result) return;
  const auto json = nlohmann::json::parse(*answer.result, nullptr, false);
  if (!json.is_object() || !json.contains("items") || !json["items"].is_array()) return;
  for (const auto& item : json["items"]) {
    const auto owner = item.is_object() ? item.find("assignedById") : item.end();
    if (item.is_object() && owner != item.end() && owner->is_number_integer()) {
      ++owned[owner->get<std::int64_t>()];
    }
  }
}

}  // namespace

Result<Staff> read_staff(Client& client, seconds portal_offset, const std::stop_token& stop) {
  Staff staff;
  ListReader lists{
      client, {{.entity = Entity::user}, {.entity = Entity::department}}, portal_offset};
  while (!lists.done()) {
    const auto answer = lists.next(stop);
    if (!answer) return answer.error();
    for (const ListPart& part : answer->parts) {
      if (part.failed) return *part.failed;
      for (const Record& record : part.records) {
        if (part.entity == Entity::user) add_person(record, staff.persons);
        if (part.entity == Entity::department) add_department(record, staff.departments);
      }
    }
  }
  auto newest = client.batch(newest_cards(true), stop);
  if (!newest && newest.error().kind == ErrorKind::unavailable) {
    newest = client.batch(newest_cards(false), stop);
  }
  if (!newest) return newest.error();
  for (const CommandAnswer& answer : newest->commands) count_owners(answer, staff.owned);
  for (Person& person : staff.persons) person.owns_deals = staff.owned.contains(person.id);
  return staff;
}

}  // namespace b24
