#pragma once

#include <string_view>

#include "tests/portal/faults.h"
#include "tests/portal/php.h"

// How a portal may behave where its docs are silent (start=-1, offsets in filters), by what it then
// makes of the parameters of a list.

namespace b24::sim {

inline constexpr FaultKind kQuirks[] = {FaultKind::start_counts, FaultKind::start_empties,
                                        FaultKind::offset_ignored, FaultKind::since_ignored,
                                        FaultKind::since_blind};

// The parameters as a portal with the quirk takes them.
Json with_quirk(FaultKind kind, const Json& params, seconds portal_offset);

}  // namespace b24::sim
