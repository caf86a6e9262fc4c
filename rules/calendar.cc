#include "rules/calendar.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "rules/base/language.h"

namespace b24 {
namespace {

constexpr minutes kDay{24 * 60};
constexpr days kLongestWalk{20 * 366};

// SQL may hand over any integer. Between these instants every date has a year of four digits.
constexpr Time kFirstTime{std::chrono::sys_days{std::chrono::year{1} / 1 / 2}};
constexpr Time kLastTime{std::chrono::sys_days{std::chrono::year{9999} / 12 / 30}};

Time sane(Time t) { return std::clamp(t, kFirstTime, kLastTime); }

enum class YearMark : std::uint8_t { none, holiday, workday };

std::size_t slot(unsigned month, unsigned day) { return (month % 13) * 32 + day % 32; }

const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

}  // namespace

// The zone and the calendar's days in the form that is asked for every row of a query.
struct Calendar::Zone {
  const date::time_zone* zone = nullptr;
  std::array<bool, 7> week_off{};
  std::array<YearMark, 13 * 32> year{};
};

bool is_known_zone(const std::string& name) { return find_zone(name) != nullptr; }

std::string format_day(Day day) {
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  std::array<unsigned, 3> parts{};
  std::size_t part = 0;
  for (const char c : text) {
    if (c == '-') {
      if (++part > 2) return std::nullopt;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    parts[part] = parts[part] * 10 + static_cast<unsigned>(c - '0');
  }
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(parts[0])},
                                         std::chrono::month{parts[1]}, std::chrono::day{parts[2]}};
  if (!date.ok() || parts[0] == 0) return std::nullopt;
  return Day{date};
}

Result<Calendar> Calendar::make(CalendarSettings settings) {
  auto zone = std::make_shared<Zone>();
  zone->zone = find_zone(settings.zone);
  if (zone->zone == nullptr) {
    return error(ErrorKind::invalid_input,
                 fmt::format(fmt::runtime(tr("часовой пояс «{}» не найден: нужно имя вида "
                                             "«Europe/Moscow»",
                                             "no such time zone: \"{}\"; a name such as "
                                             "\"Europe/Moscow\" is needed")),
                             settings.zone));
  }
  if (settings.work_start < minutes{0} || settings.work_end > kDay ||
      settings.work_start >= settings.work_end) {
    return error(ErrorKind::invalid_input,
                 std::string{tr("рабочие часы: конец должен быть позже начала, оба – в пределах "
                                "одних суток",
                                "working hours: the end must come after the start, both within "
                                "one day")});
  }
  for (const unsigned weekday : settings.week_holidays) {
    if (weekday < 7) zone->week_off[weekday] = true;
  }
  for (const auto& date : settings.year_holidays) {
    zone->year[slot(date.month, date.day)] = YearMark::holiday;
  }
  for (const auto& date : settings.year_workdays) {
    zone->year[slot(date.month, date.day)] = YearMark::workday;
  }
  return Calendar{std::move(settings), std::move(zone)};
}

Calendar::Calendar(CalendarSettings settings, std::shared_ptr<const Zone> zone)
    : settings_(std::move(settings)), zone_(std::move(zone)) {}

const CalendarSettings& Calendar::settings() const { return settings_; }

seconds Calendar::offset(Time t) const { return zone_->zone->get_info(sane(t)).offset; }

Day Calendar::day_of(Time t) const {
  const Time known = sane(t);
  return std::chrono::floor<days>(known + offset(known));
}

// `earliest` also for a wall time that does not exist: in Cairo the clocks go forward at midnight,
// and the day begins at one o'clock.
Time Calendar::instant(Day day, minutes wall) const {
  const date::local_seconds local{day.time_since_epoch() + wall};
  return zone_->zone->to_sys(local, date::choose::earliest);
}

Time Calendar::start_of(Day day) const { return instant(day, minutes{0}); }

minutes Calendar::minute_of(Time t) const {
  const Time local = sane(t) + offset(t);
  return std::chrono::floor<minutes>(local - std::chrono::floor<days>(local));
}

bool Calendar::is_workday(Day day) const {
  if (settings_.extra_workdays.contains(day)) return true;
  if (settings_.extra_holidays.contains(day)) return false;
  const std::chrono::year_month_day date{day};
  switch (
      zone_->year[slot(static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()))]) {
    case YearMark::workday:
      return true;
    case YearMark::holiday:
      return false;
    case YearMark::none:
      break;
  }
  return !zone_->week_off[std::chrono::weekday{day}.c_encoding()];
}

