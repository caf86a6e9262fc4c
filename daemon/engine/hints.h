#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "connectors/bitrix24/hint.h"
#include "rules/base/time.h"

namespace b24 {

// Where the portal told us to look: merged by object, so a storm of events about one deal is one
// look. Bounded; what finds no room is counted, and the next poll finds the change. Any thread.
class Hints {
 public:
  explicit Hints(std::size_t limit = 20'000) : limit_(limit) {}

  bool add(const Hint& hint) {
    std::lock_guard lock{mutex_};
    if (!keep(hint)) return false;
    news_ = true;
    added_.notify_all();
    return true;
  }

  // One that was taken and could not be followed: it comes with the next take(), and does not wake
  // whoever waits, since a portal in trouble is not asked at once.
  bool put_back(const Hint& hint) {
    std::lock_guard lock{mutex_};
    return keep(hint);
  }

  // All of them; afterwards there are none.
  std::map<Entity, std::set<std::int64_t>> take() {
    std::lock_guard lock{mutex_};
    count_ = 0;
    news_ = false;
    return std::exchange(ids_, {});
  }

  // Whether somebody has still to look at one of these.
  bool holds_any(const std::set<std::pair<Entity, std::int64_t>>& hints) const {
    std::lock_guard lock{mutex_};
    return std::any_of(hints.begin(), hints.end(), [&](const auto& hint) {
      const auto found = ids_.find(hint.first);
      return found != ids_.end() && found->second.contains(hint.second);
    });
  }

  // Waits until a hint is added (true), or `wait` has passed or a stop is requested (false).
  bool wait(milliseconds wait, const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    return added_.wait_for(lock, stop, wait, [&] { return news_; });
  }

  std::uint64_t dropped() const {
    std::lock_guard lock{mutex_};
    return dropped_;
  }

 private:
  bool keep(const Hint& hint) {
    auto& ids = ids_[hint.entity];
    if (count_ >= limit_ && !ids.contains(hint.id)) {
      ++dropped_;
      return false;
    }
    if (ids.insert(hint.id).second) ++count_;
    return true;
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable_any added_;
  std::map<Entity, std::set<std::int64_t>> ids_;
  std::size_t count_ = 0;
  bool news_ = false;  // a hint was added since the last take()
  std::uint64_t dropped_ = 0;
};

}  // namespace b24
