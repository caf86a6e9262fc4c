#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rules/base/time.h"

// Who is watched, and who stands above whom: the department tree of the portal, with the settings'
// corrections. Pure data; immutable after it is made.

namespace b24 {

struct Person {
  std::int64_t id = 0;
  std::string name;
  bool active = true;
  std::vector<std::int64_t> departments;
  std::optional<Time> hired_at;
  bool owns_deals = false;  // responsible for a deal of sales, open or closed
};

struct Department {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::int64_t> parent;
  std::optional<std::int64_t> head;  // UF_HEAD
};

// The `people:` section of the settings.
struct PeopleSettings {
  std::set<std::int64_t> departments{};  // watched with all below them; empty: found by itself
  std::set<std::int64_t> exclude{};      // users who are never watched
  std::map<std::int64_t, std::int64_t> heads{};  // department -> head, in place of UF_HEAD
  std::vector<std::int64_t> notify{};            // named recipients in place of the heads
  std::optional<std::int64_t> fallback{};        // told when nobody else can be found
};

class People {
 public:
  People() = default;
  People(std::vector<Person> persons, std::vector<Department> departments, PeopleSettings settings);

  // The manager set of the catalogue: active users of the configured departments and all below,
  // minus the heads of any department, minus `exclude`. With no departments configured: the same
  // among the users who are responsible for at least one deal.
  const std::set<std::int64_t>& managers() const;
  bool is_manager(std::int64_t user_id) const;

  const Person* find(std::int64_t user_id) const;
  // "Имя Фамилия", or "сотрудник 17" for an id the portal does not show (bots, integrators).
  std::string name(std::int64_t user_id) const;
  // The first of his departments that is watched, else the first of all.
  std::optional<std::int64_t> department(std::int64_t user_id) const;

  // The nearest head above a person: his department's, or the parent's if it has none, the head is
  // dismissed, not shown by the portal, or the person himself. Nothing at the top. Cycles and
  // missing parents in the tree end the walk.
  // `skip` are passed over.
  std::optional<std::int64_t> head(std::int64_t user_id,
                                   const std::set<std::int64_t>& skip = {}) const;

  // Whom an alert about this manager is told to: the settings' `notify` without the dismissed, else
  // the head, else the fallback (even if dismissed: a delivery that fails is seen, silence is not).
  // Whoever is in `away` is passed over for the head above him; if all are away, nobody is.
  // Empty only if there is nobody at all. Never twice the same.
  std::vector<std::int64_t> recipients(std::int64_t manager_id,
                                       const std::set<std::int64_t>& away = {}) const;
  // All who may be recipients: the heads, the named ones and the fallback.
  std::set<std::int64_t> possible_recipients() const;

 private:
  bool belongs(const Person& person) const;
  std::optional<std::int64_t> head_above(std::int64_t department, std::int64_t user_id,
                                         const std::set<std::int64_t>& skip) const;

  std::map<std::int64_t, Person> persons_;
  std::map<std::int64_t, Department> departments_;
  PeopleSettings settings_;
  std::set<std::int64_t> watched_;  // the configured departments and all below
  std::set<std::int64_t> managers_;
};

}  // namespace b24
