#pragma once

#include "daemon/engine/event.h"
#include "rules/base/notice.h"

// Delivers what the engine hands it, in order, and reports each outcome back. Its own thread; keeps
// nothing: what it had in hand when the program died is undelivered in the outbox and comes again.

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
      events_.push(Delivered{notice->id, notifier_.deliver(*notice)}, stop);
    }
  }

 private:
  Notifier& notifier_;
  EventQueue& events_;
  Queue<Notice> notices_{1000};
};

}  // namespace b24
