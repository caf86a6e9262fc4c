#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "daemon/engine/event.h"
#include "daemon/engine/hints.h"

// The portal's queue of changes for an application (portal docs: offline-events.md): it survives
// our absence and names what was deleted. Its records become hints; the portal is told to forget
// them when what the hints brought is in the file, and a kill before that leaves them set aside
// under a name, which the portal's own list of the queue tells at the next start.
//
// Questions about the queue go along with the poll's batch, before its lists: so what a record is
// about is read after it, and a poll without news stays one request. Of the puller's thread.
//
// Assumptions, since the docs are silent: the queue's methods work inside a batch, as all do that
// the docs do not except; records without ids are followed by the poll that brings them.

namespace b24 {

// What `status` says of it.
struct KeptOfflineEvents {
  std::string problem;          // why it is off; empty: it works
  std::int64_t taken = 0;       // records since the service was first started
  std::optional<Time> last_at;  // when the latest came, by our clock
};
std::string to_json(const KeptOfflineEvents& kept);
std::optional<KeptOfflineEvents> offline_events_from_json(const std::string& text);
inline constexpr const char* kOfflineEventsMeta = "offline_events";

struct OfflineEventsOptions {
  // Where the portal may post events, "https://watch.example.ru"; empty: nowhere.
  std::string public_address{};
  KeptOfflineEvents before{};  // of an earlier run
  seconds check_every{3600};   // between two looks at the handlers, and at what was left over
};

class OfflineEvents {
 public:
  OfflineEvents(Client& client, EventQueue& events, Hints& hints, Clock& clock,
                OfflineEventsOptions options);

  // Before a look at the portal. `stopped` or what condemns the whole connection comes back.
  Result<void> before_look(const std::stop_token& stop);
  // After one whose rows are in the file and whose lists were all read.
  void after_good_look();
  // The portal has dropped our handlers, or may have: they are looked at before the next look.
  // Any thread.
  void check_handlers() { handlers_in_doubt_ = true; }

 private:
  Result<void> check(const std::stop_token& stop);
  Result<void> bind(const std::vector<Params>& missing, const std::stop_token& stop);
  Result<void> read_left_over(const std::set<std::string>& processes, const std::stop_token& stop);
  void ask_along();
  void take(const Result<BatchAnswer>& answer, std::size_t clears);
  // One answer of event.offline.get; gives how many records it held.
  std::size_t take_records(std::string_view result);
  void refuse(const Error& why);
  void tell();

  Client& client_;
  EventQueue& events_;
  Hints& hints_;
  Clock& clock_;
  const OfflineEventsOptions options_;
  KeptOfflineEvents kept_;
  std::atomic<bool> handlers_in_doubt_{false};
  SteadyTime check_at_{};  // at once
  std::optional<SteadyTime> off_until_;
  std::uint64_t installation_ = 0;  // of the application, that was checked
  int questions_ = 1;               // for records, with one request
  // By process, what it led us to look at: not all of it is in the file yet.
  std::map<std::string, std::set<std::pair<Entity, std::int64_t>>> reserved_;
  std::vector<std::string> followed_;  // to be forgotten by the portal
};

}  // namespace b24
