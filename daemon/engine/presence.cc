#include "daemon/engine/presence.h"

#include <algorithm>
#include <set>

#include "rules/evaluate.h"

namespace b24 {
namespace {

struct PartWords {
  std::string_view name;
  std::string_view method;
  Text people;
};

const PartWords& words_of(PresencePart part) {
  static const PartWords kWords[] = {
      {"calendar",
       "calendar.accessibility.get",
       {"отпуска из календарей", "leave in the calendars"}},
      {"leave", kLeaveMethod, {"кто сейчас в отпуске", "who is on leave now"}},
      {"workday", kWorkdayMethod, {"рабочий день сотрудников", "working days of the employees"}},
  };
  return kWords[static_cast<std::size_t>(part)];
}

}  // namespace

std::string_view name(PresencePart part) { return words_of(part).name; }
std::string_view part_name(PresencePart part) { return words_of(part).people.pick(); }
std::string_view method_of(PresencePart part) { return words_of(part).method; }
std::string_view scope_needed(PresencePart part) { return scope_of(method_of(part)); }

std::string about_scope(PresencePart part, Way way) {
  return to_command_error({"insufficient_scope", "", 403}, method_of(part), way).text;
}

std::vector<Absence> with_leave(std::vector<Absence> known, const std::vector<std::int64_t>& asked,
                                const std::vector<Leave>& on_leave, Time now,
                                seconds portal_offset) {
  const auto day_of = [&](Time t) {
    return Time{std::chrono::floor<days>(t + portal_offset)} - portal_offset;
  };
  const Time today = day_of(now);
  std::map<std::int64_t, Absence> away;
  for (const Leave& leave : on_leave) {
    const Time last = std::max(leave.until ? day_of(*leave.until) : today, today);
    away.insert_or_assign(leave.user_id, Absence{leave.user_id, today, last + days{1}});
  }
  const std::set<std::int64_t> heard{asked.begin(), asked.end()};
  std::vector<Absence> result;
  for (Absence before : known) {
    if (before.to <= now - kLongestHistory) continue;
    const auto still = away.find(before.user_id);
    if (before.to > now && still != away.end()) {
      still->second.from = std::min(still->second.from, before.from);
      continue;
    }
    if (before.to > now && heard.contains(before.user_id)) before.to = now;
    if (before.from < before.to) result.push_back(before);
  }
  for (const auto& [id, absence] : away) result.push_back(absence);
  return result;
}

}  // namespace b24
