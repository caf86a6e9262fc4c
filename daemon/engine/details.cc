#include "daemon/engine/details.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "connectors/say.h"
#include "daemon/engine/log.h"

namespace b24 {

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

void DetailPuller::add_wanted(Kind& kind, std::size_t most, std::vector<DetailAsk>& asks) {
  const DetailSpec& s = spec(kind.state.detail);
  const SteadyTime now = clock_.steady_now();
  std::erase_if(kind.put_off, [&](const auto& entry) { return entry.second <= now; });
  const auto limit = static_cast<std::int64_t>(most + kind.put_off.size());
  auto found = reader_.wanted_details(s.detail, limit);
  if (s.open_again > seconds{0} && now >= kind.open_due) {
    kind.open_due = now + s.open_again;
    std::set<std::int64_t> known;
    for (const DetailAsk& ask : found) known.insert(ask.owner_id);
    for (const DetailAsk& ask : reader_.open_owners(s.detail, limit)) {
      if (!known.contains(ask.owner_id)) found.push_back(ask);
    }
  }
  std::erase_if(found, [&](const DetailAsk& ask) { return kind.put_off.contains(ask.owner_id); });
  kind.all_asked = found.size() < most && kind.put_off.empty();
  if (found.size() > most) found.resize(most);
  std::ranges::move(found, std::back_inserter(asks));
}

std::vector<DetailAsk> DetailPuller::wanted(std::size_t most) {
  // What is read on demand begins anew when it is demanded again.
  for (const DetailState& state : reader_.details()) {
    if (spec(state.detail).lazy) kinds_[state.detail].state.full_done = state.full_done;
  }
  std::vector<DetailAsk> asks;
  for (auto& [detail, kind] : kinds_) {
    kind.all_asked = false;
    if (spec(detail).lazy && !options_.needed->has(detail)) continue;
    if (clock_.steady_now() < kind.rest_until || asks.size() >= most) continue;
    add_wanted(kind, most - asks.size(), asks);
  }
  return asks;
}

std::vector<DetailAsk> DetailPuller::next_batch(std::vector<DetailAsk>& asks, Pace pace) const {
  std::vector<DetailAsk> batch;
  std::vector<DetailAsk> left;
  for (DetailAsk& ask : asks) {
    const SteadyTime ready = client_.ready_at(std::string(spec(ask.detail).rows.method));
    const bool may = pace == Pace::now || ready <= clock_.steady_now();
    (may && batch.size() < kBatchCommands ? batch : left).push_back(ask);
  }
  asks = std::move(left);
  return batch;
}

Result<void> DetailPuller::read(Pace pace, const std::stop_token& stop) {
  const int requests = pace == Pace::now ? options_.requests_now : options_.requests;
  auto asks = wanted(static_cast<std::size_t>(requests) * kBatchCommands);
  for (int i = 0; i < requests && !asks.empty(); ++i) {
    const auto batch = next_batch(asks, pace);
    // A method that must rest is not waited for beside the polls.
    if (batch.empty()) break;
    auto answers = read_details(client_, batch, stop);
    if (!answers) return answers.error();
    DetailsRead out;
    std::map<Detail, Tally> tallies;
    for (DetailAnswer& answer : *answers) {
      take(std::move(answer), asks, out, tallies[answer.ask.detail]);
    }
    for (std::size_t at = answers->size(); at < batch.size(); ++at) {
      tallies[batch[at].detail].unanswered.push_back(batch[at]);
    }
    for (auto& [detail, tally] : tallies) judge(kinds_.at(detail), std::move(tally), out);
    const SteadyTime now = clock_.steady_now();
    std::erase_if(asks,
                  [&](const DetailAsk& ask) { return now < kinds_.at(ask.detail).rest_until; });
    if (!events_.push(std::move(out), stop)) return stopped();
  }
  pages_.clear();
  note_all_read(asks, stop);
  return {};
}

void DetailPuller::note_all_read(const std::vector<DetailAsk>& left, const std::stop_token& stop) {
  for (const DetailAsk& ask : left) kinds_.at(ask.detail).all_asked = false;
  std::set<Entity> whole;
  for (const StreamState& stream : reader_.streams()) {
    if (stream.full_done) whole.insert(stream.entity);
  }
  DetailsRead out;
  for (auto& [detail, kind] : kinds_) {
    const bool read = kind.all_asked && kind.put_off.empty() && whole.contains(spec(detail).owner);
    if (!read || kind.state.refused || clock_.steady_now() < kind.rest_until) continue;
    DetailState state = kind.state;
    state.full_done = true;
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
  for (const DetailAsk& ask : asks) kind.put_off[ask.owner_id] = clock_.steady_now() + by;
}

}  // namespace b24
