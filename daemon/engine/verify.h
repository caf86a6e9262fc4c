#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/list.h"
#include "daemon/engine/id_ranges.h"
#include "daemon/engine/progress.h"
#include "daemon/engine/verified.h"
#include "daemon/engine/verify_details.h"
#include "daemon/store/store.h"

// Compares the mirror with the portal, within a budget of requests: the numbers of rows, the ids,
// and some rows field by field.
//
// The mirror lags behind by nature, so there are two looks. The first gathers suspects; the caller
// then lets the mirror move on; the second asks for each suspect once more. A difference is what
// the portal has said both times and the mirror, which was renewed in between, still does not: what
// changed meanwhile is none.
//
// Lists that are read whole (people, directories) are compared in full. Of the others, whole ranges
// of ids are, the small lists first; where the requests do not reach, the newest and random ranges.

namespace b24 {

struct VerifyOptions {
  std::uint64_t requests = 100;            // at most, repeats of a failing one aside
  std::int64_t rows = 200;                 // of each stream, compared field by field
  std::int64_t objects = 50;               // of each kind of details, all that belongs to them
  std::set<Entity> streams = {};           // empty: all
  std::optional<std::uint64_t> seed = {};  // of what is looked at; nothing: by chance
};
// Fewer would not do for two looks.
inline constexpr std::uint64_t kFewestVerifyRequests = 5;

// Reads the portal and the mirror and changes neither. One thread at a time.
class Verifier {
 public:
  Verifier(Client& client, Reader& reader, Clock& clock, VerifyOptions options);
  ~Verifier();
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // The look under way has no request left.
  bool look_over() const { return reading_ == nullptr && details_.look_over(); }
  // One request of it. Fails as Client::batch does, and may then be called again.
  Result<void> step(const std::stop_token& stop);
  // The portal wants all methods of the next request to rest.
  bool must_rest() const;

  // After the first look: streams with suspects; when it was over, by our clock.
  std::set<Entity> suspected() const;
  Time looked_at() const { return looked_at_; }
  // Begins the second look. What has become of the mirror since looked_at():
  enum class Mirror {
    caught_up,     // it was brought up to date in every way
    counted,       // streams that were read since were also counted, and rows that are gone noticed
    maybe_behind,  // each stream's state tells when it was read, and when its ids were compared
  };
  // Where the mirror has not been renewed since, a suspect counts as undecided.
  void look_again(Mirror mirror);

  // After the second look.
  Verification result() const;
  // What mends. Rows as the second look has just read them, in place of those that differ: each is
  // given once, and must be written before anything newer is read.
  std::map<Entity, std::vector<Record>> take_rows_to_write();
  std::vector<DetailRows> take_details_to_write() { return details_.take_rows_to_write(); }
  // Rows that only the mirror has, of each stream the first kMostDifferences: to be asked for
  // again.
  std::map<Entity, std::vector<std::int64_t>> only_here() const;

  void on_progress(std::function<void(const Progress&)> report) { progress_ = std::move(report); }

 private:
  enum class Purpose { count, whole, ids, rows, again };
  enum class Phase { lists, rows, details, ids, windows, waiting, again };
  struct Suspect {
    Difference::Kind kind = Difference::Kind::field;
    std::vector<FieldDifference> fields = {};  // as the first look saw them
  };
  struct Stream {
    const EntitySpec* spec = nullptr;
    StreamState state;
    StreamVerdict verdict;
    IdRanges covered;
    std::int64_t mirror_ids = 0;          // of the mirror, compared
    bool all_ids = false;                 // every id was compared
    bool by_windows = true;               // the portal's filter by id holds
    std::optional<std::int64_t> counted;  // the portal's rows at the first look
    bool count_differs = false;           // then
    // At the second look: rows that the portal had both times beyond the mirror's; or below zero.
    std::int64_t excess = 0;
    std::map<std::int64_t, Suspect> suspects;
    std::vector<Difference> differences;
    std::int64_t missing = 0, gone = 0;  // differences of these kinds
  };
  struct Task;
  struct Reading;

  void begin_next();
  void begin(std::vector<Task> tasks, std::uint64_t most_requests);
  std::vector<Task> plan_lists() const;
  std::vector<Task> plan_rows();
  std::vector<Task> plan_ids();
  std::vector<Task> plan_window();
  std::vector<Task> plan_again();
  // Requests that a look may still make.
  std::uint64_t left_for_first() const;
  std::uint64_t left_for_second() const;
  std::vector<std::int64_t> sample(const Stream& stream, std::int64_t rows);
  // Where the next window of ids begins; nothing when there is none left to look at.
  std::optional<std::int64_t> window_start(Stream& stream);
  std::int64_t between(std::int64_t low, std::int64_t high);

  void take(Task& task, const ListPart& part);
  void take_count(Stream& stream, const ListPart& part);
  void take_whole(Stream& stream, Task& task, const ListPart& part);
  void take_rows(Stream& stream, Task& task, const ListPart& part);
  void take_ids(Stream& stream, Task& task, const ListPart& part);
  void take_again(Stream& stream, Task& task, const ListPart& part);
  // `shown`: the portal's ids from after `after` up to `to`.
  void compare_ids(Stream& stream, std::int64_t after, std::int64_t to,
                   std::vector<std::int64_t> shown);
  void compare_row(Stream& stream, const Record& record);
  // Nothing when the mirror has no such row.
  std::optional<std::vector<FieldDifference>> differences(const Stream& stream,
                                                          const Record& record);
  void judge(Stream& stream, const Suspect& suspect, const Record& record);
  void judge_unshown(Stream& stream, std::int64_t id, const Suspect& suspect);
  // The mirror has looked there since the first look.
  bool has_moved_on(const Stream& stream, Difference::Kind kind, const Record* record) const;
  void note(Stream& stream, Difference difference);
  void finish();
  void judge_count(Stream& stream, std::int64_t not_understood);

  Client& client_;
  Reader& reader_;
  Clock& clock_;
  VerifyOptions options_;
  std::mt19937_64 random_;
  std::map<Entity, Stream> streams_;
  DetailComparison details_;
  Phase phase_ = Phase::lists;
  std::unique_ptr<Reading> reading_;
  std::vector<Entity> large_;  // whose ids are looked at by windows
  std::size_t next_large_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t handled_ = 0;  // rows and ids
  Time looked_at_{};
  Mirror mirror_ = Mirror::caught_up;
  std::map<Entity, std::vector<Record>> rows_to_write_;
  std::function<void(const Progress&)> progress_;
};

}  // namespace b24
