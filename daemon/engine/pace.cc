#include "daemon/engine/pace.h"

#include <algorithm>

namespace b24 {
namespace {

// Early birds, and the digest of the morning, find a fresh mirror.
constexpr hours kAround{1};

}  // namespace

seconds pace_at(const Pace& pace, const Calendar& calendar, Time now) {
  const Day day = calendar.day_of(now);
  const bool busy = calendar.is_workday(day) && now >= calendar.work_start(day) - kAround &&
                    now < calendar.work_end(day) + kAround;
  return busy ? pace.busy : std::max(pace.busy, pace.quiet);
}

}  // namespace b24
