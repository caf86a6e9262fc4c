#include "rules/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "rules/base/language.h"

namespace b24 {
namespace {

using Departments = std::map<std::int64_t, Department>;

// The department and those above it, nearest first. A portal may hold a cycle or name a parent
// that does not exist: the walk ends there.
std::vector<std::int64_t> chain_up(const Departments& departments, std::int64_t id) {
  std::vector<std::int64_t> chain;
  auto found = departments.find(id);
  while (found != departments.end() &&
         std::find(chain.begin(), chain.end(), found->first) == chain.end()) {
    chain.push_back(found->first);
    if (!found->second.parent) break;
    found = departments.find(*found->second.parent);
  }
  return chain;
}

// The named departments with everything below them.
std::set<std::int64_t> with_descendants(const Departments& departments,
                                        const std::set<std::int64_t>& roots) {
  std::set<std::int64_t> inside = roots;
  for (const auto& [id, department] : departments) {
    for (const std::int64_t above : chain_up(departments, id)) {
      if (roots.contains(above)) inside.insert(id);
    }
  }
  return inside;
}

void add_once(std::vector<std::int64_t>& ids, std::int64_t id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

}  // namespace

People::People(std::vector<Person> persons, std::vector<Department> departments,
               PeopleSettings settings)
    : settings_(std::move(settings)) {
  for (Person& person : persons) {
    const std::int64_t id = person.id;
    persons_.insert_or_assign(id, std::move(person));
  }
  for (Department& department : departments) {
    const std::int64_t id = department.id;
    if (const auto ours = settings_.heads.find(id); ours != settings_.heads.end()) {
      department.head = ours->second;
    }
    departments_.insert_or_assign(id, std::move(department));
  }
  watched_ = with_descendants(departments_, settings_.departments);
  std::set<std::int64_t> heads;
  for (const auto& [id, department] : departments_) {
    if (department.head) heads.insert(*department.head);
  }
  for (const auto& [id, person] : persons_) {
    if (person.active && !heads.contains(id) && !settings_.exclude.contains(id) &&
        belongs(person)) {
      managers_.insert(id);
    }
  }
}

bool People::belongs(const Person& person) const {
  if (settings_.departments.empty()) return person.owns_deals;
  return std::any_of(person.departments.begin(), person.departments.end(),
                     [this](std::int64_t id) { return watched_.contains(id); });
}

const std::set<std::int64_t>& People::managers() const { return managers_; }

bool People::is_manager(std::int64_t user_id) const { return managers_.contains(user_id); }

const Person* People::find(std::int64_t user_id) const {
  const auto found = persons_.find(user_id);
  return found == persons_.end() ? nullptr : &found->second;
}

std::string People::name(std::int64_t user_id) const {
  const Person* person = find(user_id);
  if (person != nullptr && !person->name.empty()) return person->name;
  return fmt::format(fmt::runtime(tr("сотрудник {}", "employee {}")), user_id);
}

std::optional<std::int64_t> People::department(std::int64_t user_id) const {
  const Person* person = find(user_id);
  if (person == nullptr || person->departments.empty()) return std::nullopt;
  for (const std::int64_t id : person->departments) {
    if (watched_.contains(id)) return id;
  }
  return person->departments.front();
}

std::optional<std::int64_t> People::head_above(std::int64_t department, std::int64_t user_id,
                                               const std::set<std::int64_t>& skip) const {
  for (const std::int64_t id : chain_up(departments_, department)) {
    const auto head = departments_.at(id).head;
    if (!head || *head == user_id || skip.contains(*head)) continue;
    const Person* person = find(*head);
    if (person != nullptr && person->active) return head;
  }
  return std::nullopt;
}

std::optional<std::int64_t> People::head(std::int64_t user_id,
                                         const std::set<std::int64_t>& skip) const {
  const auto first = department(user_id);
  if (!first) return std::nullopt;
  if (const auto found = head_above(*first, user_id, skip)) return found;
  for (const std::int64_t id : find(user_id)->departments) {
    if (const auto found = head_above(id, user_id, skip)) return found;
  }
  return std::nullopt;
}

std::vector<std::int64_t> People::recipients(std::int64_t manager_id,
                                             const std::set<std::int64_t>& away) const {
  std::vector<std::int64_t> named;
  for (const std::int64_t id : settings_.notify) {
    const Person* person = find(id);
    if (person == nullptr || person->active) add_once(named, id);
  }
  std::vector<std::int64_t> here;
  std::copy_if(named.begin(), named.end(), std::back_inserter(here),
               [&away](std::int64_t id) { return !away.contains(id); });
  if (!here.empty()) return here;
  if (!named.empty()) return named;
  if (const auto above = head(manager_id, away)) return {*above};
  if (const auto above = head(manager_id)) return {*above};
  if (settings_.fallback) return {*settings_.fallback};
  return {};
}

std::set<std::int64_t> People::possible_recipients() const {
  std::set<std::int64_t> ids(settings_.notify.begin(), settings_.notify.end());
  for (const auto& [id, department] : departments_) {
    if (department.head) ids.insert(*department.head);
  }
  if (settings_.fallback) ids.insert(*settings_.fallback);
  return ids;
}

}  // namespace b24
