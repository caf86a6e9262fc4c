#pragma once

#include <optional>

#include "daemon/store/store.h"
#include "rules/base/result.h"

// When a notice that could not be delivered is tried again.

namespace b24 {

// No pause is longer, so a time to try again that lies further ahead was set by a wrong clock.
inline constexpr seconds kLongestPause{3600};

struct Retry {
  Failure failure = Failure::unanswered;
  std::optional<seconds> pause;  // nothing: it is given up
};

// After one more failure. What passes by itself is tried for ever, at ever longer pauses; so,
// slowly, is what the webhook has no right to: the scope may be given on Monday. A notice that the
// portal refuses as such is tried for a day.
Retry retry_after(ErrorKind kind, const OutboxEntry& before);

}  // namespace b24
