#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

namespace b24 {

// A set of ids as ranges: after `from`, up to `to`. Pure; not thread-safe.
class IdRanges {
 public:
  void add(std::int64_t from, std::int64_t to) {
    if (to <= from) return;
    auto at = ends_.upper_bound(from);
    if (at != ends_.begin() && std::prev(at)->second >= from) --at;
    while (at != ends_.end() && at->first <= to) {
      from = std::min(from, at->first);
      to = std::max(to, at->second);
      at = ends_.erase(at);
    }
    ends_.emplace(from, to);
  }

  // The last id of the range that an id lies in; nothing when it lies in none.
  std::optional<std::int64_t> end_of(std::int64_t id) const {
    const auto next = ends_.lower_bound(id);
    if (next == ends_.begin() || std::prev(next)->second < id) return std::nullopt;
    return std::prev(next)->second;
  }
  bool contains(std::int64_t id) const { return end_of(id).has_value(); }

 private:
  std::map<std::int64_t, std::int64_t> ends_;  // of disjoint ranges, by their beginnings
};

}  // namespace b24
