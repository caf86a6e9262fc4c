#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/bitrix24/details.h"
#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/fate.h"
#include "connectors/bitrix24/presence.h"
#include "rules/alert.h"
#include "rules/base/entity.h"
#include "rules/base/notice.h"
#include "rules/route.h"
#include "rules/rule.h"
#include "rules/surroundings.h"

// The one SQLite file of a portal: the mirror (can be read again from the portal) and the state
// (cannot). One Writer, held by the engine; any number of Readers, one per thread.
//
// Broken SQL of ours, a full or failing disk and a damaged file throw StoreFailure, which climbs to
// the loop of the thread. What a person can cause is returned as an Error.

namespace b24 {

struct StoreFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
  // The disk is full, or another program holds the file: what was written stays, and the same work
  // may be done later.
  bool passes = false;
};

// How far the reading of one kind of object has come.
struct StreamState {
  Entity entity = Entity::deal;
  bool full_done = false;             // the whole list has been read once
  std::int64_t cursor_id = 0;         // of the full read: everything up to this id is here
  std::optional<Time> full_began_at;  // portal's clock
  std::optional<Time> watermark;      // everything changed before this is here (portal's clock)
  std::optional<Time> fresh_at;       // our clock: the last successful look
  std::optional<Time> swept_at;       // our clock: the last comparison of ids
  std::optional<Time> recent_at;      // our clock: rows that are filled in later were read again
  std::string problem;                // why it does not go on; empty when it does
  bool refused = false;  // the portal refuses it as things are: waiting will not bring it
};

// So many rows were missing from the portal's answer that it is not believed for now.
struct Doubt {
  Time since;             // our clock
  std::int64_t rows = 0;  // missing

  friend bool operator==(const Doubt&, const Doubt&) = default;
};

// What a comparison of ids has not seen.
struct Swept {
  std::vector<std::int64_t> gone;  // ascending
  std::int64_t tail = 0;           // how many of them came after the last row that was shown
};

// "Europe/Moscow": all local days are in this zone. "Europe/Moscow 1200": up to this call's id.
inline constexpr const char* kDaysZoneMeta = "days_zone";

struct UpsertCounts {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
};

// What an upsert takes for granted of the row that is there: what was kept beside its values, its
// hash and its age; or nothing, when the row was found to differ from the portal's.
enum class Trust { kept, nothing };

// One value that differs between a mirrored row and the portal's.
struct FieldDifference {
  std::string field;  // a column, or a portal field without a column
  Value here;         // in the mirror
  Value there;        // on the portal

  friend bool operator==(const FieldDifference&, const FieldDifference&) = default;
};

struct DetailDifference {
  std::int64_t here = 0, there = 0;  // rows
  bool waiting = false;              // the object's details are to be read anew
};

struct SavedFates {
  std::int64_t left = 0;                  // rows that were in the views until now
  std::map<Entity, std::int64_t> hidden;  // that were not known to be
};

// By how much the seen_at of a stored alert may lag behind.
inline constexpr seconds kSeenSlack{300};

struct OutboxEntry {
  Notice notice;
  std::int64_t failures = 0;  // attempts that failed
  std::int64_t refusals = 0;  // those of them that no waiting would have helped
  std::string problem;        // of the latest failure; empty without one
};

// Notices handed over at a time: each holds its texts.
inline constexpr std::int64_t kMostDue = 64;

// Why a notice was not delivered.
enum class Failure {
  unanswered,  // nobody can say whether it was shown
  passing,     // it was not shown, for a reason that passes
  refusal,     // it was not shown: the portal refuses this very notice
};

// What opening may find wrong; each with a sentence that says what to do.
// invalid_input: the folder or file cannot be written, the database is of a newer version, another
// b24watch holds it, the file is no database.
struct StorePaths {
  std::filesystem::path state_dir;
  std::filesystem::path file() const { return state_dir / "b24watch.sqlite"; }
};

// Whether another program, such as the service, holds the folder's lock. To be asked after
// Writer::open() has failed: the question itself takes the lock for a moment when it is free.
bool is_held(const StorePaths& paths);

