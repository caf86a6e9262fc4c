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

void PointCheck::look_ended() {
  if (asked_.size() <= kMostAsked) return shown_.clear();
  std::erase_if(shown_, [&](const ObjectRef& object) { return !asked_.contains(object); });
}

void PointCheck::forget() {
  shown_.clear();
  wanted_.clear();
  asked_.clear();
}

bool PointCheck::is_in_vain(const ObjectRef& object) const {
  const auto asked = asked_.find(object);
  return asked != asked_.end() && clock_.steady_now() - asked->second.since >= kAskedInVain;
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
  std::map<ObjectRef, Asked> still;
  std::vector<std::map<ObjectRef, Asked>::iterator> first, again;
  const bool one_look = wanted_.size() <= kMostAsked;
  for (const ObjectRef& object : wanted_) {
    const auto asked = asked_.find(object);
    const Asked known = asked == asked_.end() ? Asked{clock_.steady_now()} : asked->second;
    const auto at = still.emplace(object, known).first;
    if (one_look || !shown_.contains(object)) (known.is_sent ? again : first).push_back(at);
  }
  std::size_t room = kMostAsked;
  const auto ask = [&](const auto& objects, Asking asking) {
    for (const auto& at : objects) {
      if (room == 0) return;
      if (!ask_({at->first.entity, at->first.id}, asking)) continue;
      at->second.is_sent = true;
      --room;
    }
  };
  ask(first, Asking::first);
  ask(again, Asking::again);
  if (still.size() > asked_.size()) log::debug("messages wait for a look objects={}", still.size());
  asked_ = std::move(still);
  wanted_.clear();
}

PointCheck::Ask ask_by(Hints& hints) {
  return [&hints](const Hint& hint, PointCheck::Asking asking) {
    return asking == PointCheck::Asking::first ? hints.add(hint) : hints.put_back(hint);
  };
}

}  // namespace b24
