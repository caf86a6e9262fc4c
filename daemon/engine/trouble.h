#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "connectors/bitrix24/errors.h"
#include "rules/base/entity.h"
#include "rules/calendar.h"

// What the administrator is told of the portal itself. BB code; times in the calendar's zone.

namespace b24 {

// Lists that have not been read for so long are worth a message.
inline constexpr seconds kOutageWorthTelling{3600};

std::string outage_text(const std::set<Entity>& lists, Time since, const std::string& why,
                        const Calendar& calendar);
std::string outage_over_text(const std::set<Entity>& lists, Time since, Time until,
                             const Calendar& calendar);
// So many rows of each list are hidden from the webhook's user: "сделки – 50, задачи – 12"; and the
// messages about it.
std::string hidden_rows_text(const std::map<Entity, std::int64_t>& rows);
std::string hidden_text(const std::map<Entity, std::int64_t>& rows, Way way = Way::webhook);
std::string hidden_over_text(const std::map<Entity, std::int64_t>& rows, Way way = Way::webhook);
// From whom: "пользователю вебхука", "the webhook's user".
std::string_view hidden_from(Way way);
// The portal no longer shows so many of the newest rows.
std::string portal_restored_text(const std::map<Entity, std::int64_t>& gone);

}  // namespace b24
