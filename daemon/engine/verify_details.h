#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include "connectors/bitrix24/client.h"
#include "daemon/engine/verified.h"
#include "daemon/store/store.h"

namespace b24 {

// The Verifier's part for details: of some objects of each kind, all rows, in two looks as for
// lists. An object whose details are still to be read is left out. One thread at a time.
class DetailComparison {
 public:
  // Kinds whose owners are in `streams`; all kinds if it is empty. At most `objects` of each.
  DetailComparison(Client& client, Reader& reader, const std::set<Entity>& streams,
                   std::int64_t objects);

  void begin_first(std::uint64_t most_requests, Time now, std::mt19937_64& random);
  void begin_second(std::uint64_t most_requests);
  bool look_over() const { return asks_.empty(); }
  bool must_rest() const;
  // One request of the look. What the portal cannot answer at once is asked in smaller batches, and
  // what it does not answer even so is the problem of its kind, which is left then. Fails only
  // where the whole connection is refused, or a stop is wished for.
  Result<void> step(const std::stop_token& stop);

  // After the first look: the owners of suspects.
  std::set<Entity> suspected() const;
  // After the second.
  std::vector<DetailVerdict> verdicts() const;
  const std::vector<Difference>& differences() const { return differences_; }
  // As the second look has just read them, each once.
  std::vector<DetailRows> take_rows_to_write() { return std::exchange(rows_to_write_, {}); }

 private:
  using Key = std::pair<Detail, std::int64_t>;
  void take(const DetailAsk& ask, std::vector<Record> rows);
  void judge(const DetailRows& rows);
  void fail(const DetailAsk& ask, const Error& why);
  void take(const DetailAnswer& answer);
  void ask_less(const std::vector<DetailAsk>& batch, const Error& why);
  // Nobody asks for it any more in this look.
  void leave(Detail detail);

  Client& client_;
  Reader& reader_;
  std::int64_t objects_;
  std::map<Detail, DetailVerdict> verdicts_;
  std::vector<DetailAsk> asks_;
  std::size_t slots_ = kBatchCommands;  // questions of one request of this look
  std::uint64_t smaller_left_ = 0;      // requests with fewer of them
  std::string unanswered_;              // why they are fewer
  std::map<Key, std::vector<Record>> pages_;
  bool again_ = false;
  // Objects that differ, with what the portal said the first time.
  std::map<Key, std::pair<DetailAsk, std::vector<Record>>> suspects_;
  std::vector<Difference> differences_;
  std::vector<DetailRows> rows_to_write_;
};

}  // namespace b24
