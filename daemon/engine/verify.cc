#include "daemon/engine/verify.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "daemon/engine/verify_reading.h"

// The Verifier's part that decides what to ask for, and asks.

namespace b24 {
namespace {

constexpr auto kWindowRows = static_cast<std::int64_t>(kBatchCommands * kPageRows);
// The newest window leaves room for rows that the mirror may lack.
constexpr std::int64_t kNewestRows = kWindowRows - 50;
// Part of the requests that is kept for the second look.
constexpr std::uint64_t kSecondLookPart = 10;
// Part of them that details may take.
constexpr std::uint64_t kDetailsPart = 10;
// Of so many rows, some are dealt from all. Of more, a quarter are the newest, and the others are
// found by their ids.
constexpr std::int64_t kDealtFromAll = 20'000;
constexpr std::int64_t kNewestPart = 4;
constexpr int kStartsTried = 10;

constexpr std::uint64_t kAsNeeded = std::numeric_limits<std::uint64_t>::max();

std::uint64_t pages_of(std::int64_t rows) {
  return static_cast<std::uint64_t>(rows) / kPageRows + 1;
}

}  // namespace

Verifier::Verifier(Client& client, Reader& reader, Clock& clock, VerifyOptions options)
    : client_(client),
      reader_(reader),
      clock_(clock),
      options_(std::move(options)),
      random_(options_.seed ? *options_.seed : std::random_device{}()),
      details_(client, reader, options_.streams, options_.objects) {
  options_.requests = std::max(options_.requests, kFewestVerifyRequests);
  const auto rows = reader_.row_counts();
  for (StreamState& state : reader_.streams()) {
    if (!options_.streams.empty() && !options_.streams.contains(state.entity)) continue;
    Stream& stream = streams_[state.entity];
    stream.spec = &spec(state.entity);
    stream.verdict.entity = state.entity;
    stream.verdict.compared = state.full_done && !state.refused;
    stream.verdict.refused = state.refused;
    if (const auto known = rows.find(state.entity); known != rows.end()) {
      stream.verdict.mirror_rows = known->second;
    }
    if (!stream.verdict.compared) stream.verdict.problem = state.problem;
    stream.state = std::move(state);
  }
  begin_next();
}

Verifier::~Verifier() = default;

void Verifier::begin(std::vector<Task> tasks, std::uint64_t most_requests) {
  if (tasks.empty() || most_requests == 0) return;
  reading_ = std::make_unique<Reading>(client_, std::move(tasks), most_requests);
}

// The next lists of the look under way; none: it is over.
void Verifier::begin_next() {
  while (look_over()) {
    switch (phase_) {
      case Phase::lists:
        begin(plan_lists(), kAsNeeded);
        phase_ = Phase::rows;
        break;
      case Phase::rows:
        begin(plan_rows(), left_for_first());
        phase_ = Phase::details;
        break;
      case Phase::details:
        details_.begin_first(options_.requests / kDetailsPart, clock_.now(), random_);
        phase_ = Phase::ids;
        break;
      case Phase::ids: {
        std::vector<Task> tasks = plan_ids();
        const std::uint64_t left = left_for_first();
        begin(std::move(tasks), left - std::min<std::uint64_t>(left, large_.size()));
        phase_ = Phase::windows;
        break;
      }
      case Phase::windows:
        begin(plan_window(), left_for_first() > 0 ? 1 : 0);
        if (reading_) return;
        phase_ = Phase::waiting;
        looked_at_ = clock_.now();
        return;
      case Phase::waiting:
        return;
      case Phase::again:
        finish();
        phase_ = Phase::waiting;
        return;
    }
  }
}

std::uint64_t Verifier::left_for_first() const {
  const std::uint64_t kept = std::max<std::uint64_t>(options_.requests / kSecondLookPart, 1);
  const std::uint64_t most = options_.requests - kept;
  return most > requests_ ? most - requests_ : 0;
}

bool Verifier::must_rest() const {
  if (!reading_) return details_.must_rest();
  const SteadyTime now = client_.steady_now();
  return std::all_of(reading_->tasks.begin(), reading_->tasks.end(), [&](const Task& task) {
    return task.done || client_.ready_at(std::string{spec(task.request.entity).method}) > now;
  });
}

Result<void> Verifier::step(const std::stop_token& stop) {
  if (look_over()) return {};
  ++requests_;
  if (!reading_) {
    if (auto asked = details_.step(stop); !asked) return asked;
    if (details_.look_over()) begin_next();
    return {};
  }
  auto answer = reading_->reader.next(stop);
  if (!answer) return answer.error();
  --reading_->requests_left;
  for (const ListPart& part : answer->parts) take(reading_->tasks[part.list], part);
  const std::uint64_t rest = reading_->reader.rest();
  if (reading_->reader.done() || reading_->requests_left == 0) {
    reading_.reset();
    if (look_over()) begin_next();
  }
  if (progress_) {
    const std::uint64_t windows = large_.empty() ? 0 : left_for_first() * kWindowRows;
    progress_({handled_, handled_ + rest + windows, requests_});
  }
  return {};
}

void Verifier::take(Task& task, const ListPart& part) {
  Stream& stream = streams_.at(part.entity);
  task.done = part.done;
  if (part.failed) {
    stream.verdict.problem = part.failed->text;
    stream.verdict.failed = part.failed->kind;
    stream.by_windows = false;
    return;
  }
  handled_ += part.records.size();
  task.rejected = task.rejected || !part.rejected.empty();
  switch (task.purpose) {
    case Purpose::count:
      return take_count(stream, part);
    case Purpose::whole:
      return take_whole(stream, task, part);
    case Purpose::rows:
      return take_rows(stream, task, part);
    case Purpose::ids:
      return take_ids(stream, task, part);
    case Purpose::again:
      return take_again(stream, task, part);
  }
}

// --- what is asked for ---

std::vector<Verifier::Task> Verifier::plan_lists() const {
  std::vector<Task> tasks;
  for (const auto& [entity, stream] : streams_) {
    if (!stream.verdict.compared) continue;
    const bool whole = stream.spec->renewal == Renewal::whole;
    tasks.push_back({.purpose = whole ? Purpose::whole : Purpose::count,
                     .request = {.entity = entity, .count_only = !whole}});
  }
  return tasks;
}

std::vector<Verifier::Task> Verifier::plan_rows() {
  // Fields take half of the requests at most, whatever was wished for.
  const std::uint64_t room = std::max<std::uint64_t>(left_for_first() / 2, 1) * kWindowRows;
  const auto most = static_cast<std::int64_t>(room / std::max<std::size_t>(streams_.size(), 1));
  std::vector<Task> tasks;
  for (const auto& [entity, stream] : streams_) {
    const bool whole = stream.spec->renewal == Renewal::whole;
    if (!stream.verdict.compared || whole || stream.verdict.failed) continue;
    std::vector<std::int64_t> ids = sample(stream, std::min(options_.rows, most));
    if (ids.empty()) continue;
    Task& task = tasks.emplace_back(Task{.purpose = Purpose::rows, .request = {.entity = entity}});
    task.asked.insert(ids.begin(), ids.end());
    task.request.ids.assign(task.asked.begin(), task.asked.end());
  }
  return tasks;
}

std::vector<Verifier::Task> Verifier::plan_ids() {
  std::vector<std::pair<std::int64_t, Entity>> by_size;
  for (const auto& [entity, stream] : streams_) {
    const bool whole = stream.spec->renewal == Renewal::whole;
    if (!stream.verdict.compared || whole || stream.verdict.failed) continue;
    by_size.emplace_back(stream.verdict.portal_rows.value_or(stream.verdict.mirror_rows), entity);
  }
  std::sort(by_size.begin(), by_size.end());
  const std::uint64_t room = left_for_first() * kBatchCommands;
  // Lists that end apart leave the last batches half empty.
  std::uint64_t pages = kBatchCommands / 2;
  // Each larger list gets a window at least.
  const auto window = [](std::int64_t rows) {
    return std::min<std::uint64_t>(pages_of(rows), kBatchCommands);
  };
  std::uint64_t windows = 0;
  for (const auto& [rows, entity] : by_size) windows += window(rows);
  std::vector<Task> tasks;
  for (const auto& [rows, entity] : by_size) {
    pages += pages_of(rows);
    windows -= window(rows);
    if (pages + windows > room) {
      large_.push_back(entity);
      continue;
    }
    tasks.push_back({.purpose = Purpose::ids,
                     .request = {.entity = entity, .ids_only = true, .expected = rows}});
  }
  return tasks;
}

std::vector<Verifier::Task> Verifier::plan_window() {
  if (left_for_first() == 0) return {};
  for (std::size_t tried = 0; tried < large_.size(); ++tried) {
    const Entity entity = large_[next_large_++ % large_.size()];
    Stream& stream = streams_.at(entity);
    const auto start = stream.by_windows ? window_start(stream) : std::nullopt;
    if (!start) continue;
    return {{.purpose = Purpose::ids,
             .request = {.entity = entity,
                         .after_id = *start,
                         .ids_only = true,
                         .expected = kWindowRows - 1},
             .compared_to = *start}};
  }
  return {};
}

std::vector<Verifier::Task> Verifier::plan_again() {
  std::vector<Task> tasks;
  std::uint64_t room = left_for_second() * kBatchCommands;
  for (auto& [entity, stream] : streams_) {
    if (stream.count_differs && !stream.all_ids && room > 0) {
      tasks.push_back(
          {.purpose = Purpose::count, .request = {.entity = entity, .count_only = true}});
      --room;
    }
    Task task{.purpose = Purpose::again, .request = {.entity = entity}};
    for (const auto& [id, suspect] : stream.suspects) {
      if (task.request.ids.size() >= room * kPageRows) break;
      task.request.ids.push_back(id);
    }
    if (task.request.ids.empty()) continue;
    task.asked.insert(task.request.ids.begin(), task.request.ids.end());
    room -= pages_of(static_cast<std::int64_t>(task.asked.size()) - 1);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

std::uint64_t Verifier::left_for_second() const {
  return options_.requests > requests_ ? options_.requests - requests_ : 0;
}

std::int64_t Verifier::between(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>{low, std::max(low, high)}(random_);
}

std::vector<std::int64_t> Verifier::sample(const Stream& stream, std::int64_t rows) {
  const Entity entity = stream.verdict.entity;
  if (rows <= 0) return {};
  if (stream.verdict.mirror_rows <= kDealtFromAll) {
    const auto all = reader_.ids(entity, kFirstId, kLastId, kDealtFromAll);
    std::vector<std::int64_t> some;
    std::ranges::sample(all, std::back_inserter(some), rows, random_);
    return some;
  }
  const auto newest = reader_.newest_ids(entity, std::max<std::int64_t>(rows / kNewestPart, 1));
  const auto oldest = reader_.ids(entity, kFirstId, kLastId, 1);
  if (newest.empty() || oldest.empty()) return {};
  std::set<std::int64_t> ids(newest.begin(), newest.end());
  // Ids have gaps; and one that is met twice is no reason to look for ever.
  for (std::int64_t i = 0; i < 2 * rows; ++i) {
    if (static_cast<std::int64_t>(ids.size()) >= rows) break;
    const std::int64_t at = between(oldest.front(), newest.back());
    const auto next = reader_.ids(entity, at - 1, kLastId, 1);
    ids.insert(next.begin(), next.end());
  }
  return {ids.begin(), ids.end()};
}

std::optional<std::int64_t> Verifier::window_start(Stream& stream) {
  const Entity entity = stream.verdict.entity;
  const auto newest = reader_.newest_ids(entity, kNewestRows);
  const auto oldest = reader_.ids(entity, kFirstId, kLastId, 1);
  if (newest.empty() || oldest.empty()) return std::nullopt;
  if (!stream.covered.contains(newest.front())) return newest.back() - 1;
  for (int i = 0; i < kStartsTried; ++i) {
    const std::int64_t at = between(oldest.front(), newest.back());
    const std::int64_t start = stream.covered.end_of(at).value_or(at - 1);
    if (start < newest.front()) return start;
  }
  return std::nullopt;
}

}  // namespace b24
