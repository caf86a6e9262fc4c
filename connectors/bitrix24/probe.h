#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>

#include "connectors/bitrix24/client.h"
#include "rules/base/entity.h"

// What a portal gives and how it behaves where its docs are silent or contradict each other (portal
// docs: huge-data.md for start=-1, data-types.md for offsets, fate.h), found out by asking. Two
// requests, and one more when counting takes the portal too long.

namespace b24 {

// How a list can be read page by page; what the reader of lists makes of it by itself.
enum class Walk {
  untold,          // fewer than two rows, or the list is not read by id
  by_id,           // the id filter holds, and start=-1 saves the counting
  by_id_counting,  // the id filter holds; start=-1 is taken for 0
  by_offset,       // the id filter does not hold: plain paging
  cut_short,       // start=-1 gives nothing although there are rows: plain paging too
};

// What the filter "changed since" makes of times.
enum class Moments {
  untold,      // no row to ask for, or the list has no such filter
  any_offset,  // the offset written is understood
  own_offset,  // it is not, and we write the portal's own
  ignored,     // the filter lets everything through
  blind,       // it finds nothing that is there
};

struct StreamProbe {
  std::optional<Error> refused;       // it gives nothing, and this is why
  std::optional<std::int64_t> total;  // rows by the portal's count
  std::size_t rows = 0;               // in the page we looked at
  std::size_t rejected = 0;           // of them not understood
  Walk walk = Walk::untold;
  Moments moments = Moments::untold;
};

// What crm.settings.mode.get says (portal docs: crm-settings-mode-get.md).
enum class LeadsMode { untold, with_leads, without_leads };

struct PortalProbe {
  std::map<Entity, StreamProbe> streams;
  LeadsMode leads = LeadsMode::untold;
  std::optional<std::int64_t> recent_calls;  // of the last 30 days
  // Kinds of which the portal does not tell whether an object is deleted or hidden (fate.h).
  std::set<Entity> fates_untold;
  // Whether notifications can be sent at all; nothing when the portal does not say.
  std::optional<bool> may_notify;
};

inline constexpr days kRecentCalls{30};

// `now` by the portal's clock. Fails as Client::batch does; what one list refuses is its own.
Result<PortalProbe> probe_portal(Client& client, seconds portal_offset, Time now,
                                 const std::stop_token& stop);

}  // namespace b24
