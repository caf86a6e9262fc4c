#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/portal.h"
#include "connectors/bitrix24/probe.h"
#include "connectors/bitrix24/probe_lines.h"
#include "daemon/store/store.h"

// Whether b24watch can work: the checks of `init` and `doctor`. First somebody looks (at the
// portal, at this machine), then what was seen becomes sentences; these are pure and share nothing.

namespace b24 {

enum class Outcome { ok, warning, failure };
const char* name(Outcome outcome);  // "ok", "warning", "failure"

// Whom a failure is up to: the exit code of a command comes of it.
enum class Blame {
  settings,  // mend the settings or rules
  portal,    // the portal refuses: webhook, rights, scopes
  state,     // the state folder, the disk, the database
  passing,   // nothing but time: no connection
};

struct Check {
  std::string id;  // "scope_crm"; stable, for scripts
  Outcome outcome = Outcome::ok;
  std::string text;    // one sentence
  std::string advice;  // what to do; empty when all is well
  Blame blame = Blame::portal;
};

// The names of the rules that read a kind of objects.
using RuleReaders = std::map<Entity, std::vector<std::string>>;
// Of the rules in force, as the mirror's schema tells.
RuleReaders readers_of(Reader& reader, const RuleSet& rules);

// --- the portal ---

struct PortalSight {
  std::string host;      // as in the webhook
  bool tls = true;       // off: a loopback address
  std::string moved_to;  // where the portal redirects to; empty when it does not
  PortalFacts facts;
  Time asked_at;  // our clock, when the portal told its own
  PortalProbe probe;
  LinesProbe lines;
};

// Who we are there. Fails as read_portal_facts does.
Result<PortalSight> meet_portal(Client& client, Clock& clock, const std::stop_token& stop);
// What it gives and how it behaves: fills `probe` and `lines`. Fails as probe_portal does.
Result<void> probe_sight(Client& client, PortalSight& sight, const std::stop_token& stop);

// That the portal could not be met or probed: one check, the reason in its text.
Check check_refusal(const Error& refusal, const std::string& portal_url, Way way = Way::webhook);
// Address, webhook, its owner, the clocks; a failure among them makes the rest pointless.
std::vector<Check> check_owner(const PortalSight& sight);
// The calendar as portal and settings make it.
std::vector<Check> check_calendar(const PortalSight& sight, const Config& config);
// The application has no tokens, or dead ones: `lacking` says why.
Check check_not_installed(const Error& lacking);
// The portal's queue of events, of an application alone. Fails as Client::batch does.
Result<Check> check_offline_events(Client& client, const std::stop_token& stop);
// Scopes with what each shows, refused streams, telephony and the mode of leads.
std::vector<Check> check_streams(const PortalSight& sight, const RuleReaders& readers);
// Working days of others, and sessions of Open Lines; nothing of what the portal does not tell.
std::vector<Check> check_lines(const LinesProbe& lines, Way way);
// What was found out where the portal's docs are silent, and what b24watch does then.
std::vector<Check> check_behaviour(const PortalProbe& probe);

// --- this machine ---

struct Disk {
  std::filesystem::path folder;
  bool exists = false;
  bool writable = false;  // it, or the nearest folder above it that is there
  std::optional<std::uint64_t> free_bytes;
};
Disk look_at_disk(const std::filesystem::path& state_dir);
std::vector<Check> check_disk(const Disk& disk);

// The mirror as it stands; a file that cannot be opened or read is a failure, none at all is not.
std::vector<Check> check_mirror(const Config& config, Time now);
// The same of what was read from it. Nothing is fresher than the pace of the polls.
Check check_freshness(const std::vector<StreamState>& streams, const PortalSettings& portal,
                      Time now);
// What belongs to objects and the portal does not give, for now or at all; nothing of what no rule
// reads.
std::vector<Check> check_details(const std::vector<DetailState>& details);
Check check_outbox(const OutboxCounts& outbox, Time now);
// Rows that the webhook's user may not see any more; nothing without any.
std::optional<Check> check_hidden(const std::map<Entity, std::int64_t>& hidden,
                                  Way way = Way::webhook);

// The mirror is of another portal than the webhook leads to, `host`; nothing when it is not.
// `known`, `moved_to`: what the state says, if anything.
std::optional<Check> check_same_portal(const std::optional<std::string>& known,
                                       const std::optional<std::string>& moved_to,
                                       const std::string& host);

// `warnings` and `errors` that loading and checking the rules gave, of `count` rules.
Check check_rules_loaded(std::size_t count, std::size_t errors, std::size_t warnings);
// There was no room for a mirror to try the rules on.
Check check_rules_untried(const StoreFailure& why);

// --- for all ---

Outcome worst(const std::vector<Check>& checks);
// The gravest failure's; nothing without a failure.
std::optional<Blame> blame_of(const std::vector<Check>& checks);

// "40 с", "3 мин", "5 ч"
std::string rough_duration(seconds duration);

}  // namespace b24
