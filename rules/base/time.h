#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

// Instants are UTC seconds. Dates come from the system clock, durations from the steady one; both
// stand behind Clock, so that tests tick by hand. Zones live in rules/calendar alone.

namespace b24 {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using Time = std::chrono::sys_seconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, milliseconds>;

inline std::int64_t to_unix(Time t) { return t.time_since_epoch().count(); }
inline Time from_unix(std::int64_t s) { return Time{seconds{s}}; }

// "2026-11-21T10:00:00+03:00", "...+0300", "...Z", with an optional fraction of a second (cut).
// Nothing for any other text: an instant without an offset is not an instant.
std::optional<Time> parse_time(std::string_view text);

// "2026-11-21T07:00:00Z".
std::string format_utc(Time t);
// "2026-11-21T10:00:00+03:00" for an offset of three hours.
std::string format_offset(Time t, seconds offset);
// The offset a portal's timestamp carries: three hours for "...+03:00".
std::optional<seconds> parse_offset(std::string_view text);

// Both clocks and the only way to sleep. Any thread may call it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual SteadyTime steady_now() const = 0;
  // Returns false at once when a stop is requested, true when `until` has come.
  virtual bool sleep_until(SteadyTime until, const std::stop_token& stop) = 0;
};

// The machine's clocks.
class SystemClock : public Clock {
 public:
  Time now() const override;
  SteadyTime steady_now() const override;
  bool sleep_until(SteadyTime until, const std::stop_token& stop) override;
};

}  // namespace b24
