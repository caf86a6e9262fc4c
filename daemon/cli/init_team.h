#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/cli/commands.h"
#include "daemon/engine/sales_team.h"

// The part of `init` that finds out whom to watch and whom to tell.

namespace b24 {

struct ChosenTeams {
  std::set<std::int64_t> departments{};          // empty: everybody with deals
  std::map<std::int64_t, std::int64_t> heads{};  // where the portal's are not wanted
  std::vector<SalesTeam> teams{};                // what was chosen
};

// "«Отдел продаж» (id 5): руководитель – …; сотрудников: 4 (…)"; brief without the people.
enum class Length { full, brief };
std::string team_line(const SalesTeam& team, Length length);

enum class Asking { person, nobody };

// Asks a person, or takes the arguments and the likeliest. invalid_input: an id that the portal
// does not know, a head without a department, or the person went away.
Result<ChosenTeams> choose_teams(const Staff& staff, const InitArguments& arguments, Asking asking);

}  // namespace b24
