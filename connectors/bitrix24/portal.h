#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "rules/calendar.h"

// What we must know of a portal before reading it: who we are there, what we may, its clock and its
// calendar. One batch.

namespace b24 {

struct PortalFacts {
  Way way = Way::webhook;    // how we came there
  std::int64_t user_id = 0;  // owner of the webhook, or who installed the application (profile)
  std::string user_name;     // his; may be empty
  bool admin = false;
  std::set<std::string> scopes;  // lower case
  std::optional<Time> portal_time;
  seconds portal_offset{0};
  std::string user_zone;  // of the webhook's owner; may be empty
  // From calendar.settings.get; nothing without the scope `calendar`, with the reason.
  std::optional<CalendarSettings> calendar;  // zone not set by the portal: left as the default
  std::string calendar_problem;
};

// Fails with `blocked`, `no_rights` or `unavailable`; the text says what to do.
Result<PortalFacts> read_portal_facts(Client& client, const std::stop_token& stop);

// When the given people are away, from the calendars of the portal: events with the accessibility
// "absent" that touch the days from `from` to `to` (portal docs: calendar-accessibility-get.md).
//
// Assumption, since the docs are silent: an event of whole days (DT_SKIP_TIME) names its last day,
// which belongs to it; other events end at their instant. One request for up to 2,500 people.
// no_rights without the scope `calendar`.
Result<std::vector<Absence>> read_absences(Client& client, const std::vector<std::int64_t>& users,
                                           Time from, Time to, seconds portal_offset,
                                           const std::stop_token& stop);

// The scopes that all mirrored entities and the telling need and that were not granted; "user" and
// "user_brief" serve as "user_basic" does.
std::vector<std::string> missing_scopes(const std::set<std::string>& granted);
// One sentence on missing scopes, with what each is for; empty when none is missing.
std::string about_scopes(const std::vector<std::string>& missing, Way way = Way::webhook);

}  // namespace b24
