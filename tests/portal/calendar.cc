#include "tests/portal/calendar.h"

#include <algorithm>
#include <utility>

namespace b24::sim {
namespace {

constexpr std::pair<unsigned, unsigned> kHolidays[] = {  // day, month
    {1, 1}, {2, 1}, {7, 1}, {23, 2}, {8, 3}, {1, 5}, {9, 5}, {12, 6}, {4, 11}};

}  // namespace

LocalDay local_day(Unix at, seconds offset) {
  return std::chrono::floor<days>(from_unix(at) + offset);
}

Unix at_local(LocalDay day, minutes since_midnight, seconds offset) {
  return to_unix(Time{day} + since_midnight - offset);
}

bool is_workday(LocalDay day) {
  const std::chrono::weekday weekday{day};
  if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday) return false;
  const std::chrono::year_month_day date{day};
  return std::none_of(std::begin(kHolidays), std::end(kHolidays), [&](const auto& holiday) {
    return static_cast<unsigned>(date.day()) == holiday.first &&
           static_cast<unsigned>(date.month()) == holiday.second;
  });
}

}  // namespace b24::sim
