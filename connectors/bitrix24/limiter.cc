#include "connectors/bitrix24/limiter.h"

#include <algorithm>
#include <cmath>

namespace b24 {
namespace {

constexpr double kSlower = 0.8;  // of the pace, after each refusal
constexpr double kSlowest = 0.25;
constexpr double kRecovery = 1.005;  // per request: about a tenth back in twenty requests
constexpr seconds kRestLeast{10};
constexpr seconds kRestMost{600};  // the window of the operating budget
constexpr seconds kUnmetered{1};   // after a refusal by a portal said to have no limits

double seconds_between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

// The room in the bucket we allow ourselves. The portal's counter falls by `drain` once a second
// and our estimate evenly, so its counter may stand one such step above ours.
double room(const LimiterOptions& options) {
  const double room =
      std::min(options.burst * (1 - options.leave_free), options.burst - options.drain_per_second);
  return std::max(room, 1.0);
}

}  // namespace

Limiter::Limiter(LimiterOptions options) : options_(options) {}

double Limiter::level(SteadyTime now) const {
  const double drained =
      std::max(0.0, seconds_between(level_at_, now)) * options_.drain_per_second * pace_;
  return std::max(0.0, level_ - drained);
}

SteadyTime Limiter::request_at(SteadyTime now) const {
  SteadyTime at = std::max(now, not_before_);
  if (!options_.enabled) return at;
  const double excess = level(now) + 1 - room(options_);
  if (excess > 0) {
    const double wait = excess / (options_.drain_per_second * pace_);
    at = std::max(at, now + milliseconds{static_cast<std::int64_t>(std::ceil(wait * 1000))});
  }
  return at;
}

SteadyTime Limiter::method_at(const std::string& method, SteadyTime now) const {
  const auto found = methods_.find(method);
  if (found == methods_.end()) return now;
  const Method& m = found->second;
  SteadyTime at = std::max(now, m.parked_until);
  const double allowed =
      static_cast<double>(options_.operating_limit.count()) * options_.operating_use;
  if (options_.enabled && m.operating >= allowed) at = std::max(at, m.reset_at);
  return at;
}

void Limiter::assume(double level, SteadyTime now) {
  level_ = std::clamp(level, 0.0, options_.burst);
  level_at_ = now;
}

void Limiter::sent(SteadyTime now) {
  level_ = level(now) + 1;
  level_at_ = now;
  pace_ = std::min(1.0, pace_ * kRecovery);
  ++requests_;
}

void Limiter::reported(const std::string& method, double operating, seconds reset_in,
                       SteadyTime now) {
  Method& m = methods_[method];
  m.operating = operating;
  m.reset_at = now + std::clamp(reset_in, seconds{0}, kRestMost);
}

void Limiter::refused(SteadyTime now) {
  ++refusals_;
  if (!options_.enabled) {
    not_before_ = now + kUnmetered;
    return;
  }
  level_ = std::max(level(now), options_.burst);
  level_at_ = now;
  pace_ = std::max(kSlowest, pace_ * kSlower);
}

void Limiter::exhausted(const std::string& method, SteadyTime now) {
  Method& m = methods_[method];
  m.parked_until = std::clamp(m.reset_at + seconds{1}, now + kRestLeast, now + kRestMost);
}

LimiterReport Limiter::report(SteadyTime now) const {
  LimiterReport report;
  report.bucket_level = level(now);
  report.bucket_size = options_.burst;
  report.requests = requests_;
  report.refusals = refusals_;
  for (const auto& [method, m] : methods_) {
    // Ten minutes after the named reset nothing of what was reported counts any more.
    report.operating[method] = now > m.reset_at + kRestMost ? 0 : m.operating;
  }
  return report;
}

}  // namespace b24
