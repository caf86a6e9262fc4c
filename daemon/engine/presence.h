#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/errors.h"
#include "connectors/bitrix24/presence.h"
#include "rules/calendar.h"

// Where it comes from who is there and who is not. Each part has its scope, its time and its
// trouble; one that cannot be read spoils no other, and what it told before stays in force.

namespace b24 {

enum class PresencePart {
  calendar,  // absences, by the calendars: planned ones too
  leave,     // who is on leave now
  workday,   // whose working day is open
};
inline constexpr PresencePart kPresenceParts[] = {PresencePart::calendar, PresencePart::leave,
                                                  PresencePart::workday};

std::string_view name(PresencePart part);  // "calendar"
// "отпуска из календарей", "leave in the calendars": for people, in the language in force.
std::string_view part_name(PresencePart part);
std::string_view method_of(PresencePart part);
std::string_view scope_needed(PresencePart part);
// One sentence on a scope that was not granted.
std::string about_scope(PresencePart part, Way way);

// Why parts are not read; those that are, are not in it.
using PresenceTroubles = std::map<PresencePart, std::string>;

// Absences by what is known of leave: the portal tells of today alone, so what it told before is
// kept as the past. `asked` are the people who were asked, `on_leave` those among them who are.
//
// The date that the portal gives is the last day of the leave (portal docs: im-user-list-get.md, in
// Russian: "по какое число"). Who is on leave is so all day today, whatever date stands there; who
// is back is so from now on.
std::vector<Absence> with_leave(std::vector<Absence> known, const std::vector<std::int64_t>& asked,
                                const std::vector<Leave>& on_leave, Time now,
                                seconds portal_offset);

}  // namespace b24
