#include "rules/base/time.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

namespace b24 {
namespace {

// Reads exactly `digits` decimal digits and drops them from `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+03:00", "+0300" or "+03", and nothing after it.
std::optional<seconds> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return seconds{0};
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto h = take_number(text, 2);
  if (!h) return std::nullopt;
  int m = 0;
  if (!text.empty()) {
    take(text, ':');
    const auto parsed = take_number(text, 2);
    if (!parsed) return std::nullopt;
    m = *parsed;
  }
  if (!text.empty() || *h > 15 || m > 59) return std::nullopt;
  return seconds{sign * (*h * 3600 + m * 60)};
}

}  // namespace

std::optional<Time> parse_time(std::string_view text) {
  namespace c = std::chrono;
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || (!take(text, 'T') && !take(text, ' '))) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *hour > 24 || *minute > 59 || *second > 60) return std::nullopt;
  if (take(text, '.')) {
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
  }
  const auto offset = take_offset(text);
  const c::year_month_day date{c::year{*year}, c::month{static_cast<unsigned>(*month)},
                               c::day{static_cast<unsigned>(*day)}};
  if (!offset || !date.ok()) return std::nullopt;
  return c::sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} - *offset;
}

std::optional<seconds> parse_offset(std::string_view text) {
  const auto t = text.find_first_of("T ");
  if (t == std::string_view::npos) return std::nullopt;
  const auto at = text.find_first_of("+-Zz", t);
  if (at == std::string_view::npos) return std::nullopt;
  return take_offset(text.substr(at));
}

std::string format_offset(Time t, seconds offset) {
  namespace c = std::chrono;
  const Time local = t + offset;
  const auto day = c::floor<days>(local);
  const c::year_month_day date{day};
  const c::hh_mm_ss clock{local - day};
  const auto absolute = c::abs(offset).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}",
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(),
                     offset.count() < 0 ? '-' : '+', absolute / 3600, absolute / 60 % 60);
}

std::string format_utc(Time t) {
  std::string text = format_offset(t, seconds{0});
  text.resize(text.size() - 6);
  return text + "Z";
}

Time SystemClock::now() const {
  return std::chrono::floor<seconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const {
  return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now());
}

bool SystemClock::sleep_until(SteadyTime until, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  wake.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace b24