// The engine's connection. One thread at a time; holds a lock on the folder, so that two programs
// never write. Whatever writes belongs inside a Transaction.
class Writer {
 public:
  // Creates the folder (0700) and the file (0600) where missing, brings the schema up to date.
  static Result<std::unique_ptr<Writer>> open(const StorePaths& paths);
  ~Writer();

  // Rolled back unless committed. Not nested.
  class Transaction {
   public:
    explicit Transaction(Writer& writer);
    ~Transaction();
    void commit();

   private:
    Writer& writer_;
    bool done_ = false;
  };

  // --- mirror ---
  // Inserts and updates by id; skips unchanged rows; logs every changed column in the change log;
  // brings a row marked deleted back to life. An older row never replaces a newer one (by the
  // entity's time of change), unless nothing is trusted.
  UpsertCounts upsert(Entity entity, std::span<const Record> records, Time seen_at,
                      const Calendar& calendar, Trust trust = Trust::kept);
  void reject(std::span<const RejectedRow> rows, Time seen_at);
  // Rows that the portal no longer shows. They leave every view, and stay in the file.
  // Gives how many were there until now. Why is to be asked: they are among Reader::lost().
  std::int64_t mark_deleted(Entity entity, std::span<const std::int64_t> ids, Time seen_at);
  // The details of some objects as they are now, in place of those before; they are not wanted any
  // more.
  void save_details(std::span<const DetailRows> details);
  void save_detail(const DetailState& state);
  // Rows that are there, and whose fate is to be asked for all the same.
  void ask_fate(Entity entity, std::span<const std::int64_t> ids);
  // Some of the hidden rows, by chance: they may be deleted meanwhile.
  void ask_hidden_again(Entity entity);
  // What became of the lost. A hidden row leaves the views if it is there; a deleted one stays,
  // for whoever doubts decides.
  SavedFates save_fates(std::span<const ObjectFate> fates, Time seen_at);
  // Which of the kinds that are read on demand are demanded: of those that were not, all that is
  // worth asking is wanted; what was wanted of others is forgotten, and so is what was read.
  void need_details(const std::set<Detail>& needed, Time now);
  // Payments of cards that may have been paid meanwhile.
  void want_payments_again(Time now);
  // The working days that the portal tells; a later reading of the same day takes its place. True
  // when anything is new.
  bool save_workdays(std::span<const Workday> workdays, Time seen_at);
  void save_workday_rules(std::span<const WorkdayRules> rules);
  void save_stream(const StreamState& state);
  // Gathers the ids seen by a sweep; finish_sweep gives those of the mirror that were not among
  // them. Rows that are upserted meanwhile count as seen. The ids live in this connection: after a
  // restart a sweep begins anew, and finish_sweep without begin_sweep gives nothing. A sweep that
  // saw no row at all gives every id: the caller judges whether to believe.
  void begin_sweep(Entity entity);
  void add_swept(Entity entity, std::span<const Record> records);
  Swept finish_sweep(Entity entity);
  void abandon_sweep(Entity entity);
  std::optional<Doubt> doubt(Entity entity);
  void save_doubt(Entity entity, const std::optional<Doubt>& doubt);
  // The local days of some more calls, after the zone has changed; true when all are in the
  // calendar's zone. How far it has come is kept in the meta kDaysZoneMeta, so that it goes on
  // after a kill, and begins anew when the zone changes once more.
  bool recompute_days(const Calendar& calendar);

  // Forgets every row and how far each list was read: all is read again, as at first. The change
  // log stays, and so does the state.
  void clear_mirror();

