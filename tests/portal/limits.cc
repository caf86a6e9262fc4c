#include "tests/portal/limits.h"

#include <algorithm>

namespace b24::sim {
namespace {

constexpr minutes kPartLength{1};
constexpr minutes kPartLife{10};

}  // namespace

bool Bucket::admit(const LimitOptions& limits, SteadyTime now) {
  const double passed = std::chrono::duration<double>(now - at_).count();
  level_ = std::max(0.0, level_ - passed * limits.drain_per_second);
  at_ = now;
  if (level_ + 1 > limits.burst) return false;
  level_ += 1;
  return true;
}

double Operating::spent(SteadyTime now) {
  while (!parts_.empty() && now >= parts_.front().first + kPartLife) parts_.pop_front();
  double sum = 0;
  for (const Part& part : parts_) sum += part.seconds;
  return sum;
}

milliseconds Operating::reset_in(SteadyTime now) const {
  if (parts_.empty()) return kPartLife;
  return std::max(milliseconds{0}, parts_.front().first + kPartLife - now);
}

void Operating::charge(double cost, SteadyTime now) {
  if (parts_.empty() || now >= parts_.back().first + kPartLength) parts_.push_back({now, 0});
  parts_.back().seconds += cost;
}

}  // namespace b24::sim
