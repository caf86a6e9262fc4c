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

// How long hints are gathered before the portal is asked: a second, so that a lone one is followed
// at once. While they leave no rest between the looks, twice as long again and again, until a storm
// that lasts costs no more looks than the polls (or one in five minutes); back by halves where they
// come some in a minute. A poll that no hint has come before begins anew. Not thread-safe.
class Gathering {
 public:
  // For hints that came `rest` after the last look, beside polls every `pace`.
  milliseconds after(milliseconds rest, seconds pace);

 private:
  milliseconds last_{1000};
  int quick_ = 0;  // looks in a row that were not put off
};

}  // namespace b24
