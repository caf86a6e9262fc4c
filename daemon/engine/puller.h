#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/list.h"
#include "daemon/engine/details.h"
#include "daemon/engine/differences.h"
#include "daemon/engine/event.h"
#include "daemon/engine/fate_reader.h"
#include "daemon/engine/hints.h"
#include "daemon/engine/pace.h"
#include "daemon/engine/presence_puller.h"
#include "daemon/engine/progress.h"
#include "daemon/engine/verify.h"
#include "daemon/store/store.h"

// Brings the portal's rows to the engine: a full read of every stream once, then what changed, in
// one request a poll. Decides nothing and writes nothing; its own thread, or a command's.

namespace b24 {

struct PullerOptions {
  Pace pace{};                   // between two looks
  CalendarOverrides calendar{};  // of the settings, for the pace
  seconds count_every{900};      // between two comparisons of how many rows there are
  seconds sweep_every{86400};    // between two comparisons of all ids
  seconds facts_every{3600};     // between two readings of the portal's own settings
  seconds refused_every{3600};   // between two attempts at an optional stream that is refused
  // Of one comparison of ids, beside each look: a million ids, 400 requests, must not hold it up.
  int sweep_requests = 4;
  // Of the first reading of optional streams, beside each look: millions of activities must not
  // keep the rules from the deals.
  int fill_requests = 40;
  // Of the nightly comparison with the portal, beside each look; none: it is not made.
  int verify_requests = 4;
  seconds verify_every{72000};  // once a night, be it an hour earlier than the last
  VerifyOptions verify{.requests = 200};
  DetailOptions details{};
  PresenceOptions presence{};
  // Of why rows are gone, beside each look.
  int fate_requests = 2;
};

struct PassReport {
  std::uint64_t rows = 0;      // read from the portal
  std::optional<Error> error;  // why the pass ended early; what it brought is kept
  // Streams that could not be read, each with its sentence; what is optional and refused is told by
  // its StreamState alone.
  std::vector<Error> streams;
  bool committed = false;  // all of it is in the file
};

class OfflineEvents;

class Puller {
 public:
  Puller(Client& client, Reader& reader, EventQueue& events, Hints& hints, Clock& clock,
         PullerOptions options);

  // Reads the portal's settings and hands them on. Must succeed once before the first pass; fails
  // with no_rights for a webhook that sees only a part of the portal.
  Result<PortalFacts> read_facts(const std::stop_token& stop);
  // What an earlier run knows of the portal's settings.
  void assume(const PortalFacts& facts, Time read_at);
  void assume_presence(PresencePart part, Time read_at);

  // Everything that is due, until it is committed. `now`: also compares the numbers of rows, and
  // all ids where they differ, to the end; otherwise that goes on beside the passes, chunk by
  // chunk, and so does the first reading of what is optional, and what must rest longer than a
  // moment, by the portal's limits, is left to a later pass, which goes on where this one stood.
  enum class Counts { when_due, now };
  PassReport pass(Counts counts, const std::stop_token& stop);

  // Lists that are read only now and then are due with the next pass: those that are read whole, or
  // the recent rows of others as well.
  enum class Renewed { whole_lists, all };
  void renew(Renewed what = Renewed::all);

  // Writes what the verifier has just read in place of what differs; after its second look, has the
  // rows that only the mirror holds asked for with the next pass. Gives how many rows.
  std::int64_t mend(Verifier& verifier, const std::stop_token& stop);
  std::int64_t ask_again(const Verifier& verifier);

  // Passes for ever: poll, hints, back-off while the portal is away.
  void run(const std::stop_token& stop);

  // How long until the next look, by the hour it is.
  seconds pace() const;
  // How long to wait after a failure, `last` being the wait before it; zero after a good pass.
  static seconds pause_after(const Error& why, seconds last, seconds poll);

  // The application's queue, which outlives the puller: asked with each pass from now on.
  void listen_to(OfflineEvents& queue) { queue_ = &queue; }

  void on_progress(std::function<void(const Progress&)> report) { progress_ = std::move(report); }

 private:
  enum class Mode { full, changed, also_changed, newer, recent, whole, hinted, sweep, count };
  struct Plan {
    Mode mode;
    Entity entity;
    ListRequest request;
    bool answered = false;                   // read to its end
    std::set<std::int64_t> missing = {};     // hinted ids that have not been seen yet
    bool rejected = false;                   // some rows were not understood
    bool swept = false;                      // the sweep has begun
    std::vector<std::int64_t> shown = {};    // ids a sweep has seen since they were looked at, or
                                             // the recent ones
    std::optional<std::int64_t> total = {};  // rows, by the portal's count
  };
  // Lists under way.
  struct Reading {
    Reading(Client& client, std::vector<Plan> what, seconds portal_offset, Time now);
    // The list has brought all that has changed, with its further conditions.
    bool all_changes_read(Entity entity) const;
    std::vector<Plan> plans;
    ListReader reader;
    std::optional<Time> began;  // by the portal's clock
    Time began_here;
  };

  // What changed, or the recent rows, read in part: the method had to rest, or the portal went
  // away. A mass edit may take more than one window of the operating budget.
  struct Unfinished {
    ListRequest request;  // goes on after what is read
    Time began;           // by the portal's clock; what changes later is found by the next reading
    Time began_here;
    bool done = false;  // and waits for the other list of the stream's changes
  };

