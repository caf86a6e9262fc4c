#pragma once

#include "daemon/engine/event.h"
#include "rules/base/notice.h"

// Delivers what the engine hands it, in order, and reports each outcome back. Its own thread; keeps
// nothing: what it had in hand when the program died is undelivered in the outbox and comes again.
// A stop lets the call under way come to its end.

namespace b24 {

class Sender {
 public:
  Sender(Notifier& notifier, EventQueue& events) : notifier_(notifier), events_(events) {}

  // Any thread. False when there is no room.
  bool hand(const Notice& notice) { return notices_.try_push(notice); }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      auto notice = notices_.pop(milliseconds{1000}, stop);
      if (!notice) continue;
      auto outcome = notifier_.deliver(*notice);
      // Broken off by the end of the program: no attempt that counts.
      if (!outcome && outcome.error().kind == ErrorKind::stopped) return;
      // As many at most as were handed over; waiting for room could lose one at the end.
      events_.put(Delivered{notice->id, std::move(outcome)});
    }
  }

 private:
  Notifier& notifier_;
  EventQueue& events_;
  Queue<Notice> notices_{1000};
};

}  // namespace b24
