#include "connectors/bitrix24/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "connectors/say.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

constexpr int kFaultsMost = 3;  // in a row, of one list, before it is given up
constexpr auto kPage = static_cast<std::int64_t>(kPageRows);

std::size_t pages(std::int64_t rows) {
  return static_cast<std::size_t>((std::max<std::int64_t>(rows, 0) + kPage - 1) / kPage);
}

}  // namespace

// How far one list has been read. Three ways: by id in a chain; by offset, where the method has no
// id filter or does not keep to it; by given ids.
class ListReader::List {
 public:
  List(std::size_t index, ListRequest request, seconds portal_offset)
      : index_(index),
        request_(std::move(request)),
        spec_(&spec(request_.entity)),
        portal_offset_(portal_offset),
        by_offset_(spec_->paging != Paging::keyset && request_.ids.empty()),
        cursor_(request_.after_id),
        rest_(request_.expected) {}

  bool done() const { return done_; }
  std::int64_t rest() const { return done_ ? 0 : std::max<std::int64_t>(rest_.value_or(0), 0); }
  SteadyTime ready_at(const Client& client) const {
    return std::max(client.ready_at(std::string(spec_->method)), not_before_);
  }

  // Pages it could use in the next batch.
  std::size_t wanted() const {
    if (!request_.ids.empty())
      return pages(static_cast<std::int64_t>(request_.ids.size() - ids_at_));
    if (counts()) return 1;
    if (!rest_) return guess_;
    if (by_offset_) return std::max<std::size_t>(pages(*rest_), 1);
    // One more when the last page will be full, since only a short page is known to be the last.
    return static_cast<std::size_t>(std::max<std::int64_t>(*rest_, 0) / kPage) + 1;
  }

  // The command for its page number `page` of the next batch.
  Command command(std::size_t page) const {
    const std::string method{spec_->method};
    return {key(page), method, to_query(page_params(*spec_, query(page)))};
  }

  // What the batch brought for its pages, in their order.
  ListPart take(const std::vector<const CommandAnswer*>& answers, SteadyTime now);

  // The batch as a whole failed. Counting may be what took too long.
  void batch_failed() { may_count_ = false; }

 private:
  enum class Go { on, stop };

  // The portal counts all rows of the list when the first page is asked for with start=0.
  bool counts() const { return !rest_ && !counted_ && (may_count_ || by_offset_); }

  std::string key(std::size_t page) const { return fmt::format("l{}p{}", index_, page); }

  PageQuery query(std::size_t page) const {
    PageQuery query;
    query.since = request_.since;
    query.also_since = request_.also_since;
    query.recent_since = request_.recent_since;
    query.ids_only = request_.ids_only || request_.count_only;
    query.portal_offset = portal_offset_;
    query.after = std::to_string(by_offset_ ? request_.after_id : cursor_);
    if (!request_.ids.empty()) {
      const auto first =
          request_.ids.begin() + static_cast<std::ptrdiff_t>(ids_at_ + page * kPageRows);
      const auto left = request_.ids.end() - first;
      query.ids.assign(first, first + std::min<std::ptrdiff_t>(left, kPage));
    } else if (by_offset_) {
      query.start = offset_ + static_cast<std::int64_t>(page) * kPage;
    } else if (counts()) {
      query.start = 0;
    } else if (page > 0) {
      query.after = fmt::format(
          "$result[{}]{}[{}][{}]", key(page - 1),
          spec_->list_path.empty() ? std::string() : fmt::format("[{}]", spec_->list_path),
          kPageRows - 1, spec_->id_answer);
    }
    return query;
  }

  Go take_page(Page page, std::optional<std::int64_t> total, ListPart& part);
  Go take_ids(Page page, ListPart& part);
  Go take_offset(Page page, ListPart& part);
  Go take_keyset(Page page, ListPart& part);
  void fail(const Error& error, SteadyTime now, ListPart& part);
  void go_by_offset();
  static void keep(Page& page, ListPart& part);

