#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/engine/details.h"
#include "daemon/engine/event.h"
#include "daemon/engine/judge.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/point_check.h"
#include "daemon/store/store.h"
#include "rules/route.h"

// The only writer. Takes what the puller and the sender bring, keeps the mirror, judges the rules
// and queues what people are to be told: alerts, messages and outbox move in one transaction, so a
// kill at any instant leaves all of it or nothing.

namespace b24 {

struct EngineOptions {
  std::string portal_url;
  // Off: the mirror is kept, nothing is judged or told (for `sync`).
  bool judging = true;
  // Told to the puller.
  std::shared_ptr<NeededDetails> needed = std::make_shared<NeededDetails>();
  // Where the next look shall look: what a message names is asked for there first.
  PointCheck::Ask look_at = {};
};

class Engine {
 public:
  // `send` hands a notice to the sender, and gives false if there is no room; everything
  // undelivered is handed over again after a restart, and after the pause of a failed delivery.
  Engine(Writer& writer, Reader& reader, const Config& config, RuleSet rules, EventQueue& events,
         Clock& clock, EngineOptions options, std::function<bool(const Notice&)> send);

  // Until a stop is requested. A service waits while the disk is full or another program holds the
  // file, and goes on with the same work then; for a command that, and any other StoreFailure
  // always, climbs out.
  void run(const std::stop_token& stop);
  // After run(), until the queue is closed: still writes what became of the notices, since one that
  // was told would be told again. Rows are left out: they are read again.
  void finish();

  // One event, for commands that have no thread for the engine.
  void take(const Event& event);

  // What the service waits for now, a sentence; empty when it works. Any thread.
  std::string trouble() const;

  // Grows with every turn of the loop, for the watchdog.
  std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  // Does the work, again and again, at growing pauses, while the disk does not let it.
  void outlast(const std::function<void()>& work);
  void note_trouble(const std::string& text);
  void judge_when_due(Time now);
  void back_up_when_due(Time now);
  void take_rows(const Pulled& pulled);
  void take_part(const PulledPart& part, Time now);
  // The rows that a finished sweep finds gone, if that is believed.
  std::vector<std::int64_t> finish_sweep(const PulledPart& part);
  // The portal was restored from a backup: what is in the mirror may never have been, and its ids
  // are given to others. All is read again; what no longer holds ends without a word of a recovery.
  // Two steps: what is written, and, once that is committed, what this object knows.
  void clear_for_restored(Time now);
  void begin_anew();
  // Every rule is looked at as for the first time.
  void forget_looks();
  // Tells of lists that cannot be read for long, once, and of the end of it. A list that cannot be
  // read reports so with every attempt.
  void watch_streams(Time now);
  // Tells that many rows are hidden from the webhook's user, and of the end of it: somebody has
  // taken his rights.
  void watch_hidden(Time now);
  // To whoever looks after the program; `name` is the message's tag, as in "b24watch:name".
  void tell_administrators(const std::string& text, const std::string& name, Time now);
  void prune_when_due(Time now);
  void take_facts(const FactsRead& facts);
  // Brings the local days of the calls to the zone in force; false if a stop came before the end.
  bool settle_days();
  void take_absences(const AbsencesRead& read);
  void take_workdays(const WorkdaysRead& read);
  void take_presence(const PresenceTold& told);
  void take_verified(const Verified& verified);
  void take_details(const DetailsRead& read);
  void take_fates(const FatesRead& read);
  void take_noted(const Noted& noted);
  // How much of the portal's budgets is used, for a next start.
  void take_limits(const std::optional<LimiterReport>& limits);
  void keep_limits(const std::optional<LimiterReport>& limits);  // in a transaction
  void take_delivery(const Delivered& delivered);
  void note_failure(const OutboxEntry& entry, const Error& why, Time now);
  void take_rules(const RulesLoaded& loaded);
  void refresh_surroundings();

