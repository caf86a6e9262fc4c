#include "config/config.h"

namespace b24 {

CalendarSettings merged(const std::optional<CalendarSettings>& portal,
                        const CalendarOverrides& overrides, const std::string& portal_zone) {
  CalendarSettings result = portal.value_or(CalendarSettings{});
  if (overrides.zone) {
    result.zone = *overrides.zone;
  } else if (!portal_zone.empty()) {
    result.zone = portal_zone;
  }
  result.work_start = overrides.work_start.value_or(result.work_start);
  result.work_end = overrides.work_end.value_or(result.work_end);
  result.week_holidays = overrides.week_holidays.value_or(result.week_holidays);
  for (const Day day : overrides.extra_holidays) {
    result.extra_workdays.erase(day);
    result.extra_holidays.insert(day);
  }
  for (const Day day : overrides.extra_workdays) {
    result.extra_holidays.erase(day);
    result.extra_workdays.insert(day);
  }
  return result;
}

}  // namespace b24
