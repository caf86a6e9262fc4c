#include "daemon/engine/sales_team.h"

#include <algorithm>
#include <map>
#include <set>

namespace b24 {
namespace {

using DepartmentsById = std::map<std::int64_t, const Department*>;

bool says_sales(const std::string& name) {
  for (const char* word : {"продаж", "Продаж", "ПРОДАЖ", "sales", "Sales", "SALES"}) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

// The departments above, nearest first; a cycle or a missing one ends the walk.
std::vector<const Department*> above(const DepartmentsById& all, const Department& from) {
  std::vector<const Department*> chain;
  const Department* at = &from;
  while (at->parent) {
    const auto found = all.find(*at->parent);
    if (found == all.end() || found->second == &from ||
        std::find(chain.begin(), chain.end(), found->second) != chain.end()) {
      break;
    }
    at = found->second;
    chain.push_back(at);
  }
  return chain;
}

std::optional<Person> head_of(const DepartmentsById& all, const Department& department,
                              const People& people) {
  std::vector<const Department*> chain = above(all, department);
  chain.insert(chain.begin(), &department);
  for (const Department* at : chain) {
    // Only active people are among them.
    const Person* person = at->head ? people.find(*at->head) : nullptr;
    if (person != nullptr) return *person;
  }
  return std::nullopt;
}

std::int64_t owned_by_members(const Staff& staff, std::int64_t department) {
  std::int64_t owned = 0;
  for (const Person& person : staff.persons) {
    const auto found = staff.owned.find(person.id);
    const auto& in = person.departments;
    if (found != staff.owned.end() && std::find(in.begin(), in.end(), department) != in.end()) {
      owned += found->second;
    }
  }
  return owned;
}

DepartmentsById by_id(const Staff& staff) {
  DepartmentsById all;
  for (const Department& department : staff.departments) all[department.id] = &department;
  return all;
}

}  // namespace

SalesTeam sales_team(const Staff& staff, const Department& department) {
  const People people{staff.persons, staff.departments, {.departments = {department.id}}};
  SalesTeam team{.department = department.id,
                 .name = department.name,
                 .named_sales = says_sales(department.name),
                 .head = head_of(by_id(staff), department, people)};
  team.owned = owned_by_members(staff, department.id);
  for (const std::int64_t id : people.managers()) {
    team.managers.push_back(people.name(id));
    // A team called sales may have its people in the departments below.
    const auto found = staff.owned.find(id);
    const auto& in = people.find(id)->departments;
    const bool own = std::find(in.begin(), in.end(), department.id) != in.end();
    if (team.named_sales && !own && found != staff.owned.end()) team.owned += found->second;
  }
  return team;
}

std::vector<SalesTeam> sales_teams(const Staff& staff) {
  const DepartmentsById all = by_id(staff);
  std::vector<SalesTeam> teams;
  for (const Department& department : staff.departments) {
    const auto chain = above(all, department);
    const bool below_sales = std::any_of(chain.begin(), chain.end(),
                                         [](const Department* d) { return says_sales(d->name); });
    if (below_sales) continue;
    SalesTeam team = sales_team(staff, department);
    if (!team.managers.empty()) teams.push_back(std::move(team));
  }
  std::stable_sort(teams.begin(), teams.end(), [](const SalesTeam& a, const SalesTeam& b) {
    if (a.named_sales != b.named_sales) return a.named_sales;
    return a.owned > b.owned;
  });
  return teams;
}

std::size_t likely_teams(const std::vector<SalesTeam>& teams) {
  const auto count = [&](auto holds) {
    return static_cast<std::size_t>(std::count_if(teams.begin(), teams.end(), holds));
  };
  const std::size_t selling =
      count([](const SalesTeam& t) { return t.named_sales && t.owned > 0; });
  if (selling > 0) return selling;
  const std::size_t named = count([](const SalesTeam& t) { return t.named_sales; });
  if (named > 0) return named;
  return !teams.empty() && teams.front().owned > 0 ? 1 : 0;
}

}  // namespace b24
