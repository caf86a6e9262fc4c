#include "connectors/bitrix24/limiter.h"

#include <algorithm>
#include <cmath>

namespace b24 {
namespace {

constexpr double kSlower = 0.8;  // of the pace, after each refusal
constexpr double kSlowest = 0.25;
constexpr double kRecovery = 1.005;   // per request: about a tenth back in twenty requests
constexpr double kForgetting = 0.98;  // of the dearest call, with each one after it
constexpr double kCostUnknown = 1;    // seconds; far more than usual calls cost
constexpr double kCostLeast = 1e-6;
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
  if (options_.enabled && m.operating >= operating_allowed()) at = std::max(at, m.reset_at);
  return at;
}

double Limiter::operating_allowed() const {
  return static_cast<double>(options_.operating_limit.count()) * options_.operating_use;
}

std::size_t Limiter::calls_that_fit(const std::string& method, SteadyTime now) const {
  const auto found = methods_.find(method);
  if (!options_.enabled || found == methods_.end()) return kBatchCommands;
  const Method& m = found->second;
  if (now > m.reset_at + kRestMost) return kBatchCommands;
  // After the reset nobody knows how much is free before the next answer says so.
  const double cost = std::max(m.reported ? m.cost : kCostUnknown, kCostLeast);
  const double calls = std::floor((operating_allowed() - m.operating) / cost);
  return static_cast<std::size_t>(std::clamp(calls, 1.0, static_cast<double>(kBatchCommands)));
}

void Limiter::assume(double level, const std::map<std::string, double>& operating, SteadyTime now) {
  level_ = std::clamp(level, 0.0, options_.burst);
  level_at_ = now;
  // When they are reset, the first answer says.
  for (const auto& [method, spent] : operating)
    methods_[method] = {.operating = spent, .reset_at = now};
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
  if (!m.reported) {
    m.cost = operating;
    m.reported = true;
  } else if (operating > m.operating) {  // a fall is a part that dropped out
    m.cost = std::max(operating - m.operating, m.cost_known ? m.cost * kForgetting : 0);
    m.cost_known = true;
  }
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
