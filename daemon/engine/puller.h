#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/list.h"
#include "daemon/engine/event.h"
#include "daemon/engine/hints.h"
#include "daemon/store/store.h"

// Brings the portal's rows to the engine: a full read of every stream once, then what changed, in
// one request a poll. Decides nothing and writes nothing; its own thread, or a command's.

namespace b24 {

struct PullerOptions {
  seconds poll{30};            // between two looks
  seconds count_every{900};    // between two comparisons of how many rows there are
  seconds sweep_every{86400};  // between two comparisons of all ids
  seconds facts_every{3600};   // between two readings of the portal's own settings, and absences
};

// How a long read goes on, for people. Rows are the portal's.
struct Progress {
  std::uint64_t rows = 0;
  std::optional<std::uint64_t> expected;
  std::uint64_t requests = 0;
};

struct PassReport {
  std::uint64_t rows = 0;      // read from the portal
  std::optional<Error> error;  // why the pass ended early; what it brought is kept
  std::vector<Error> streams;  // streams that could not be read, each with its sentence
};

class Puller {
 public:
  Puller(Client& client, Reader& reader, EventQueue& events, Hints& hints, Clock& clock,
         PullerOptions options);

  // Reads the portal's settings and hands them on. Must succeed once before the first pass; fails
  // with no_rights for a webhook that sees only a part of the portal.
  Result<PortalFacts> read_facts(const std::stop_token& stop);
  // What an earlier run knows of the portal's settings.
  void assume(const PortalFacts& facts, Time read_at) {
    portal_offset_ = facts.portal_offset;
    facts_at_ = read_at;
  }
  void assume_absences(Time read_at) { absences_at_ = read_at; }

  // Everything that is due, until it is committed. `every_count`: compare the numbers of rows now,
  // and the ids where they differ, whether it is time or not.
  enum class Counts { when_due, now };
  PassReport pass(Counts counts, const std::stop_token& stop);

  // Passes for ever: poll, hints, back-off while the portal is away.
  void run(const std::stop_token& stop);

  void on_progress(std::function<void(const Progress&)> report) { progress_ = std::move(report); }

 private:
  enum class Mode { full, changed, newer, recent, whole, hinted, sweep, count };
  struct Plan {
    Mode mode;
    Entity entity;
    ListRequest request;
    std::set<std::int64_t> missing;   // hinted ids that have not been seen yet
    bool swept = false;               // the sweep has begun
    std::vector<std::int64_t> shown;  // ids the sweep has seen
    std::optional<std::int64_t> total;
  };

  std::vector<Plan> plan(Counts counts, Time now);
  std::vector<Plan> plan_hints();
  // Reads the planned lists to their end and hands the rows on.
  void read(std::vector<Plan>& plans, PassReport& report, const std::stop_token& stop);
  PulledPart take(Plan& plan, ListPart part, const std::optional<Time>& pass_began, Time now);
  // Who is away when, once an hour.
  void read_absences_when_due(PassReport& report, const std::stop_token& stop);
  // Waits until everything handed on so far is in the file, and judged if so wished.
  enum class After { nothing, judge };
  bool commit(After after, const std::stop_token& stop);
  // Entities whose number of rows differs between portal and mirror.
  // Compares ids where needed, and reads what the mirror lacks.
  void sweep(const std::vector<Plan>& counted, PassReport& report, const std::stop_token& stop);
  std::vector<Plan> sweeps_needed(const std::vector<Plan>& counted, Time now);

  Client& client_;
  Reader& reader_;
  EventQueue& events_;
  Hints& hints_;
  Clock& clock_;
  PullerOptions options_;
  std::map<Entity, StreamState> states_;
  seconds portal_offset_{0};
  std::optional<Time> counted_at_;
  std::optional<Time> facts_at_;
  std::optional<Time> absences_at_;
  Progress shown_;
  std::function<void(const Progress&)> progress_;
};

}  // namespace b24
