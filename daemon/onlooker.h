#pragma once

#include <functional>

#include "config/config.h"
#include "daemon/app.h"
#include "daemon/engine/pace.h"

namespace b24 {

// Whoever watches it.
struct OnlookerEvents {
  std::function<void(const Progress&)> progress;
  std::function<void(seconds)> waiting;  // for the service, so long at most
};

// App::verify() while the service is at work on the same mirror: reads the portal and the file, and
// writes nothing. Between its two looks the service brings the mirror up to date; what that takes
// longer for than patience_at() stays undecided.
Result<VerifyReport> verify_beside_service(const Config& config, const VerifyOptions& wish,
                                           const OnlookerEvents& events, Clock& clock);

// Some polls at the pace in force, between a minute and a quarter of an hour.
seconds patience_at(const Pace& pace, const Calendar& calendar, Time now);

}  // namespace b24
