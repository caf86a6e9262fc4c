#include "daemon/engine/verify_details.h"

#include <algorithm>
#include <iterator>

namespace b24 {

DetailComparison::DetailComparison(Client& client, Reader& reader, const std::set<Entity>& streams,
                                   std::int64_t objects)
    : client_(client), reader_(reader), objects_(objects) {
  for (const DetailState& state : reader_.details()) {
    if (!streams.empty() && !streams.contains(spec(state.detail).owner)) continue;
    DetailVerdict& verdict = verdicts_[state.detail];
    verdict.detail = state.detail;
    verdict.needed = state.needed;
    verdict.compared = state.full_done && !state.refused && state.needed;
    verdict.problem = state.problem;
  }
}

void DetailComparison::begin_first(std::uint64_t most_requests, Time now, std::mt19937_64& random) {
  for (const auto& [detail, verdict] : verdicts_) {
    if (!verdict.compared) continue;
    auto owners = reader_.read_owners(detail, now);
    std::ranges::sample(owners, std::back_inserter(asks_), objects_, random);
  }
  asks_.resize(std::min<std::size_t>(asks_.size(), most_requests * kBatchCommands));
  smaller_left_ = most_requests;
}

void DetailComparison::begin_second(std::uint64_t most_requests) {
  again_ = true;
  slots_ = kBatchCommands;
  smaller_left_ = most_requests;
  for (const auto& [key, suspect] : suspects_) {
    if (asks_.size() >= most_requests * kBatchCommands) break;
    asks_.push_back(suspect.first);
  }
}

bool DetailComparison::must_rest() const {
  const SteadyTime now = client_.steady_now();
  return std::ranges::all_of(asks_, [&](const DetailAsk& ask) {
    return client_.ready_at(std::string{spec(ask.detail).rows.method}) > now;
  });
}

Result<void> DetailComparison::step(const std::stop_token& stop) {
  const bool smaller = slots_ < kBatchCommands;
  const auto count = static_cast<std::ptrdiff_t>(std::min(asks_.size(), slots_));
  const std::vector<DetailAsk> batch{asks_.begin(), asks_.begin() + count};
  const auto answers = read_details(client_, batch, stop);
  if (answers) {
    asks_.erase(asks_.begin(), asks_.begin() + count);
    for (const DetailAnswer& answer : *answers) take(answer);
  } else {
    const Error& why = answers.error();
    if (why.kind == ErrorKind::blocked || why.kind == ErrorKind::stopped) return why;
    ask_less(batch, why);
  }
  if (smaller && smaller_left_ > 0) --smaller_left_;
  if (smaller && smaller_left_ == 0) {
    while (!asks_.empty()) leave(asks_.front().detail);
  }
  return {};
}

void DetailComparison::ask_less(const std::vector<DetailAsk>& batch, const Error& why) {
  unanswered_ = why.text;
  if (batch.size() > 1) {
    slots_ = batch.size() / 2;
  } else {
    slots_ = 1;
    leave(batch.front().detail);
  }
}

void DetailComparison::leave(Detail detail) {
  verdicts_.at(detail).problem = unanswered_;
  std::erase_if(asks_, [&](const DetailAsk& ask) { return ask.detail == detail; });
  std::erase_if(pages_, [&](const auto& page) { return page.first.first == detail; });
}

void DetailComparison::take(const DetailAnswer& answer) {
  const DetailAsk& ask = answer.ask;
  if (!answer.records) return fail(ask, answer.records.error());
  std::vector<Record>& rows = pages_[{ask.detail, ask.owner_id}];
  rows.insert(rows.end(), answer.records->begin(), answer.records->end());
  if (answer.more) {
    asks_.push_back(ask);
    asks_.back().start += static_cast<std::int64_t>(kPageRows);
  } else {
    take(ask, std::move(pages_.extract({ask.detail, ask.owner_id}).mapped()));
  }
}

void DetailComparison::fail(const DetailAsk& ask, const Error& why) {
  pages_.erase({ask.detail, ask.owner_id});
  // Its owner was deleted a moment ago, or is hidden from us: nothing to be compared.
  if (!passes_by_itself(why.kind)) return;
  verdicts_.at(ask.detail).problem = why.text;
}

void DetailComparison::take(const DetailAsk& ask, std::vector<Record> rows) {
  const DetailRows there{ask.detail, ask.owner_id, std::move(rows)};
  if (again_) return judge(there);
  ++verdicts_.at(ask.detail).objects;
  if (!reader_.difference(there)) return;
  DetailAsk question = ask;
  question.start = 0;
  suspects_.try_emplace({ask.detail, ask.owner_id}, question, there.records);
}

void DetailComparison::judge(const DetailRows& there) {
  const auto suspect = suspects_.extract({there.detail, there.owner_id});
  const auto found = reader_.difference(there);
  // What the portal did not say the first time has changed since.
  if (!suspect || !found || suspect.mapped().second != there.records) return;
  DetailVerdict& verdict = verdicts_.at(there.detail);
  if (found->waiting) {
    ++verdict.undecided;
    return;
  }
  ++verdict.differences;
  differences_.push_back({.entity = spec(there.detail).owner,
                          .kind = Difference::Kind::details,
                          .id = there.owner_id,
                          .field = std::string(name(there.detail)),
                          .here = Value{found->here},
                          .there = Value{found->there}});
  rows_to_write_.push_back(there);
}

std::set<Entity> DetailComparison::suspected() const {
  std::set<Entity> owners;
  for (const auto& [key, suspect] : suspects_) owners.insert(spec(key.first).owner);
  return owners;
}

std::vector<DetailVerdict> DetailComparison::verdicts() const {
  std::vector<DetailVerdict> all;
  for (const auto& [detail, verdict] : verdicts_) all.push_back(verdict);
  for (const auto& [key, suspect] : suspects_) {
    if (!again_) break;
    const auto found = std::ranges::find(all, key.first, &DetailVerdict::detail);
    ++found->undecided;  // the requests were at an end
  }
  return all;
}

}  // namespace b24
