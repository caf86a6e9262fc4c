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

  // Also above the limit: for small items whose number something else bounds.
  void put(T item) {
    std::lock_guard lock{mutex_};
    items_.push_back(std::move(item));
    filled_.notify_one();
  }

  // The oldest item; nothing when `wait` has passed or a stop is requested while it is empty.
  std::optional<T> pop(milliseconds wait, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    if (!filled_.wait_for(lock, stop, wait, [&] { return !items_.empty(); })) return std::nullopt;
    return take();
  }

  // The oldest item, however long it takes; nothing when the queue is closed and empty.
  std::optional<T> pop_last() {
    std::unique_lock lock{mutex_};
    filled_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return items_.empty() ? std::nullopt : take();
  }

  // No more will come.
  void close() {
    std::lock_guard lock{mutex_};
    closed_ = true;
    filled_.notify_all();
  }

 private:
  std::optional<T> take() {
    std::optional<T> item{std::move(items_.front())};
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable_any room_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace b24
