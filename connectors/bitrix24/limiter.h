#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rules/base/time.h"

// The portal's three budgets as arithmetic on time (portal docs: limits.md):
//  - requests: a leaky bucket, one per portal and source address, so one Limiter per process;
//  - operating: seconds of work per method in ten minutes, as the portal reports them;
//  - commands: 50 to a batch (kBatchCommands).
// Time comes in as an argument. Not thread-safe; Client guards it.

namespace b24 {

inline constexpr std::size_t kBatchCommands = 50;
inline constexpr std::size_t kPageRows = 50;

struct LimiterOptions {
  double drain_per_second = 2;   // 5 on Enterprise
  double burst = 50;             // 250 on Enterprise
  double leave_free = 0.05;      // part of the bucket left to others at this address
  seconds operating_limit{480};  // per method in ten minutes
  // Part of it we allow ourselves. What is left unused makes whatever needs more than one such
  // budget take longer by as much; so it is only what calls may cost more than those before them.
  double operating_use = 0.98;
  bool enabled = true;  // off for a self-hosted portal without limits
};

struct LimiterReport {
  double bucket_level = 0;  // requests in the bucket, as we estimate
  double bucket_size = 0;
  std::uint64_t requests = 0;
  std::uint64_t refusals = 0;
  seconds waited{0};
  std::map<std::string, double> operating;  // seconds spent by method
};

class Limiter {
 public:
  explicit Limiter(LimiterOptions options);

  // The earliest moment at which one request may be sent.
  SteadyTime request_at(SteadyTime now) const;
  // The earliest moment at which a call of `method` may be sent, by its operating budget.
  SteadyTime method_at(const std::string& method, SteadyTime now) const;
  // How many calls of `method` that may be sent now fit into its operating budget together, by what
  // they have cost lately; at least one.
  std::size_t calls_that_fit(const std::string& method, SteadyTime now) const;

  // What an earlier run of this program left in the bucket, and seconds spent by method, as of now.
  void assume(double level, const std::map<std::string, double>& operating, SteadyTime now);
  // A request leaves now.
  void sent(SteadyTime now);
  // What the portal said of a method: `operating` seconds spent, reset in `reset_in` from now.
  void reported(const std::string& method, double operating, seconds reset_in, SteadyTime now);
  // QUERY_LIMIT_EXCEEDED: the bucket is full, whoever filled it. Slows us down for a while.
  void refused(SteadyTime now);
  // OPERATION_TIME_LIMIT: the method rests until its known reset (+1 s), at least 10 s, at most
  // ten minutes.
  void exhausted(const std::string& method, SteadyTime now);

  LimiterReport report(SteadyTime now) const;

 private:
  struct Method {
    double operating = 0;
    bool reported = false;    // by the portal, not assumed
    bool cost_known = false;  // else the first report stands for it, which may hold earlier calls
    double cost = 0;          // of the dearest call lately; seconds
    SteadyTime reset_at{};
    SteadyTime parked_until{};
  };
  double level(SteadyTime now) const;
  double operating_allowed() const;

  LimiterOptions options_;
  double level_ = 0;
  SteadyTime level_at_{};
  SteadyTime not_before_{};
  double pace_ = 1;  // falls on refusals, recovers with successes
  std::map<std::string, Method> methods_;
  std::uint64_t requests_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace b24
