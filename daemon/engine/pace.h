#pragma once

#include "rules/calendar.h"

namespace b24 {

// How often the portal is asked what has changed: `busy` while people work, from an hour before the
// working hours to an hour after them; `quiet` at night and on days off, where that is longer.
struct Pace {
  seconds busy{30};
  seconds quiet{30};
};
seconds pace_at(const Pace& pace, const Calendar& calendar, Time now);

}  // namespace b24
