#include "daemon/engine/pace.h"

#include <algorithm>

namespace b24 {
namespace {

// Early birds, and the digest of the morning, find a fresh mirror.
constexpr hours kAround{1};

constexpr milliseconds kShortest{1000};
constexpr minutes kLongest{5};  // an alert may wait for the look that confirms it
constexpr int kQuickLooks = 2;  // in a row: somebody is at work on a card
constexpr seconds kRest{4};     // without hints after a look: no storm

}  // namespace

seconds pace_at(const Pace& pace, const Calendar& calendar, Time now) {
  const Day day = calendar.day_of(now);
  const bool busy = calendar.is_workday(day) && now >= calendar.work_start(day) - kAround &&
                    now < calendar.work_end(day) + kAround;
  return busy ? pace.busy : std::max(pace.busy, pace.quiet);
}

milliseconds Gathering::after(milliseconds rest, seconds pace) {
  if (rest >= kRest) {
    last_ = std::max<milliseconds>(last_ / 2, kShortest);
    quick_ = 0;
  } else if (quick_ < kQuickLooks) {
    ++quick_;
  } else {
    last_ *= 2;
  }
  last_ = std::min<milliseconds>({last_, pace, kLongest});
  return last_;
}

}  // namespace b24
