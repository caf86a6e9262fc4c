#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/bitrix24/staff.h"

// Which department sells, and who heads it: a guess by names and by whose the newest deals are, for
// a person to confirm. Pure.

namespace b24 {

struct SalesTeam {
  std::int64_t department = 0;
  std::string name;
  bool named_sales = false;             // its name says so
  std::optional<Person> head;           // UF_HEAD, that of the department above if it has none
  std::vector<std::string> managers{};  // names; of it and all below, without heads
  std::int64_t owned = 0;               // newest deals and leads of its own members
};

// What a department would be as a team.
SalesTeam sales_team(const Staff& staff, const Department& department);

// All departments that could be meant, the likeliest first. What lies below a department whose name
// says sales belongs to that one and is left out.
std::vector<SalesTeam> sales_teams(const Staff& staff);

// How many of them, from the first, are to be proposed together: all that are called sales and own
// deals; if none owns any, all that are called so; else the one that owns the most. None: 0.
std::size_t likely_teams(const std::vector<SalesTeam>& teams);

}  // namespace b24
