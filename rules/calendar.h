#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "rules/base/time.h"

// Working time: zones, working days and hours, holidays, and who is absent when.
//
// The portal's calendar carries holidays without a year (portal docs: calendar-settings-get.md),
// so settings may add dated holidays and dated working days; a dated entry wins.

namespace b24 {

using Day = std::chrono::sys_days;  // a local calendar day, as its date

// "2026-11-21" and back.
std::string format_day(Day day);
std::optional<Day> parse_day(std::string_view text);

struct MonthDay {
  unsigned month;
  unsigned day;
  auto operator<=>(const MonthDay&) const = default;
};

// Whether the system knows a zone of this name.
bool is_known_zone(const std::string& name);

// What makes a calendar; plain data, from the portal and the settings.
struct CalendarSettings {
  std::string zone = "Europe/Moscow";      // IANA name; sets the borders of days
  minutes work_start{9 * 60};              // since local midnight
  minutes work_end{18 * 60};               // after work_start
  std::set<unsigned> week_holidays{6, 0};  // C encoding: Sunday is 0
  std::set<MonthDay> year_holidays;        // every year
  std::set<MonthDay> year_workdays;        // every year, working in spite of the week
  std::set<Day> extra_holidays;            // dated
  std::set<Day> extra_workdays;            // dated
};

// From `from` to `to`, the last day included, a person is away.
struct Absence {
  std::int64_t user_id = 0;
  Time from;
  Time to;  // exclusive
};

// Immutable after it is made; any thread may read it.
class Calendar {
 public:
  // Fails with invalid_input when the zone is unknown or the hours are not in order.
  static Result<Calendar> make(CalendarSettings settings);

  const CalendarSettings& settings() const;

  Day day_of(Time t) const;         // the local day
  Time start_of(Day day) const;     // its first instant; days of 23 or 25 hours are fine
  minutes minute_of(Time t) const;  // local wall time since midnight
  seconds offset(Time t) const;     // of the zone at that time

  // What decides, strongest first: extra_workdays and extra_holidays (a date in both is a working
  // day), year_workdays, year_holidays, week_holidays.
  bool is_workday(Day day) const;
  Time work_start(Day day) const;  // also for a day off: the hours it would have
  Time work_end(Day day) const;
  bool is_working_time(Time t) const;

  // A deadline with no time of day (local midnight) means the end of that day's working hours.
  Time effective_deadline(Time deadline) const;

  // Working time between two instants; zero when to <= from. Whatever lies further back than
  // 20 years before `to` is not counted: a broken date must not cost a long walk.
  minutes work_minutes(Time from, Time to) const;
  // The same in working days, a part of a day as a fraction of its hours.
  double work_days(Time from, Time to) const;

 private:
  struct Zone;
  struct Hours {
    Time start;
    Time end;
  };
  struct WorkSum {
    seconds time{0};
    double days = 0;
  };
  explicit Calendar(CalendarSettings settings, std::shared_ptr<const Zone> zone);
  Time instant(Day day, minutes wall) const;
  Hours hours_of(Day day) const;
  WorkSum work_sum(Time from, Time to) const;

  CalendarSettings settings_;
  std::shared_ptr<const Zone> zone_;
};

// Who is away when. Overlapping and touching absences of a person are joined.
class Absences {
 public:
  Absences() = default;
  explicit Absences(std::vector<Absence> absences);

  // Away without a gap from `from` (inclusive) to `to` (inclusive); never when to < from.
  bool absent_through(std::int64_t user_id, Time from, Time to) const;
  // Absences cover at least half of that day's working hours (catalogue, "business calendar").
  bool absent_on(std::int64_t user_id, Day day, const Calendar& calendar) const;

 private:
  const Absence* last_begun(std::int64_t user_id, Time t) const;

  std::vector<Absence> absences_;  // sorted by user and start, joined
};

// The last `count` days before `before` (exclusive) on which the person was at work: working days
// without an absence, not before `first_day`. Newest first; fewer when history ends.
std::vector<Day> present_days(const Calendar& calendar, const Absences& absences,
                              std::int64_t user_id, Day before, std::size_t count, Day first_day);

}  // namespace b24
