#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/engine/event.h"

// Reads what belongs to the objects of the mirror and no list gives: bindings of activities and the
// like.

namespace b24 {

// Which of the kinds that are read on demand some rule reads. Any thread.
class NeededDetails {
 public:
  void set(const std::set<Detail>& needed) {
    unsigned bits = 0;
    for (const Detail detail : needed) bits |= 1U << static_cast<unsigned>(detail);
    bits_.store(bits, std::memory_order_relaxed);
  }
  bool has(Detail detail) const {
    return (bits_.load(std::memory_order_relaxed) >> static_cast<unsigned>(detail) & 1U) != 0;
  }

 private:
  std::atomic<unsigned> bits_{0};
};

struct DetailOptions {
  int requests = 10;              // beside each poll
  int requests_now = 40;          // of a pass that is made by hand
  seconds refused_every{3600};    // between two attempts at what the portal refuses
  seconds unanswered_every{600};  // at what it could not answer for the moment
  std::shared_ptr<const NeededDetails> needed = std::make_shared<NeededDetails>();
};

// Kinds share the requests: each has its part, and what is left goes to those that stand first in
// kDetails. One thread, the puller's.
class DetailPuller {
 public:
  DetailPuller(Client& client, Reader& reader, EventQueue& events, Clock& clock,
               DetailOptions options);

  // Asks for what is wanted and hands it on. Fails where nothing can be asked at all; a kind that
  // the portal does not give, or a request that is too heavy for it, is told by its DetailState
  // alone.
  enum class Pace { beside_polls, now };  // now: waits for a method that must rest
  Result<void> read(Pace pace, const std::stop_token& stop);

  // As the file says: at a start, and when the mirror was cleared.
  void load();

 private:
  struct PutOff {
    SteadyTime until{};
    int tries = 0;  // in a row that brought nothing
  };
  struct Kind {
    DetailState state;
    bool fails = false;                           // some of the latest questions
    SteadyTime rest_until{};                      // nobody is asked
    SteadyTime open_due{};                        // a round of the open owners, the newest first
    std::optional<std::int64_t> open_below;       // how far it has come
    bool all_asked = false;                       // everything wanted, this time
    std::map<std::int64_t, PutOff> put_off = {};  // owners that are not asked for a while
  };
  // What one kind asks for: first what is wanted, then open owners.
  struct Wanted {
    std::vector<DetailAsk> asks;
    std::size_t open_from = 0;
    bool all = false;  // nothing was left out
  };
  // What one request has brought of one kind.
  struct Tally {
    std::size_t answered = 0;
    std::vector<DetailAsk> unanswered, refused;
    std::optional<Error> why;
  };

  std::vector<DetailAsk> wanted(std::size_t most);
  Wanted wanted_of(Kind& kind, std::size_t most);
  // Of what a kind wants, as many as it is given; the others come next time.
  void choose(Kind& kind, Wanted what, std::size_t most, std::vector<DetailAsk>& asks);
  // Those to be asked in one request; they leave the list. None: all methods must rest.
  std::vector<DetailAsk> next_batch(std::vector<DetailAsk>& asks) const;
  // False: a stop came.
  bool wait_for_method(const std::vector<DetailAsk>& asks, const std::stop_token& stop) const;
  // An error is one that ends the pass.
  Result<void> ask(const std::vector<DetailAsk>& batch, std::vector<DetailAsk>& asks,
                   const std::stop_token& stop);
  void note_too_heavy(const std::vector<DetailAsk>& batch, const Error& why);
  void take(DetailAnswer answer, std::vector<DetailAsk>& asks, DetailsRead& out, Tally& tally);
  void judge(Kind& kind, Tally tally, DetailsRead& out);
  void note(Kind& kind, DetailState state, DetailsRead& out);
  // Kinds of which nothing is left are as fresh as this.
  void note_all_read(const std::vector<DetailAsk>& left, const std::stop_token& stop);
  void put_off(Kind& kind, const std::vector<DetailAsk>& asks, seconds by);

  Client& client_;
  Reader& reader_;
  EventQueue& events_;
  Clock& clock_;
  DetailOptions options_;
  std::map<Detail, Kind> kinds_;
  std::size_t batch_ = kBatchCommands;  // questions we dare to put into one request
  // Rows of owners whose last page is not read yet; of one reading.
  std::map<std::pair<Detail, std::int64_t>, std::vector<Record>> pages_;
};

}  // namespace b24
