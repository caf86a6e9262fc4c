#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "rules/base/entity.h"

namespace b24 {

// Which differences between the numbers of rows, the portal's less the mirror's, are worth a
// comparison of all ids. A row created between the look at what is new and the count differs too,
// so a difference is believed only when it is seen twice in a row; and one that a comparison has
// left, such as a row that cannot be read, is not worth a second. Pure; not thread-safe.
class Differences {
 public:
  // A count has come; true when the ids must be compared.
  bool believed(Entity entity, std::int64_t difference) {
    const auto tried = tried_.find(entity);
    if (difference == 0 || (tried != tried_.end() && tried->second == difference)) {
      doubtful_.erase(entity);
      if (difference == 0) tried_.erase(entity);
      return false;
    }
    if (doubtful_.insert(entity).second) return false;
    doubtful_.erase(entity);
    tried_[entity] = difference;
    return true;
  }

  // Seen once: to be counted again soon.
  const std::set<Entity>& doubtful() const { return doubtful_; }

 private:
  std::set<Entity> doubtful_;
  std::map<Entity, std::int64_t> tried_;
};

}  // namespace b24