  // All rules, once everything they read is there.
  void judge_all(Time now);
  // Everything is read that will be and that the rules may ask for. What has failed for an hour is
  // not waited for any longer.
  bool mirror_ready(Time now);
  // What a rule reads; why its SQL cannot be understood.
  Result<Reads> reads(const Rule& rule);
  // Has the puller read what only is read when a rule asks for it.
  void ask_for_details(Time now);
  // Whether a kind is read at all, of those that can be had in two ways.
  bool is_asked_for(Detail detail);
  // Why a rule must wait for a fresher mirror; nothing if it need not.
  std::optional<std::string> stale(const Rule& rule, Time now);
  struct Outcome {
    const Rule* rule;
    RuleStep step;
    bool first_look;  // or the first since the condition was edited
    Condition condition;
  };
  std::optional<Outcome> judge_rule(const Rule& rule, Time now);
  // The alerts that no `keep_firing` holds.
  std::set<AlertKey> unkept(const Rule& rule, const std::vector<Alert>& alerts,
                            const Judgement& judgement);
  void tell(const std::vector<Outcome>& outcomes, Time now);
  // The summary of what the first looks found.
  std::vector<Outgoing> begin_with(const std::vector<Outcome>& outcomes, const RouteInput& input);
  // A text waits until the portal has shown what it names. It is old when none of its alerts was
  // found by this judgement: then it may name what is deleted since.
  enum class Naming { fresh, old };
  bool waits(const std::vector<ObjectRef>& named, Naming naming);
  // Writes a message with its notice; one that is over and that nobody can have seen says nothing.
  void put(const Outgoing& out, Time now);
  bool is_quiet(Time now) const;
  // Writes the alerts and their journal.
  void save(const Outcome& outcome, Time now);
  RouteInput route_input(Time now) const;
  void close_removed_rules(Time now);
  void complain(const std::string& rule_id, const std::string& problem);

  void send_due(Time now);
  // The state has caught up with the portal after `b24watch restore`.
  void end_restore();

  Writer& writer_;
  Reader& reader_;
  const Config& config_;
  RuleSet rules_;
  EventQueue& events_;
  Clock& clock_;
  EngineOptions options_;
  std::function<bool(const Notice&)> send_;
  Judge judge_;
  PointCheck check_;
  std::optional<PortalFacts> facts_;
  Surroundings around_;
  std::map<std::string, Reads> reads_;             // by rule
  std::map<std::string, std::string> complaints_;  // by rule: its latest problem
  std::map<Entity, StreamState> streams_;
  std::map<Detail, DetailState> details_;
  std::optional<std::set<Detail>> needed_;  // as told to the store
  SteadyTime payments_again_at_{};
  std::map<Entity, Time> troubled_since_;  // streams that cannot be read
  // Lists whose newest rows the portal no longer shows, how many.
  std::map<Entity, std::int64_t> lost_ends_;
  bool begun_anew_ = false;           // since the last PassDone
  std::optional<KeptOutage> outage_;  // that was told
  Time rules_from_;                   // when the rules in force were loaded
  std::set<std::int64_t> in_flight_;  // outbox ids with the sender
  std::uint64_t kept_requests_ = 0;   // sent when the state was last told of the limits
  std::optional<Time> judged_at_;
  bool changed_ = false;  // the mirror, since the rules were judged
  // The state is that of a backup: what waited in it, up to this outbox id, may be over, and is
  // told once a rule has been looked at.
  std::optional<std::int64_t> held_until_;
  std::optional<SteadyTime> pruned_at_;
  SteadyTime backup_check_{};   // when the next look at the backups is due
  std::string backup_problem_;  // why the latest could not be made
  std::string days_zone_;       // of all local days in the mirror, if it is one
  std::stop_token stop_;        // of run()
  std::atomic<std::uint64_t> turns_{0};
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
};

// Changes whenever what a rule judges by, or who is judged, changes; its words do not count.
std::string fingerprint(const RuleSet& rules, const Rule& rule, const Config& config);

}  // namespace b24