Time Calendar::work_start(Day day) const { return instant(day, settings_.work_start); }

Time Calendar::work_end(Day day) const { return instant(day, settings_.work_end); }

Calendar::Hours Calendar::hours_of(Day day) const { return {work_start(day), work_end(day)}; }

bool Calendar::is_working_time(Time t) const {
  const Day day = day_of(t);
  return is_workday(day) && t >= work_start(day) && t < work_end(day);
}

Time Calendar::effective_deadline(Time deadline) const {
  const Day day = day_of(deadline);
  return deadline == start_of(day) ? work_end(day) : deadline;
}

// Walks day by day. The zone is asked again only near a change of its offset: a query calls this
// for every row, and a conversion costs more than all the rest of a day.
Calendar::WorkSum Calendar::work_sum(Time from, Time to) const {
  to = sane(to);
  from = std::max(sane(from), to - kLongestWalk);
  WorkSum sum;
  if (to <= from) return sum;
  date::sys_info span = zone_->zone->get_info(from);
  const Day last = day_of(to);
  for (Day day = day_of(from); day <= last; day += days{1}) {
    if (!is_workday(day)) continue;
    Hours open{day + settings_.work_start - span.offset, day + settings_.work_end - span.offset};
    if (open.start - days{1} < span.begin || open.end + days{1} > span.end) {
      open = hours_of(day);
      span = zone_->zone->get_info(open.end);
    }
    const seconds piece = std::min(to, open.end) - std::max(from, open.start);
    if (piece <= seconds{0}) continue;
    sum.time += piece;
    sum.days +=
        static_cast<double>(piece.count()) / static_cast<double>((open.end - open.start).count());
  }
  return sum;
}

minutes Calendar::work_minutes(Time from, Time to) const {
  return std::chrono::floor<minutes>(work_sum(from, to).time);
}

double Calendar::work_days(Time from, Time to) const { return work_sum(from, to).days; }

// --- absences ---

Absences::Absences(std::vector<Absence> absences) {
  std::erase_if(absences, [](const Absence& a) { return a.to <= a.from; });
  std::sort(absences.begin(), absences.end(), [](const Absence& a, const Absence& b) {
    return std::pair{a.user_id, a.from} < std::pair{b.user_id, b.from};
  });
  for (const Absence& next : absences) {
    if (!absences_.empty() && absences_.back().user_id == next.user_id &&
        next.from <= absences_.back().to) {
      absences_.back().to = std::max(absences_.back().to, next.to);
    } else {
      absences_.push_back(next);
    }
  }
}

// The last absence of the person that has begun by `t`, or null.
const Absence* Absences::last_begun(std::int64_t user_id, Time t) const {
  const auto after =
      std::upper_bound(absences_.begin(), absences_.end(), std::pair{user_id, t},
                       [](const std::pair<std::int64_t, Time>& key, const Absence& a) {
                         return key < std::pair{a.user_id, a.from};
                       });
  if (after == absences_.begin()) return nullptr;
  const Absence& found = *std::prev(after);
  return found.user_id == user_id ? &found : nullptr;
}

bool Absences::absent_through(std::int64_t user_id, Time from, Time to) const {
  const Absence* found = last_begun(user_id, from);
  return found != nullptr && from <= to && to < found->to;
}

bool Absences::absent_on(std::int64_t user_id, Day day, const Calendar& calendar) const {
  if (absences_.empty()) return false;
  const Time start = calendar.work_start(day);
  const Time end = calendar.work_end(day);
  seconds away{0};
  for (const Absence* found = last_begun(user_id, end - seconds{1}); found != nullptr;
       found = found == absences_.data() ? nullptr : found - 1) {
    if (found->user_id != user_id || found->to <= start) break;
    away += std::min(end, found->to) - std::max(start, found->from);
  }
  return away > seconds{0} && 2 * away >= end - start;
}

std::vector<Day> present_days(const Calendar& calendar, const Absences& absences,
                              std::int64_t user_id, Day before, std::size_t count, Day first_day) {
  std::vector<Day> found;
  first_day = std::max(first_day, before - kLongestWalk);
  for (Day day = before - days{1}; day >= first_day && found.size() < count; day -= days{1}) {
    if (calendar.is_workday(day) && !absences.absent_on(user_id, day, calendar)) {
      found.push_back(day);
    }
  }
  return found;
}

}  // namespace b24
