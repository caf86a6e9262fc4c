#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
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

// Kinds share the requests; those that stand first in kDetails come first. One thread, the
// puller's.
class DetailPuller {
 public:
  DetailPuller(Client& client, Reader& reader, EventQueue& events, Clock& clock,
               DetailOptions options);

  // Asks for what is wanted and hands it on. Fails where the connection does; a kind that the
  // portal does not give is told by its DetailState alone.
  enum class Pace { beside_polls, now };  // now: waits for a method that must rest
  Result<void> read(Pace pace, const std::stop_token& stop);

  // As the file says: at a start, and when the mirror was cleared.
  void load();

 private:
  struct Kind {
    DetailState state;
    bool fails = false;                               // some of the latest questions
    SteadyTime rest_until{};                          // nobody is asked
    SteadyTime open_due{};                            // open owners are asked again
    bool all_asked = false;                           // everything wanted is asked for this time
    std::map<std::int64_t, SteadyTime> put_off = {};  // owners that are not asked until then
  };
  // What one request has brought of one kind.
  struct Tally {
    std::size_t answered = 0;
    std::vector<DetailAsk> unanswered, refused;
    std::optional<Error> why;
  };

  std::vector<DetailAsk> wanted(std::size_t most);
  void add_wanted(Kind& kind, std::size_t most, std::vector<DetailAsk>& asks);
  // Those to be asked in one request; they leave the list.
  std::vector<DetailAsk> next_batch(std::vector<DetailAsk>& asks, Pace pace) const;
  void take(DetailAnswer answer, std::vector<DetailAsk>& asks, DetailsRead& out, Tally& tally);
  void judge(Kind& kind, Tally tally, DetailsRead& out);
  void note(Kind& kind, DetailState state, DetailsRead& out);
  // What was wanted at first has been read of kinds of which nothing is left.
  void note_all_read(const std::vector<DetailAsk>& left, const std::stop_token& stop);
  void put_off(Kind& kind, const std::vector<DetailAsk>& asks, seconds by);

  Client& client_;
  Reader& reader_;
  EventQueue& events_;
  Clock& clock_;
  DetailOptions options_;
  std::map<Detail, Kind> kinds_;
  // Rows of owners whose last page is not read yet.
  std::map<std::pair<Detail, std::int64_t>, std::vector<Record>> pages_;
};

}  // namespace b24
