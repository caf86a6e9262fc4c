#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "connectors/bitrix24/portal.h"
#include "daemon/engine/judge.h"
#include "daemon/store/store.h"

// What rules need to know besides rows: the calendar, the absences and the people.

namespace b24 {

// The zone a portal lives in, as far as it tells: its administrator's, if the system knows it,
// else one with the offset of its clock.
std::string portal_zone(const PortalFacts& facts);

// The portal's calendar as far as it is known, with the settings' corrections. Fails with
// invalid_input for a zone nobody knows.
Result<Calendar> calendar_of(const std::optional<PortalFacts>& facts,
                             const CalendarOverrides& overrides);

// As the mirror and the settings give them. Fails with invalid_input for a zone nobody knows.
Result<Surroundings> read_surroundings(Reader& reader, const Config& config,
                                       const std::optional<PortalFacts>& facts);

}  // namespace b24
