#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "connectors/bitrix24/client.h"

// What CRM activities are bound to. The list of activities names only the owner of each; whether it
// would give the field BINDINGS is not documented, so each is asked for, fifty in one request: open
// ones, and those that changed in the last weeks (portal docs: crm-activity-binding-list.md,
// crm-activity-list.md).
//
// Assumption: a binding that is added or taken off changes the activity's LAST_UPDATED. One to an
// object that was deleted stays here until the activity changes.

namespace b24 {

inline constexpr const char* kActivityLinksMethod = "crm.activity.binding.list";

struct ActivityLinks {
  std::int64_t activity_id = 0;
  std::string links;  // pairs of kind and id, "[[2,5],[3,7]]"; of what is gone "[]"
};

// Of at most kBatchCommands activities, in one request. Those that the portal could not answer for
// the moment are left out; one that is refused counts as bound to nothing. Fails as Client::batch
// does, and with no_rights when several were asked for and all are refused: then it is the method
// itself.
Result<std::vector<ActivityLinks>> read_activity_links(Client& client,
                                                       const std::vector<std::int64_t>& ids,
                                                       const std::stop_token& stop);

}  // namespace b24
