#pragma once

#include <functional>

#include "config/config.h"
#include "daemon/app.h"

namespace b24 {

// App::verify() while the service is at work on the same mirror: reads the portal and the file, and
// writes nothing. Between its two looks the service brings the mirror up to date; what that takes
// longer for than some polls stays undecided.
Result<VerifyReport> verify_beside_service(const Config& config, const VerifyOptions& wish,
                                           const std::function<void(const Progress&)>& progress,
                                           Clock& clock);

}  // namespace b24
