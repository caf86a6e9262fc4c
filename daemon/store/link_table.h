#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/store/connection.h"

namespace b24 {

inline constexpr std::string_view kTaskLinks = "task_links";
// Rows that belong to users, beside the table of users.
inline constexpr std::string_view kWorkdays = "workdays";
inline constexpr std::string_view kWorkdayRules = "workday_rules";

// What tasks are linked to in the CRM, pair by pair, so that an object's tasks can be looked up.
// Works inside the caller's transaction.
class LinkTable {
 public:
  explicit LinkTable(Connection& connection);

  // `links` as the mirror keeps them: "[[2,5],[1,7]]", or NULL. Of a task that has none yet.
  void add(std::int64_t task_id, const Value& links);
  void replace(std::int64_t task_id, const Value& links);

 private:
  Connection& connection_;
  SQLite::Statement* insert_;
  SQLite::Statement* remove_;
};

}  // namespace b24
