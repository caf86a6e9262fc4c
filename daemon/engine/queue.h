#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "rules/base/time.h"

namespace b24 {

// A bounded queue between threads. A full queue makes push() wait and try_push() fail; nothing is
// dropped in silence. Any thread.
template <class T>
class Queue {
 public:
  explicit Queue(std::size_t limit) : limit_(limit) {}

  // False if a stop was requested before there was room.
  bool push(T item, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!room_.wait(lock, stop, [&] { return items_.size() < limit_; })) return false;
    items_.push_back(std::move(item));
    filled_.notify_one();
    return true;
  }

  bool try_push(T item) {
    std::lock_guard lock{mutex_};
    if (items_.size() >= limit_) return false;
    items_.push_back(std::move(item));
    filled_.notify_one();
    return true;
  }

  // The oldest item; nothing when `wait` has passed or a stop is requested while it is empty.
  std::optional<T> pop(milliseconds wait, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!filled_.wait_for(lock, stop, wait, [&] { return !items_.empty(); })) return std::nullopt;
    std::optional<T> item{std::move(items_.front())};
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  std::size_t size() const {
    std::lock_guard lock{mutex_};
    return items_.size();
  }

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable_any room_;
  std::deque<T> items_;
};

}  // namespace b24
