#include "daemon/engine/point_check.h"

#include <algorithm>
#include <iterator>
#include <vector>

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

bool PointCheck::is_in_vain(const ObjectRef& object) const {
  const auto asked = asked_.find(object);
  return asked != asked_.end() && clock_.steady_now() - asked->second >= kAskedInVain;
}

bool PointCheck::confirmed(std::span<const ObjectRef> named) {
  if (!ask_) return true;
  std::vector<ObjectRef> checked;
  std::ranges::copy_if(named, std::back_inserter(checked), is_checked);
  const auto is_shown = [&](const ObjectRef& object) { return shown_.contains(object); };
  if (std::ranges::all_of(checked, is_shown)) return true;
  if (std::ranges::all_of(checked, [&](const ObjectRef& object) {
        return is_shown(object) || is_in_vain(object);
      })) {
    log::warn("told without a look at the portal objects={}",
              checked.size() - static_cast<std::size_t>(std::ranges::count_if(checked, is_shown)));
    return true;
  }
  wanted_.insert(checked.begin(), checked.end());
  return false;
}

void PointCheck::judged() {
  std::map<ObjectRef, SteadyTime> still;
  std::size_t room = kMostAsked;
  for (const ObjectRef& object : wanted_) {
    if (room > 0 && ask_({object.entity, object.id})) --room;
    const auto asked = asked_.find(object);
    still.emplace(object, asked == asked_.end() ? clock_.steady_now() : asked->second);
  }
  if (still.size() > asked_.size()) log::debug("messages wait for a look objects={}", still.size());
  asked_ = std::move(still);
  wanted_.clear();
}

}  // namespace b24