  // --- state ---
  std::vector<Alert> alerts(const std::string& rule_id);
  std::vector<Alert> alerts();
  // Skips the write when nothing but seen_at and held would change, and seen_at by less than
  // kSeenSlack: what stands for weeks is not written every minute. The two belong together, so time
  // for `for` is not lost. Of an object the value does not count either: its age grows by itself.
  // Exact are pending and firing alerts, whose firing and end may wait by seen_at.
  // A resolved alert is kept without its items, a known one without its fields too: nobody asks.
  void save_alert(const Alert& alert);
  void forget_alert(const std::string& rule_id, const AlertKey& key);
  void journal(const std::string& rule_id, const AlertKey& key, Transition transition,
               std::int64_t episode, double value, double norm, Time at);
  std::vector<Message> messages(const std::string& rule_id);
  void save_message(const Message& message);
  // Queues a notice and drops an older unsent one with the same recipient and tag. Gives the
  // outbox id. The same words again, with nothing else said under the tag since, are not queued
  // twice: the id is that of the first.
  std::int64_t queue(const Notice& notice, Time at);
  // The waiting notice under this tag, if it failed for certain, and so did all before it: nobody
  // has seen anything under this tag.
  std::optional<std::int64_t> unseen(std::int64_t recipient, const std::string& tag);
  void withdraw(std::int64_t id);
  void mark_delivered(std::int64_t id, std::int64_t portal_id, Time at);
  // Without a time to try again the notice is given up: it stays for `status` until it is pruned.
  void mark_failed(std::int64_t id, Failure failure, const std::string& reason,
                   std::optional<Time> next_try_at);
  // What is to be sent now, the oldest first, at most kMostDue. A notice whose time to try again is
  // further ahead than `longest_pause` is due as well: the clock was set back since. Those up to
  // `after_id` are left out.
  std::vector<OutboxEntry> due(Time now, seconds longest_pause, std::int64_t after_id = 0);
  // The newest outbox id; 0 when there is none.
  std::int64_t last_queued();
  // One notice; nothing when it was delivered, given up or replaced.
  std::optional<OutboxEntry> undelivered(std::int64_t id);
  // Forgets what is too old to be asked for: changes, the journal and resolved alerts after 400
  // days, notices delivered or given up and rejected rows not seen again after 30. A `now` that is
  // ahead of the truth would forget too much.
  void prune(Time now);
  // Small named facts: the portal's settings, who is away, which rules were looked at.
  std::optional<std::string> meta(const std::string& name);
  std::map<std::string, std::string> metas(const std::string& prefix);  // by name
  void set_meta(const std::string& name, const std::string& value);
  // Whose webhook we are; the views tell his doing from a manager's.
  void set_service_user(std::int64_t user_id);

  // --- backups (backup.h); not inside a Transaction ---
  std::optional<Time> backed_up_at() const;
  void back_up(Time now);

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct QueryLimits {
  milliseconds time{2000};
  std::int64_t rows = 1'000'000;
};

// The outbox as numbers, for `status`.
struct OutboxCounts {
  std::int64_t waiting = 0;
  std::optional<Time> waiting_since;  // when the oldest that waits was queued
  std::int64_t given_up = 0;          // not yet pruned
  std::optional<Time> delivered_at;   // the latest
  std::string problem;                // of the latest failure that still waits or was given up
};

// What a prepared query reads and gives, for checks.
struct QueryInfo {
  std::vector<std::string> columns;
  std::vector<std::string> parameters;  // ":now", ...
  // What it really touches: the tables behind columns of a view that it does not name are not among
  // them, where SQLite leaves those columns out.
  std::set<Entity> reads;
  std::set<Detail> details;
};

// An error in somebody's SQL. `offset` is the byte in the text, -1 if unknown.
struct SqlError {
  std::string text;  // SQLite's own words, or ours for what only we refuse
  int offset = -1;
  bool too_slow = false;
};

// A read-only connection behind an authorizer, limits and a deadline: SELECT over the views only,
// one statement, no functions that cannot be interrupted. One thread at a time.
//
// Functions for SQL besides SQLite's own (available after set_surroundings):
//   local_day(t) '2026-11-21'; work_days(a, b); work_minutes(a, b); effective_deadline(t);
//   absent_through(manager_id, a, b); is_manager(id); is_sales(pipeline_id);
//   is_test_deal(title, type_id); is_test_task(title, group_id); talk_seconds(duration, line).
// An instant that is NULL, no number or beyond the years 1970 to 9999 gives NULL. These need no
// surroundings: to_base(amount_minor, rate, nominal), hundredths of the base currency, NULL without
// a rate or a nominal; lower(x), upper(x), LIKE (case ignored, "ё" is not "е") and COLLATE NOCASE,
// which know Cyrillic. unixepoch() without arguments is the query's parameter :now, given under
// that name whether the statement names it or not; otherwise the system's clock. So the views'
// "now" is the rule's.
class Reader {
 public:
  // Fails with invalid_input when there is no such file yet, it is of another version, or is not
  // ours.
  static Result<std::unique_ptr<Reader>> open(const StorePaths& paths);
  ~Reader();