  std::size_t index_;
  ListRequest request_;
  const EntitySpec* spec_;
  seconds portal_offset_;
  bool by_offset_;
  bool done_ = false;
  std::int64_t cursor_;                    // everything up to here is read, while in order
  std::int64_t offset_ = 0;                // by offset
  std::size_t ids_at_ = 0;                 // by given ids
  std::unordered_set<std::int64_t> seen_;  // by offset: pages shift and repeat
  std::int64_t last_by_offset_ = 0;
  bool in_order_ = true;  // ids have only grown
  std::optional<std::int64_t> total_;
  std::optional<std::int64_t> rest_;  // rows still expected
  bool may_count_ = true;
  bool counted_ = false;
  bool uncounted_rows_ = false;  // a page without counting has brought some
  std::size_t guess_ = 1;        // pages to ask for when nobody knows; doubles
  int faults_ = 0;
  SteadyTime not_before_{};  // after a fault
};

void ListReader::List::keep(Page& page, ListPart& part) {
  std::move(page.records.begin(), page.records.end(), std::back_inserter(part.records));
  std::move(page.rejected.begin(), page.rejected.end(), std::back_inserter(part.rejected));
}

void ListReader::List::go_by_offset() {
  by_offset_ = true;
  counted_ = false;
  rest_.reset();
  guess_ = 1;
}

void ListReader::List::fail(const Error& error, SteadyTime now, ListPart& part) {
  if (error.kind == ErrorKind::unavailable && ++faults_ < kFaultsMost) {
    not_before_ = now + seconds{1 << faults_};
    return;
  }
  if (error.kind == ErrorKind::wait_until) return;
  done_ = true;
  part.failed = error;
}

ListReader::List::Go ListReader::List::take_ids(Page page, ListPart& part) {
  keep(page, part);
  for (std::size_t i = 0; i < kPageRows && ids_at_ < request_.ids.size(); ++i) {
    cursor_ = std::max(cursor_, request_.ids[ids_at_++]);
  }
  done_ = ids_at_ >= request_.ids.size();
  return done_ ? Go::stop : Go::on;
}

ListReader::List::Go ListReader::List::take_offset(Page page, ListPart& part) {
  const auto rows = static_cast<std::int64_t>(page.rows);
  std::erase_if(page.records, [&](const Record& r) { return !seen_.insert(r.id).second; });
  const bool news = !page.records.empty();
  for (const Record& record : page.records) {
    in_order_ = in_order_ && record.id > last_by_offset_;
    last_by_offset_ = record.id;
    cursor_ = std::max(cursor_, record.id);
  }
  keep(page, part);
  offset_ += rows;
  if (total_) rest_ = *total_ - offset_;
  // A method that does not know offsets gives the same rows again.
  const bool repeated = !news && offset_ > rows;
  done_ = rows < kPage || (total_ && offset_ >= *total_) || repeated;
  return done_ ? Go::stop : Go::on;
}

ListReader::List::Go ListReader::List::take_keyset(Page page, ListPart& part) {
  const std::size_t rows = page.rows;
  const bool grows = page.ascending && (page.records.empty() || page.records.front().id > cursor_);
  // Rows are left by the count, and yet start=-1 has brought none: it means something else here.
  const bool cut_short = rows == 0 && !uncounted_rows_ && rest_.value_or(0) > 0;
  // Without a readable id the list could not go on by id either.
  if (!grows || cut_short || (rows >= kPageRows && page.records.empty())) {
    // An order that fails now did not hold for the pages before.
    in_order_ = page.ascending;
    go_by_offset();
    return Go::stop;
  }
  if (!page.records.empty()) cursor_ = page.last_id;
  if (rest_) *rest_ -= static_cast<std::int64_t>(rows);
  // The next command refers to the last of fifty rows, and to its id.
  const bool chain_holds = rows == kPageRows && page.rejected.empty();
  done_ = rows < kPageRows;
  keep(page, part);
  return chain_holds ? Go::on : Go::stop;
}

ListReader::List::Go ListReader::List::take_page(Page page, std::optional<std::int64_t> total,
                                                 ListPart& part) {
  faults_ = 0;
  if (!request_.ids.empty()) return take_ids(std::move(page), part);
  if (counts()) {
    counted_ = true;
    total_ = total;
    rest_ = total;
  } else if (page.rows > 0) {
    uncounted_rows_ = true;
  }
  if (request_.count_only) {
    done_ = true;
    return Go::stop;
  }
  return by_offset_ ? take_offset(std::move(page), part) : take_keyset(std::move(page), part);
}

