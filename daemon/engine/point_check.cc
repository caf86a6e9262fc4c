#include "daemon/engine/point_check.h"

#include "connectors/bitrix24/entities.h"
#include "daemon/engine/log.h"

namespace b24 {
namespace {

// Short lists are read whole, every hour; nobody deletes what they hold without that being seen.
bool is_checked(const ObjectRef& object) { return spec(object.entity).renewal != Renewal::whole; }

}  // namespace

void PointCheck::shown(Entity entity, std::span<const Record> rows) {
  if (!ask_) return;
  for (const Record& row : rows) {
    const ObjectRef object{entity, row.id};
    if (shown_.size() < kMostShown || asked_.contains(object)) shown_.insert(object);
  }
}

void PointCheck::forget() {
  shown_.clear();
  wanted_.clear();
  asked_.clear();
}

std::vector<ObjectRef> PointCheck::unconfirmed(std::span<const ObjectRef> named) {
  std::vector<ObjectRef> result;
  if (!ask_) return result;
  const SteadyTime now = clock_.steady_now();
  for (const ObjectRef& object : named) {
    if (!is_checked(object)) continue;
    wanted_.insert(object);
    if (shown_.contains(object)) continue;
    const auto asked = asked_.find(object);
    const bool in_vain = asked != asked_.end() && now - asked->second >= kAskedInVain;
    if (!in_vain) result.push_back(object);
  }
  return result;
}

void PointCheck::judged() {
  const SteadyTime now = clock_.steady_now();
  std::size_t in_vain = 0;
  std::size_t room = kMostAsked;
  // What nobody wants to name any more is forgotten; so is what was confirmed, once it was told.
  std::map<ObjectRef, SteadyTime> still;
  for (const ObjectRef& object : wanted_) {
    if (shown_.contains(object)) continue;
    const auto asked = asked_.find(object);
    const SteadyTime since = asked == asked_.end() ? now : asked->second;
    if (now - since >= kAskedInVain) {
      ++in_vain;
      continue;
    }
    if (room > 0 && ask_({object.entity, object.id})) --room;
    still.emplace(object, since);
  }
  if (in_vain > 0) log::warn("told without a look at the portal objects={}", in_vain);
  if (still.size() > asked_.size()) log::debug("messages wait for a look objects={}", still.size());
  asked_ = std::move(still);
  wanted_.clear();
}

}  // namespace b24