  // What the SQL functions count by.
  void set_surroundings(const Surroundings& around);

  tl::expected<QueryInfo, SqlError> prepare(const std::string& sql);
  // Every parameter of the statement must be given by name (":now").
  tl::expected<Table, SqlError> query(const std::string& sql,
                                      const std::map<std::string, Value>& parameters = {},
                                      const QueryLimits& limits = {});

  // --- what the program itself reads ---
  // One for every entity, in the order of kEntities, saved or not.
  std::vector<StreamState> streams();
  // `scope`: whose deals make an owner of deals.
  std::vector<Person> persons(const SalesScope& scope = {});
  std::vector<Department> departments();
  std::vector<Alert> alerts();
  OutboxCounts outbox_counts();
  std::optional<std::string> meta(const std::string& name);
  std::map<Entity, std::int64_t> row_counts();  // not deleted
  std::map<Entity, std::int64_t> rejected_counts();
  std::map<Entity, Doubt> doubts();
  // The day after the oldest call once all calls have been read (that first day may be half a
  // day); nothing before that.
  std::optional<Day> calls_covered_from(const Calendar& calendar);
  // Rows whose time, the one by which a list gives recent ones, is `since` or later.
  std::vector<std::int64_t> recent(Entity entity, Time since);
  std::vector<DetailState> details();
  // Whose details are to be asked for, since they are new or have changed: open ones first, the
  // newest first; how many they are; and those that are open, changed or not.
  std::vector<DetailAsk> wanted_details(Detail detail, std::int64_t most);
  std::map<Detail, std::int64_t> waiting_details();
  // `below`: of these ids only.
  std::vector<DetailAsk> open_owners(Detail detail, const std::optional<std::int64_t>& below,
                                     std::int64_t most);
  // Owners whose details were read, among the newest objects.
  std::vector<DetailAsk> read_owners(Detail detail, Time now);
  // How the mirror's details of an object differ from the portal's; nothing when they are equal, or
  // the mirror does not have the object.
  std::optional<DetailDifference> difference(const DetailRows& there);
  // Those of the ids that the mirror does not have, or holds for deleted.
  std::vector<std::int64_t> missing(Entity entity, std::span<const std::int64_t> ids);
  // Rows of which nobody knows yet why the portal shows them no more, those asked for least often
  // first.
  std::vector<ObjectRef> lost(const std::set<Entity>& without, std::size_t most);
  // Rows that are on the portal and that the webhook's user may not read any more.
  std::map<Entity, std::int64_t> hidden_counts();
  // Those of the ids that the mirror holds for deleted.
  std::vector<std::int64_t> deleted(Entity entity, const std::vector<std::int64_t>& ids);
  // Ids of rows that are not deleted, from after `after` up to `to`, ascending, at most `most`.
  std::vector<std::int64_t> ids(Entity entity, std::int64_t after, std::int64_t to,
                                std::int64_t most);
  std::vector<std::int64_t> newest_ids(Entity entity, std::int64_t most);
  // How the mirror's row differs from the portal's; nothing when it has none, or a deleted one.
  std::optional<std::vector<FieldDifference>> differences(Entity entity, const Record& record);

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The views with their columns and comments, as `b24watch schema` prints them.
struct ViewColumn {
  std::string name;
  std::string type;
  Text comment;
  bool derived = false;  // looked up in other tables: it costs, and waits for their streams
};
struct ViewInfo {
  std::string name;
  Text comment;
  std::vector<Text> notes;  // definitions, a paragraph each
  std::vector<ViewColumn> columns;
};
const std::vector<ViewInfo>& view_infos();

inline constexpr int kSchemaVersion = 3;

}  // namespace b24
