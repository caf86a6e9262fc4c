#pragma once

#include <optional>
#include <stop_token>

#include "connectors/bitrix24/client.h"

// What the docs leave open of working days and Open Lines, found out by asking: whether one may see
// the working day of another, and whether a session is found by the id that its activity names. One
// request.

namespace b24 {

struct SessionProbe {
  std::optional<Error> refused;  // why the messages of the newest session are not given
};
struct WorkdayProbe {
  std::optional<Error> refused;  // why the working day of the newest employee is not given
};

struct LinesProbe {
  std::optional<SessionProbe> session;  // nothing: no session, or the scope is missing
  std::optional<WorkdayProbe> workday;  // nothing: the scope is missing
};

// Fails as Client::batch does.
Result<LinesProbe> probe_lines(Client& client, const std::stop_token& stop);

}  // namespace b24