ListPart ListReader::List::take(const std::vector<const CommandAnswer*>& answers, SteadyTime now) {
  ListPart part;
  part.list = index_;
  part.entity = request_.entity;
  std::size_t taken = 0;
  for (const CommandAnswer* answer : answers) {
    if (!answer->result) {
      fail(answer->result.error(), now, part);
      break;
    }
    auto page = parse_page(*spec_, *answer->result);
    if (!page) {
      fail(page.error(), now, part);
      break;
    }
    const auto total = spec_->uncounted ? std::nullopt : answer->total;
    if (take_page(std::move(*page), total, part) == Go::stop) break;
    ++taken;
  }
  if (taken == answers.size()) {  // all were full
    guess_ = std::min(guess_ * 2, kBatchCommands);
    if (rest_ && *rest_ < 0) {  // and more than was expected
      rest_.reset();
      counted_ = true;
    }
  }
  part.last_id = done_ || in_order_ ? cursor_ : request_.after_id;
  part.total = total_;
  part.done = done_;
  return part;
}

ListReader::ListReader(Client& client, std::vector<ListRequest> lists, seconds portal_offset)
    : client_(client) {
  for (ListRequest& request : lists) {
    lists_.emplace_back(lists_.size(), std::move(request), portal_offset);
  }
}

ListReader::~ListReader() = default;

std::uint64_t ListReader::rest() const {
  std::int64_t rows = 0;
  for (const List& list : lists_) rows += list.rest();
  return static_cast<std::uint64_t>(rows);
}

namespace {

// The numbers of pages in one batch: each list gets as many as the others, and what it does not
// want goes to those that want more.
std::vector<std::size_t> shared(const std::vector<std::size_t>& wanted, std::size_t slots) {
  std::vector<std::size_t> given(wanted.size(), 0);
  for (bool any = true; any && slots > 0;) {
    any = false;
    for (std::size_t i = 0; i < wanted.size() && slots > 0; ++i) {
      if (given[i] == wanted[i]) continue;
      ++given[i];
      --slots;
      any = true;
    }
  }
  return given;
}

}  // namespace

bool ListReader::done() const {
  return std::all_of(lists_.begin(), lists_.end(), [](const List& list) { return list.done(); });
}

SteadyTime ListReader::ready_at() const {
  SteadyTime soonest = SteadyTime::max();
  for (const List& list : lists_) {
    if (!list.done()) soonest = std::min(soonest, list.ready_at(client_));
  }
  return soonest;
}

std::optional<std::vector<std::size_t>> ListReader::share(const std::stop_token& stop) {
  for (;;) {
    std::vector<SteadyTime> ready(lists_.size(), SteadyTime::max());
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      if (!lists_[i].done()) ready[i] = lists_[i].ready_at(client_);
    }
    // Looked at last: what was ready a moment ago is so now, and all of that goes in one batch.
    const SteadyTime now = client_.steady_now();
    const SteadyTime soonest = *std::min_element(ready.begin(), ready.end());
    std::vector<std::size_t> wanted(lists_.size(), 0);
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      if (ready[i] <= now) wanted[i] = lists_[i].wanted();
    }
    if (soonest <= now || soonest == SteadyTime::max()) return shared(wanted, slots_);
    if (!client_.sleep_until(soonest, stop)) return std::nullopt;
  }
}

Result<ListAnswer> ListReader::next(const std::stop_token& stop) {
  if (done()) return ListAnswer{};
  const auto given = share(stop);
  if (!given) return stopped();
  std::vector<Command> commands;
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    for (std::size_t page = 0; page < (*given)[i]; ++page) {
      commands.push_back(lists_[i].command(page));
    }
  }
  const auto answer = client_.batch(commands, stop);
  if (!answer) {
    if (answer.error().kind != ErrorKind::unavailable) return answer.error();
    slots_ = std::max<std::size_t>(slots_ / 2, 1);
    for (std::size_t i = 0; i < lists_.size(); ++i) {
      if ((*given)[i] > 0) lists_[i].batch_failed();
    }
    return answer.error();
  }
  slots_ = std::min(slots_ * 2, kBatchCommands);

  ListAnswer result;
  result.portal_time = answer->portal_time;
  result.portal_offset = answer->portal_offset;
  auto next = answer->commands.begin();
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    std::vector<const CommandAnswer*> own;
    for (std::size_t page = 0; page < (*given)[i]; ++page) own.push_back(&*next++);
    if (!own.empty()) result.parts.push_back(lists_[i].take(own, client_.steady_now()));
  }
  return result;
}

}  // namespace b24
