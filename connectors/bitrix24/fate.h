#pragma once

#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "rules/base/entity.h"

// Why a list shows an object no more: it filters by rights without a word, so what is hidden looks
// like what is deleted. Asked for alone, the portal tells them apart: crm.item.get says NOT_FOUND
// or ACCESS_DENIED, crm.activity.get "Activity is not found" or "Access denied", and
// tasks.task.history.list gives an empty list or "Access denied" (portal docs: crm-item-get.md,
// crm-activity-get.md, tasks-task-history-list.md). tasks.task.get says the same in both cases, and
// calls have no such method.
//
// A method that is missing or closed refuses as well, so each request also asks for an object that
// cannot be there.
//
// Assumption: no portal has come to the id 2^31 - 1.

namespace b24 {

enum class Fate {
  deleted,
  hidden,  // it is there, and the webhook's user may not read it
  shown,   // it can be read after all
};

struct ObjectFate {
  ObjectRef object;
  std::optional<Fate> fate;  // nothing: the portal gave no such answer
};

struct Fates {
  std::vector<ObjectFate> objects;
  std::set<Entity> untold;  // of these the method tells nothing; none of them is in `objects`
};

// The method that tells; empty for kinds that have none.
std::string_view fate_method(Entity entity);

// Of at most kFatesAtOnce objects whose kinds have a method, in one request. Fails as Client::batch
// does.
Result<Fates> read_fates(Client& client, std::span<const ObjectRef> objects,
                         const std::stop_token& stop);
inline constexpr std::size_t kFatesAtOnce = 40;

// The two halves of it, for a batch of other questions too: the question for an object, and what
// its answer says, a refusal being taken for `hidden`.
Command fate_command(const ObjectRef& object, std::string key);
std::optional<Fate> fate_in(Entity entity, const Result<std::string_view>& answer);
inline constexpr std::int64_t kNoSuchId = 2'147'483'647;

}  // namespace b24
