#pragma once

#include <deque>
#include <map>
#include <string>

#include "rules/base/time.h"

// The portal's budgets, as it counts them itself (portal docs: limits.md).

namespace b24::sim {

struct LimitOptions {
  bool enabled = true;
  double drain_per_second = 2;                     // 5 on Enterprise
  double burst = 50;                               // 250 on Enterprise
  double operating_seconds = 480;                  // per method in ten minutes
  double page_cost = 0.02;                         // seconds of work that one list page is charged
  double call_cost = 0.005;                        // and any other call
  std::map<std::string, double> method_cost = {};  // in place of the two, by documented name
};

// One leaky bucket: each request adds 1, it drains steadily, and what does not fit is refused.
class Bucket {
 public:
  // Whether one more request is let in at `now`; counts it if so.
  bool admit(const LimitOptions& limits, SteadyTime now);
  double level() const { return level_; }

 private:
  double level_ = 0;
  SteadyTime at_{};
};

// Seconds of work of one method, in one-minute parts that each live ten minutes.
class Operating {
 public:
  double spent(SteadyTime now);
  // How long until the oldest part drops out; ten minutes when there is none.
  milliseconds reset_in(SteadyTime now) const;
  void charge(double cost, SteadyTime now);

 private:
  struct Part {
    SteadyTime first;
    double seconds;
  };
  std::deque<Part> parts_;
};

}  // namespace b24::sim
