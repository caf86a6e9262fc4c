#include "daemon/engine/details.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "connectors/say.h"
#include "daemon/engine/log.h"

namespace b24 {
namespace {

// An owner that brought nothing so often keeps no rule waiting any more.
constexpr int kTriesThatCount = 3;
// Further pages of owners, beyond the requests of a reading: 5,000 rows of each.
constexpr int kFurtherPages = 100;

}  // namespace

DetailPuller::DetailPuller(Client& client, Reader& reader, EventQueue& events, Clock& clock,
                           DetailOptions options)
    : client_(client),
      reader_(reader),
      events_(events),
      clock_(clock),
      options_(std::move(options)) {
  load();
}

void DetailPuller::load() {
  kinds_.clear();
  pages_.clear();
  for (const DetailState& state : reader_.details()) kinds_[state.detail].state = state;
}

// --- what is asked for ---

DetailPuller::Wanted DetailPuller::wanted_of(Kind& kind, std::size_t most) {
  const DetailSpec& s = spec(kind.state.detail);
  const SteadyTime now = clock_.steady_now();
  // What was due long ago and was not asked for is not wanted any more.
  std::erase_if(kind.put_off, [&](const auto& entry) {
    return entry.second.until + 2 * options_.unanswered_every < now;
  });
  const auto limit = static_cast<std::int64_t>(most + kind.put_off.size()) + 1;
  const auto waits = [&](const DetailAsk& ask) {
    const auto found = kind.put_off.find(ask.owner_id);
    return found != kind.put_off.end() && now < found->second.until;
  };
  Wanted what;
  what.asks = reader_.wanted_details(s.detail, limit);
  what.all = static_cast<std::int64_t>(what.asks.size()) < limit;
  std::erase_if(what.asks, waits);
  what.open_from = what.asks.size();
  if (s.open_again == seconds{0} || (now < kind.open_due && !kind.open_below)) return what;
  std::set<std::int64_t> known;
  for (const DetailAsk& ask : what.asks) known.insert(ask.owner_id);
  for (const DetailAsk& ask : reader_.open_owners(s.detail, kind.open_below, limit)) {
    if (!waits(ask) && !known.contains(ask.owner_id)) what.asks.push_back(ask);
  }
  return what;
}

void DetailPuller::choose(Kind& kind, Wanted what, std::size_t most, std::vector<DetailAsk>& asks) {
  const DetailSpec& s = spec(kind.state.detail);
  const bool cut = what.asks.size() > most;
  kind.all_asked = what.all && !cut;
  if (cut) what.asks.resize(most);
  if (what.asks.size() > what.open_from && cut) {
    kind.open_below = what.asks.back().owner_id;  // where the round goes on
  } else if (!cut && s.open_again > seconds{0}) {
    kind.open_below.reset();
    if (clock_.steady_now() >= kind.open_due) kind.open_due = clock_.steady_now() + s.open_again;
  }
  std::ranges::move(what.asks, std::back_inserter(asks));
}

std::vector<DetailAsk> DetailPuller::wanted(std::size_t most) {
  // What is read on demand begins anew when it is demanded again.
  for (const DetailState& state : reader_.details()) {
    if (spec(state.detail).lazy) kinds_[state.detail].state.full_done = state.full_done;
  }
  std::vector<std::pair<Kind*, Wanted>> kinds;
  for (auto& [detail, kind] : kinds_) {
    kind.all_asked = false;
    if (spec(detail).lazy && !options_.needed->has(detail)) continue;
    if (clock_.steady_now() >= kind.rest_until) kinds.emplace_back(&kind, wanted_of(kind, most));
  }
  const std::size_t part = most / std::max<std::size_t>(kinds.size(), 1);
  std::size_t left = most;
  for (const auto& [kind, what] : kinds) left -= std::min(what.asks.size(), part);
  std::vector<DetailAsk> asks;
  for (auto& [kind, what] : kinds) {
    const std::size_t sure = std::min(what.asks.size(), part);
    const std::size_t more = std::min(left, what.asks.size() - sure);
    left -= more;
    choose(*kind, std::move(what), sure + more, asks);
  }
  return asks;
}

std::vector<DetailAsk> DetailPuller::next_batch(std::vector<DetailAsk>& asks) const {
  std::vector<DetailAsk> batch;
  std::vector<DetailAsk> left;
  for (DetailAsk& ask : asks) {
    const SteadyTime ready = client_.ready_at(std::string(spec(ask.detail).rows.method));
    const bool may = ready <= clock_.steady_now();
    (may && batch.size() < batch_ ? batch : left).push_back(ask);
  }
  asks = std::move(left);
  return batch;
}

bool DetailPuller::wait_for_method(const std::vector<DetailAsk>& asks,
                                   const std::stop_token& stop) const {
  SteadyTime ready = SteadyTime::max();
  for (const DetailAsk& ask : asks) {
    ready = std::min(ready, client_.ready_at(std::string(spec(ask.detail).rows.method)));
  }
  return client_.sleep_until(ready, stop);
}

// --- asking ---

Result<void> DetailPuller::read(Pace pace, const std::stop_token& stop) {
  pages_.clear();
  const int requests = pace == Pace::now ? options_.requests_now : options_.requests;
  auto asks = wanted(static_cast<std::size_t>(requests) * kBatchCommands);
  for (int i = 0; i < requests + kFurtherPages && !asks.empty();) {
    // Beyond the requests, owners whose first pages are read are read to their end.
    if (i >= requests && asks.front().start == 0) break;
    const auto batch = next_batch(asks);
    if (batch.empty()) {
      // A method that must rest is not waited for beside the polls.
      if (pace == Pace::beside_polls) break;
      if (!wait_for_method(asks, stop)) return stopped();
      continue;
    }
    ++i;
    if (auto asked = ask(batch, asks, stop); !asked) return asked;
  }
  note_all_read(asks, stop);
  return {};
}

Result<void> DetailPuller::ask(const std::vector<DetailAsk>& batch, std::vector<DetailAsk>& asks,
                               const std::stop_token& stop) {
  auto answers = read_details(client_, batch, stop);
  if (!answers) {
    const ErrorKind kind = answers.error().kind;
    if (kind == ErrorKind::blocked || kind == ErrorKind::stopped) return answers.error();
    note_too_heavy(batch, answers.error());
    asks.clear();
    return {};
  }
  batch_ = std::min(batch_ * 2, kBatchCommands);
  DetailsRead out;
  out.limits = client_.report();
  std::map<Detail, Tally> tallies;
  for (DetailAnswer& answer : *answers) {
    take(std::move(answer), asks, out, tallies[answer.ask.detail]);
  }
  for (std::size_t at = answers->size(); at < batch.size(); ++at) {
    tallies[batch[at].detail].unanswered.push_back(batch[at]);
  }
  for (auto& [detail, tally] : tallies) judge(kinds_.at(detail), std::move(tally), out);
  const SteadyTime now = clock_.steady_now();
  std::erase_if(asks, [&](const DetailAsk& ask) { return now < kinds_.at(ask.detail).rest_until; });
  if (!events_.push(std::move(out), stop)) return stopped();
  return {};
}

// The portal cuts off what takes over a minute. If it is away, the next poll says so.
void DetailPuller::note_too_heavy(const std::vector<DetailAsk>& batch, const Error& why) {
  log::warn("details not answered questions={} text={}", batch.size(), log::quoted(why.text));
  batch_ = std::max<std::size_t>(batch.size() / 2, 1);
  for (auto& [detail, kind] : kinds_) kind.all_asked = false;
  if (batch.size() > 1) return;
  put_off(kinds_.at(batch.front().detail), batch, options_.unanswered_every);
}

void DetailPuller::note_all_read(const std::vector<DetailAsk>& left, const std::stop_token& stop) {
  for (const DetailAsk& ask : left) kinds_.at(ask.detail).all_asked = false;
  std::set<Entity> whole;
  for (const StreamState& stream : reader_.streams()) {
    if (stream.full_done) whole.insert(stream.entity);
  }
  DetailsRead out;
  for (auto& [detail, kind] : kinds_) {
    const bool settled = std::ranges::all_of(
        kind.put_off, [](const auto& entry) { return entry.second.tries >= kTriesThatCount; });
    const bool read = kind.all_asked && settled && whole.contains(spec(detail).owner);
    if (!read || kind.state.refused || clock_.steady_now() < kind.rest_until) continue;
    DetailState state = kind.state;
    state.full_done = true;
    state.fresh_at = clock_.now();
    note(kind, std::move(state), out);
  }
  if (!out.states.empty()) events_.push(std::move(out), stop);
}

void DetailPuller::take(DetailAnswer answer, std::vector<DetailAsk>& asks, DetailsRead& out,
                        Tally& tally) {
  const DetailAsk& ask = answer.ask;
  const std::pair key{ask.detail, ask.owner_id};
  if (!answer.records && answer.records.error().kind != ErrorKind::gone) {
    pages_.erase(key);
    if (!tally.why) tally.why = answer.records.error();
    const bool passes = passes_by_itself(answer.records.error().kind);
    (passes ? tally.unanswered : tally.refused).push_back(ask);
    return;
  }
  ++tally.answered;
  kinds_.at(ask.detail).put_off.erase(ask.owner_id);
  std::vector<Record> rows;
  if (auto earlier = pages_.extract(key)) rows = std::move(earlier.mapped());
  if (answer.records) std::ranges::move(*answer.records, std::back_inserter(rows));
  if (answer.more) {
    pages_[key] = std::move(rows);
    DetailAsk next = ask;
    next.start += static_cast<std::int64_t>(kPageRows);
    asks.insert(asks.begin(), next);
    return;
  }
  out.rows.push_back({ask.detail, ask.owner_id, std::move(rows)});
}

void DetailPuller::judge(Kind& kind, Tally tally, DetailsRead& out) {
  DetailState state = kind.state;
  const std::size_t failed = tally.unanswered.size() + tally.refused.size();
  const std::size_t asked = tally.answered + failed;
  const std::string problem = tally.why ? tally.why->text : "";
  // One question alone says nothing of the method: its owner may be hidden from us.
  const bool silent = tally.answered == 0 && asked > 1;
  if (silent) {
    const bool refused = tally.refused.size() == asked;
    state.refused = refused;
    state.problem = problem;
    kind.rest_until =
        clock_.steady_now() + (refused ? options_.refused_every : options_.unanswered_every);
  } else {
    put_off(kind, tally.unanswered, options_.unanswered_every);
    if (tally.answered == 0) {
      put_off(kind, tally.refused, options_.refused_every);
    } else {
      // Among others that are answered, what is refused is hidden from us: nothing to be had.
      for (const DetailAsk& ask : tally.refused) out.rows.push_back({ask.detail, ask.owner_id, {}});
      state.refused = false;
      state.problem.clear();
    }
  }
  const bool fails = silent || !tally.unanswered.empty();
  if (fails && !std::exchange(kind.fails, true)) {
    log::warn("details not answered kind={} objects={} text={}", name(state.detail), failed,
              log::quoted(problem));
  } else if (failed == 0 && kind.put_off.empty() && std::exchange(kind.fails, false)) {
    log::info("details answered again kind={}", name(state.detail));
  }
  note(kind, std::move(state), out);
}

void DetailPuller::note(Kind& kind, DetailState state, DetailsRead& out) {
  if (state == kind.state) return;
  kind.state = state;
  out.states.push_back(std::move(state));
}

void DetailPuller::put_off(Kind& kind, const std::vector<DetailAsk>& asks, seconds by) {
  for (const DetailAsk& ask : asks) {
    PutOff& entry = kind.put_off[ask.owner_id];
    entry.until = clock_.steady_now() + by;
    ++entry.tries;
  }
}

}  // namespace b24
