#pragma once

#include <condition_variable>
#include <mutex>

#include "rules/base/time.h"

namespace b24 {

// Both clocks, ticked by hand. Sleeping moves time at once unless `manual` is set; then it waits
// for advance(). Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(Time start = from_unix(1'763'630'000)) : now_(start) {}

  Time now() const override {
    std::lock_guard lock{mutex_};
    return now_;
  }
  SteadyTime steady_now() const override {
    std::lock_guard lock{mutex_};
    return steady_;
  }
  bool sleep_until(SteadyTime until, const std::stop_token& stop) override {
    std::unique_lock lock{mutex_};
    if (manual_) {
      moved_.wait(lock, stop, [&] { return steady_ >= until; });
    } else if (until > steady_) {
      move(until - steady_);
    }
    return !stop.stop_requested();
  }

  void advance(milliseconds by) {
    std::lock_guard lock{mutex_};
    move(by);
    moved_.notify_all();
  }
  void set_manual(bool manual) {
    std::lock_guard lock{mutex_};
    manual_ = manual;
  }

 private:
  void move(milliseconds by) {
    rest_ += by;
    const auto whole = std::chrono::floor<seconds>(rest_);
    now_ += whole;
    rest_ -= whole;
    steady_ += by;
  }

  mutable std::mutex mutex_;
  std::condition_variable_any moved_;
  Time now_;
  SteadyTime steady_{milliseconds{1'000'000}};
  milliseconds rest_{0};
  bool manual_ = false;
};

}  // namespace b24
