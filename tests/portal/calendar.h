#pragma once

#include "rules/base/time.h"
#include "tests/portal/model.h"

// The portal's own calendar: Monday to Friday, 09:00 to 18:00 in its offset, without the holidays
// that calendar.settings.get names.

namespace b24::sim {

using LocalDay = std::chrono::sys_days;  // a date of the portal's clock

LocalDay local_day(Unix at, seconds offset);
Unix at_local(LocalDay day, minutes since_midnight, seconds offset);
bool is_workday(LocalDay day);

inline constexpr minutes kWorkStart{9 * 60};
inline constexpr minutes kWorkEnd{18 * 60};

}  // namespace b24::sim
