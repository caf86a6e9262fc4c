#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/engine/doubt.h"
#include "daemon/engine/verify_reading.h"

// The Verifier's part that compares, and says what is a difference.

namespace b24 {
namespace {

// The answer to a poll may have been under way for this long when the first look ended.
constexpr seconds kUnderWay{2};

using Ids = std::vector<std::int64_t>;

// Those of `a` that are not in `b`; both ascend.
Ids without(const Ids& a, const Ids& b) {
  Ids rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

Ids ids_of(const std::vector<Record>& records) {
  Ids ids;
  for (const Record& record : records) ids.push_back(record.id);
  return ids;
}

void make_set(Ids& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

// --- the first look ---

void Verifier::take_count(Stream& stream, const ListPart& part) {
  if (!part.done || !part.total) return;
  StreamVerdict& verdict = stream.verdict;
  const std::int64_t here = reader_.row_counts()[verdict.entity];
  verdict.portal_rows = *part.total;
  verdict.mirror_rows = here;
  if (phase_ != Phase::again) {
    stream.counted = *part.total;
    stream.count_differs = *part.total != here;
    return;
  }
  // The mirror was renewed between the counts: on a busy portal it lies between them.
  const auto [low, high] = std::minmax(*stream.counted, *part.total);
  if (here < low) stream.excess = low - here;
  if (here > high) stream.excess = high - here;
}

void Verifier::take_whole(Stream& stream, Task& task, const ListPart& part) {
  for (const Record& record : part.records) compare_row(stream, record);
  std::ranges::move(ids_of(part.records), std::back_inserter(task.shown));
  if (!part.done) return;
  // A row that is not understood keeps its place in the mirror.
  if (!task.rejected) return compare_ids(stream, kFirstId, kLastId, std::move(task.shown));
  stream.verdict.ids = static_cast<std::int64_t>(task.shown.size());
}

void Verifier::take_rows(Stream& stream, Task& task, const ListPart& part) {
  for (const Record& record : part.records) {
    if (task.asked.erase(record.id) > 0) compare_row(stream, record);
  }
  if (!part.done || task.rejected) return;
  for (const std::int64_t id : task.asked) {
    stream.suspects.try_emplace(id, Suspect{Difference::Kind::gone});
  }
}

void Verifier::take_ids(Stream& stream, Task& task, const ListPart& part) {
  Ids shown = ids_of(part.records);
  const bool grows = std::is_sorted(shown.begin(), shown.end()) &&
                     (shown.empty() || shown.front() > task.compared_to);
  task.in_order = task.in_order && grows;
  if (task.in_order) {
    const std::int64_t from = task.compared_to == 0 ? kFirstId : task.compared_to;
    const std::int64_t to = part.done ? kLastId : part.last_id;
    if (to <= from) return;
    if (!part.done) task.compared_to = to;
    stream.all_ids = stream.all_ids || (part.done && task.request.after_id == 0);
    return compare_ids(stream, from, to, std::move(shown));
  }
  // The portal does not keep to the filter by id: only the list as a whole says something.
  stream.by_windows = false;
  if (task.request.after_id > 0) return;
  std::ranges::move(shown, std::back_inserter(task.shown));
  if (!part.done) return;
  stream.all_ids = true;
  compare_ids(stream, kFirstId, kLastId, std::move(task.shown));
}

void Verifier::compare_ids(Stream& stream, std::int64_t after, std::int64_t to, Ids shown) {
  make_set(shown);
  const Entity entity = stream.verdict.entity;
  const Ids here = reader_.ids(entity, after, to, kLastId);
  for (const std::int64_t id : without(shown, here)) {
    stream.suspects.try_emplace(id, Suspect{Difference::Kind::missing});
  }
  for (const std::int64_t id : without(here, shown)) {
    stream.suspects.try_emplace(id, Suspect{Difference::Kind::gone});
  }
  const auto is_new = [&](std::int64_t id) { return !stream.covered.contains(id); };
  stream.verdict.ids += std::count_if(shown.begin(), shown.end(), is_new);
  stream.mirror_ids += std::count_if(here.begin(), here.end(), is_new);
  stream.covered.add(after, to);
  if (stream.spec->renewal == Renewal::whole) stream.all_ids = true;
  if (!stream.all_ids) return;
  stream.verdict.portal_rows = stream.verdict.ids;
  stream.verdict.mirror_rows = stream.mirror_ids;
}

void Verifier::compare_row(Stream& stream, const Record& record) {
  ++stream.verdict.rows;
  auto found = differences(stream, record);
  if (!found || found->empty()) return;
  stream.suspects.try_emplace(record.id, Suspect{Difference::Kind::field, std::move(*found)});
}

std::optional<std::vector<FieldDifference>> Verifier::differences(const Stream& stream,
                                                                  const Record& record) {
  auto found = reader_.differences(stream.verdict.entity, record);
  if (!found) return found;
  const auto& lagging = stream.spec->as_of_change;
  std::erase_if(*found, [&](const FieldDifference& d) {
    return std::find(lagging.begin(), lagging.end(), d.field) != lagging.end();
  });
  return found;
}

std::set<Entity> Verifier::suspected() const {
  std::set<Entity> found;
  for (const auto& [entity, stream] : streams_) {
    const bool count = stream.count_differs && !stream.all_ids;
    if (count || !stream.suspects.empty()) found.insert(entity);
  }
  found.merge(details_.suspected());
  return found;
}

// --- the second look ---

void Verifier::look_again(Mirror mirror) {
  mirror_ = mirror;
  for (StreamState& state : reader_.streams()) {
    const auto found = streams_.find(state.entity);
    if (found != streams_.end()) found->second.state = std::move(state);
  }
  phase_ = Phase::again;
  std::vector<Task> tasks = plan_again();
  const std::uint64_t left = left_for_second();
  const std::uint64_t for_details = details_.suspected().empty() ? 0 : (left + 1) / 2;
  details_.begin_second(for_details);
  begin(std::move(tasks), left - for_details);
  if (look_over()) begin_next();
}

void Verifier::take_again(Stream& stream, Task& task, const ListPart& part) {
  for (const Record& record : part.records) {
    if (task.asked.erase(record.id) == 0) continue;
    const auto suspect = stream.suspects.extract(record.id);
    judge(stream, suspect.mapped(), record);
  }
  if (!part.done || task.rejected) return;
  for (const std::int64_t id : task.asked) {
    judge_unshown(stream, id, stream.suspects.extract(id).mapped());
  }
}

void Verifier::judge(Stream& stream, const Suspect& suspect, const Record& record) {
  using Kind = Difference::Kind;
  const Entity entity = stream.verdict.entity;
  auto found = differences(stream, record);
  std::vector<Difference> confirmed;
  if (suspect.kind == Kind::missing && !found) {
    confirmed.push_back({.entity = entity, .kind = Kind::missing, .id = record.id});
  }
  if (suspect.kind == Kind::field && found) {
    for (FieldDifference& d : *found) {
      // What the portal did not say the first time has changed since.
      const bool said = std::any_of(
          suspect.fields.begin(), suspect.fields.end(),
          [&](const auto& first) { return first.field == d.field && first.there == d.there; });
      if (!said) continue;
      confirmed.push_back({entity, Kind::field, record.id, std::move(d.field), std::move(d.here),
                           std::move(d.there)});
    }
  }
  if (confirmed.empty()) return;
  if (!has_moved_on(stream, suspect.kind, &record)) {
    ++stream.verdict.undecided;
    return;
  }
  for (Difference& difference : confirmed) note(stream, std::move(difference));
  stream.missing += suspect.kind == Kind::missing ? 1 : 0;
  rows_to_write_[entity].push_back(record);
}

void Verifier::judge_unshown(Stream& stream, std::int64_t id, const Suspect& suspect) {
  // What was shown a while ago and no longer is has just been deleted.
  if (suspect.kind != Difference::Kind::gone) return;
  const Entity entity = stream.verdict.entity;
  const bool here = reader_.missing(entity, std::vector{id}).empty();
  if (!here) return;
  if (!has_moved_on(stream, suspect.kind, nullptr)) {
    ++stream.verdict.undecided;
    return;
  }
  note(stream, {.entity = entity, .kind = Difference::Kind::gone, .id = id});
  ++stream.gone;
}

bool Verifier::has_moved_on(const Stream& stream, Difference::Kind kind,
                            const Record* record) const {
  // What was to bring it up to date has failed.
  if (!stream.state.problem.empty()) return false;
  if (mirror_ == Mirror::caught_up) return true;
  const auto since_then = [&](const std::optional<Time>& at) {
    return at && *at > looked_at_ + kUnderWay;
  };
  const EntitySpec& s = *stream.spec;
  if (s.renewal == Renewal::whole) return since_then(stream.state.fresh_at);
  if (kind == Difference::Kind::gone && mirror_ == Mirror::maybe_behind) {
    return since_then(stream.state.swept_at);
  }
  const bool recent = kind == Difference::Kind::field && s.renewal == Renewal::recent_by;
  if (recent && s.recent_may_leave) return since_then(stream.state.recent_at);
  if (recent) {
    for (std::size_t i = 0; i < s.fields.size(); ++i) {
      if (s.fields[i].select != s.recent_filter) continue;
      const auto began = as_integer(record->values[i]);
      const bool young = began && from_unix(*began) > looked_at_ - s.recent;
      if (young) return since_then(stream.state.recent_at);
    }
  }
  return since_then(stream.state.fresh_at);
}

void Verifier::note(Stream& stream, Difference difference) {
  ++stream.verdict.differences;
  if (stream.differences.size() < kMostDifferences) {
    stream.differences.push_back(std::move(difference));
  }
}

void Verifier::finish() {
  const auto not_understood = reader_.rejected_counts();
  for (auto& [entity, stream] : streams_) {
    stream.verdict.undecided += static_cast<std::int64_t>(stream.suspects.size());
    const auto found = not_understood.find(entity);
    judge_count(stream, found == not_understood.end() ? 0 : found->second);
    const std::int64_t looked = std::max(stream.mirror_ids, stream.verdict.rows + stream.gone);
    if (!doubt_after(std::nullopt, {looked, stream.gone, 0, looked_at_})) continue;
    // Lost rights look like a great deletion: nothing is said of the single rows.
    std::erase_if(stream.differences,
                  [](const Difference& d) { return d.kind == Difference::Kind::gone; });
    stream.verdict.differences -= stream.gone;
    note(stream, {.entity = entity,
                  .kind = Difference::Kind::hidden,
                  .here = looked,
                  .there = looked - stream.gone});
  }
}

void Verifier::judge_count(Stream& stream, std::int64_t not_understood) {
  if (stream.all_ids || mirror_ == Mirror::maybe_behind) return;
  // Rows that are not understood are counted by the portal only.
  const bool lacking = stream.excess > stream.missing + not_understood;
  const bool too_many = stream.excess < -stream.gone;
  if (!lacking && !too_many) return;
  note(stream, {.entity = stream.verdict.entity,
                .kind = Difference::Kind::count,
                .here = stream.verdict.mirror_rows,
                .there = stream.verdict.portal_rows.value_or(0)});
}

Verification Verifier::result() const {
  Verification all;
  all.ended_at = clock_.now();
  all.requests = requests_;
  for (const auto& [entity, stream] : streams_) {
    all.streams.push_back(stream.verdict);
    for (const Difference& difference : stream.differences) {
      if (all.differences.size() < kMostDifferences) all.differences.push_back(difference);
    }
  }
  all.details = details_.verdicts();
  std::ranges::copy(details_.differences(), std::back_inserter(all.differences));
  return all;
}

std::map<Entity, std::vector<Record>> Verifier::take_rows_to_write() {
  return std::exchange(rows_to_write_, {});
}

std::map<Entity, std::vector<std::int64_t>> Verifier::only_here() const {
  std::map<Entity, std::vector<std::int64_t>> all;
  for (const auto& [entity, stream] : streams_) {
    for (const Difference& d : stream.differences) {
      if (d.kind == Difference::Kind::gone) all[entity].push_back(d.id);
    }
  }
  return all;
}

}  // namespace b24