  // What must be read, and short lists; the first reading of what else is optional; what hints say.
  std::vector<Plan> plan(Counts counts);
  std::vector<Plan> plan_optional() const;
  std::vector<Plan> plan_hints();
  static Plan hinted(Entity entity, std::set<std::int64_t> ids);
  // Hints that find no room beside a poll wait for the lists of changes, which bring most of them
  // anyway; then the rest is read: what was deleted, or has not changed.
  void wait_for_changes(std::vector<Plan>& hints);
  void read_awaited(Counts counts, PassReport& report, const std::stop_token& stop);
  // Reads the planned lists to their end and hands the rows on; gives the plans back as they are
  // then. Hints that found no answer are kept for later.
  std::vector<Plan> read(std::vector<Plan> plans, Counts counts, PassReport& report,
                         const std::stop_token& stop);
  // Whatever is left of a reading must rest for so long that the other streams are not kept
  // waiting.
  bool rests(const Reading& reading, Counts counts) const;
  // One request of a reading. False: report.error says why not.
  bool step(Reading& reading, PassReport& report, const std::stop_token& stop);
  PulledPart take(Reading& reading, ListPart part);
  // How far the part brings its stream, and what that means to the mirror.
  void advance(const Reading& reading, Plan& plan, const ListPart& part, PulledPart& out);
  // What has left the recent rows is asked for with the next pass.
  void ask_for_left(const Plan& plan);
  // Where a later pass goes on.
  void note_unfinished(const Reading& reading, const Plan& plan, const ListPart& part, Time began);
  // All changes of a stream are read, as of the beginning of the earlier list.
  void end_changes(const Reading& reading, StreamState& state);
  // Looks at the counts a pass has brought; with `now` twice in one pass. False: stopped.
  bool check_counts(std::vector<Plan> counted, Counts counts, PassReport& report,
                    const std::stop_token& stop);
  // Begins a comparison of ids where the counts say so, or where it is time.
  void compare(const std::vector<Plan>& counted);
  // The comparisons under way, one chunk of each, or all to the end; reads what the mirror lacks.
  void sweep(Counts counts, PassReport& report, const std::stop_token& stop);
  bool sweep_chunk(Reading& reading, Counts counts, PassReport& report,
                   const std::stop_token& stop);
  // The nightly comparison with the portal, some requests of it; what differs is mended.
  void verify(PassReport& report, const std::stop_token& stop);
  bool verify_is_due() const;
  bool verify_step(PassReport& report, const std::stop_token& stop);
  void end_verify(const std::stop_token& stop);
  // The first reading of optional streams, some requests of it.
  void fill(PassReport& report, const std::stop_token& stop);
  // What belongs to the objects, as much as there is room for.
  void read_details(Counts counts, PassReport& report, const std::stop_token& stop);
  // Waits until everything handed on so far is in the file, and judged if so wished.
  enum class After { nothing, judge };
  // False: a stop came first, or the mirror was cleared and is to be read anew.
  bool commit(After after, const std::stop_token& stop);
  // Until the next poll is due, or hints are gathered.
  void wait_for_look(const std::stop_token& stop);
  // As the file says, on which a pass builds.
  void load_states();
  // What pass() does, once.
  PassReport look(Counts counts, const std::stop_token& stop);
  // Why nothing at all is read is the problem of every stream that is not refused on its own; the
  // next good pass ends it.
  void tell_trouble(const Error& why, const std::stop_token& stop);
  void end_trouble(const std::stop_token& stop);
  // An optional stream that the portal has refused is left alone for a while.
  bool rests(Entity entity) const;
  void know(const PortalFacts& facts);
  // When something done at `done` comes round again. By the steady clock, so that setting the
  // system's clock back puts nothing off for longer than `every`.
  SteadyTime due_after(const std::optional<Time>& done, seconds every) const;

  Client& client_;
  Reader& reader_;
  EventQueue& events_;
  Hints& hints_;
  Clock& clock_;
  OfflineEvents* queue_ = nullptr;
  PullerOptions options_;
  DetailPuller details_;
  PresencePuller presence_;
  FateReader fates_;
  std::map<Entity, StreamState> states_;
  std::set<Entity> failed_;  // streams that failed in this pass
  seconds portal_offset_{0};
  std::optional<Calendar> calendar_;
  // When they are due; what is not there is due now.
  std::map<Entity, SteadyTime> list_due_;  // lists read whole, or the recent rows again
  std::map<Entity, SteadyTime> sweep_due_;
  std::map<Entity, SteadyTime> rest_until_;  // optional streams that are refused
  SteadyTime count_due_{};
  SteadyTime facts_due_{};
  SteadyTime details_due_{};
  bool begun_anew_ = false;  // the mirror was cleared in this pass
  Differences differences_;
  std::map<Entity, std::set<std::int64_t>> awaited_;  // hinted, and not brought by this look yet
  Gathering gathering_;
  std::map<std::pair<Entity, Mode>, Unfinished> unfinished_;  // a restart begins them anew
  std::map<Entity, Reading> sweeps_;     // under way; a restart begins them anew
  std::optional<Reading> filling_;       // under way; a restart goes on at the cursors
  std::unique_ptr<Verifier> verifying_;  // under way; a restart begins it anew
  SteadyTime verify_due_{};
  SteadyTime verify_again_at_{};  // its second look
  Progress shown_;
  std::function<void(const Progress&)> progress_;
};

}  // namespace b24
