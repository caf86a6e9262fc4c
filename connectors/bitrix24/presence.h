#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/client.h"

// Who is on leave now and whose working day is open: of everybody in as few requests as the portal
// allows (portal docs: im-user-list-get.md, timeman-status.md, timeman-settings.md). Absences that
// are planned come from calendars, see portal.h.
//
// Assumption: "any user" may ask for another's working day. The docs name a right for changing it
// alone; who is refused is left out.

namespace b24 {

inline constexpr const char* kLeaveMethod = "im.user.list.get";
inline constexpr const char* kWorkdayMethod = "timeman.status";
inline constexpr const char* kWorkdayRulesMethod = "timeman.settings";

struct Leave {
  std::int64_t user_id = 0;
  std::optional<Time> until;  // some instant of its last day; nothing: the portal names none
};

enum class WorkdayStatus { opened, paused, closed, expired };
// "opened", ...: as in the mirror.
std::string_view name(WorkdayStatus status);

// Somebody's latest working day. `expired`: it was opened on an earlier day and never closed.
struct Workday {
  std::int64_t user_id = 0;
  std::string day;           // "2026-11-21", where it was opened
  std::string opened_clock;  // "09:05", likewise
  WorkdayStatus status = WorkdayStatus::opened;
  Time opened_at;
  std::optional<Time> closed_at;
  std::int64_t break_seconds = 0;
  bool confirmed = true;  // off: a change of it waits for the head's consent
};

// How somebody's working time is kept.
struct WorkdayRules {
  std::int64_t user_id = 0;
  bool tracked = false;         // off: he has no working days
  bool flexible = false;        // on: the bounds below do not bind him
  std::string latest_start;     // "09:15"; empty when there is none
  std::string earliest_finish;  // likewise
};

struct Presence {
  std::vector<Leave> on_leave;
  std::optional<Error> leave_problem;  // then nobody is known to be on leave or not
  std::vector<Workday> workdays;
  std::vector<WorkdayRules> rules;
  // Some could not be told for the moment, or none at all. Who alone is refused is left out.
  std::optional<Error> workday_problem;
};

// Whom to ask for what; any of them may be empty.
struct PresenceQuestions {
  std::vector<std::int64_t> leave;
  std::vector<std::int64_t> workdays;
  std::vector<std::int64_t> rules;
};

// One command for the leave of 500 people, one for each day or rules; fifty commands a request.
// Fails as Client::batch does.
Result<Presence> read_presence(Client& client, const PresenceQuestions& ask,
                               const std::stop_token& stop);

}  // namespace b24
