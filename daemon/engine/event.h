#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "connectors/bitrix24/portal.h"
#include "daemon/engine/presence.h"
#include "daemon/engine/queue.h"
#include "daemon/engine/verified.h"
#include "daemon/store/store.h"
#include "rules/rule.h"

// What reaches the engine, through one queue. The engine alone writes.

namespace b24 {

// What one request brought for one stream, with the stream's state after it: committed together,
// so a kill at any point repeats at most one page.
struct PulledPart {
  StreamState state;
  std::vector<Record> records;
  std::vector<RejectedRow> rejected;
  std::vector<std::int64_t> gone;  // ids the portal no longer shows
  enum class Sweep { none, begin, rows, finish, abandon } sweep = Sweep::none;
  Time sweep_began_at;    // our clock; for finish
  bool ids_only = false;  // the records hold ids, not rows
  Trust trust = Trust::kept;
};

struct Pulled {
  std::vector<PulledPart> parts;
  std::optional<LimiterReport> limits = {};  // after the request
};

// A look at the portal has ended; what it brought stands before it in the queue. `committed` is
// set when all of it is in the file, and judged if `judge` says so.
enum class Committed {
  done,
  begun_anew,  // the mirror was cleared since the last PassDone: everything is to be read again
};
struct PassDone {
  bool judge = false;
  std::shared_ptr<std::promise<Committed>> committed;
  std::optional<LimiterReport> limits = {};  // after whatever was asked since the last rows
};

// The portal's own settings were read (again).
struct FactsRead {
  PortalFacts facts;
};

// Who is away when, as one part of the presence says (again).
struct AbsencesRead {
  PresencePart part = PresencePart::calendar;
  std::vector<Absence> absences;
};

// Working days of some people, and how their time is kept.
struct WorkdaysRead {
  std::vector<Workday> days;
  std::vector<WorkdayRules> rules;
};

// Which parts of the presence are not read now, and why.
struct PresenceTold {
  PresenceTroubles troubles;
};

// Mirror and portal were compared.
struct Verified {
  Verification found;
};

// What belongs to some objects, and how far these readings have come where that has changed.
struct DetailsRead {
  std::vector<DetailRows> rows;
  std::vector<DetailState> states;
  std::optional<LimiterReport> limits = {};  // after the request
};

// Why rows are gone that the mirror had.
struct FatesRead {
  std::vector<ObjectFate> objects;
};

// A small fact to remember by its name (Reader::meta).
struct Noted {
  const char* name = "";
  std::string text;
};

// The sender's answer: the portal's message id, or why not.
struct Delivered {
  std::int64_t outbox_id = 0;
  Result<std::int64_t> outcome;
};

// Checked rules to use from now on.
struct RulesLoaded {
  RuleSet rules;
};

using Event = std::variant<Pulled, PassDone, FactsRead, AbsencesRead, WorkdaysRead, PresenceTold,
                           DetailsRead, FatesRead, Verified, Noted, Delivered, RulesLoaded>;
using EventQueue = Queue<Event>;

}  // namespace b24
