#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "rules/base/entity.h"

namespace b24 {

// Which differences between the numbers of rows, the portal's less the mirror's, are worth a
// comparison of all ids. A row created between the look at what is new and the count differs too,
// so a difference is believed only when it is seen twice in a row; and what a comparison has left,
// such as a row that cannot be read, is not worth another. Pure; not thread-safe.
class Differences {
 public:
  // A count has come; true when the ids must be compared.
  bool believed(Entity entity, std::int64_t difference) {
    if (compared_.erase(entity) > 0) left_[entity] = difference;
    const auto left = left_.find(entity);
    if (difference == (left == left_.end() ? 0 : left->second)) {
      doubtful_.erase(entity);
      return false;
    }
    if (doubtful_.insert(entity).second) return false;
    doubtful_.erase(entity);
    return true;
  }

  // A comparison is over: the next count shows what it has left.
  void compared(Entity entity) {
    compared_.insert(entity);
    doubtful_.erase(entity);
  }

  // To be counted again soon.
  bool is_open(Entity entity) const {
    return doubtful_.contains(entity) || compared_.contains(entity);
  }
  // A difference was seen once.
  bool doubts() const { return !doubtful_.empty(); }

 private:
  std::set<Entity> doubtful_;
  std::set<Entity> compared_;
  std::map<Entity, std::int64_t> left_;
};

}  // namespace b24
