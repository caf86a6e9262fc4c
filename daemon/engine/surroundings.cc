#include "daemon/engine/surroundings.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "daemon/engine/kept.h"

namespace b24 {

namespace {

// Offsets that no Etc/GMT zone has, or that have a name people know; none of them changes its
// clocks.
constexpr std::pair<minutes, std::string_view> kZones[] = {
    {hours{0}, "Etc/UTC"},
    {hours{3}, "Europe/Moscow"},
    {minutes{210}, "Asia/Tehran"},
    {minutes{270}, "Asia/Kabul"},
    {minutes{330}, "Asia/Kolkata"},
    {minutes{345}, "Asia/Kathmandu"},
    {minutes{390}, "Asia/Yangon"},
    {minutes{570}, "Australia/Darwin"},
    {minutes{-570}, "Pacific/Marquesas"},
};

}  // namespace

std::string portal_zone(const PortalFacts& facts) {
  if (is_known_zone(facts.user_zone)) return facts.user_zone;
  for (const auto& [offset, zone] : kZones) {
    if (offset == facts.portal_offset) return std::string(zone);
  }
  // POSIX signs: Etc/GMT-5 is five hours east of Greenwich.
  return fmt::format("Etc/GMT{:+}",
                     -std::chrono::duration_cast<hours>(facts.portal_offset).count());
}

Result<Calendar> calendar_of(const std::optional<PortalFacts>& facts,
                             const CalendarOverrides& overrides) {
  std::optional<CalendarSettings> portal_calendar;
  if (facts) portal_calendar = facts->calendar;
  const std::string zone = facts ? portal_zone(*facts) : std::string{};
  return Calendar::make(merged(portal_calendar, overrides, zone));
}

Result<Surroundings> read_surroundings(Reader& reader, const Config& config,
                                       const std::optional<PortalFacts>& facts) {
  auto calendar = calendar_of(facts, config.calendar);
  if (!calendar) return calendar.error();
  std::vector<Absence> absences;
  for (const PresencePart part : kAbsenceParts) {
    const auto kept = kept_absences(reader, part);
    if (kept) absences.insert(absences.end(), kept->absences.begin(), kept->absences.end());
  }
  for (const AbsenceDays& away : config.absences) {
    absences.push_back(
        {away.user_id, calendar->start_of(away.from), calendar->start_of(away.to + days{1})});
  }
  PeopleSettings people = config.people;
  if (!people.fallback && facts) people.fallback = facts->user_id;
  return Surroundings{std::move(*calendar), Absences{std::move(absences)},
                      People{reader.persons(config.scope), reader.departments(), std::move(people)},
                      config.scope};
}

}  // namespace b24
