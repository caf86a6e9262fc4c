#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>

#include "connectors/bitrix24/application.h"

namespace b24 {

// Proves and keeps what the portal posts of its application: installed, updated, removed (portal
// docs: common/events/). A thread of its own, since proof takes a question to the token server.
class Installer {
 public:
  // `updated` is called when handlers may be gone, by the thread of run().
  Installer(Application& application, Clock& clock, std::function<void()> updated);

  // What was posted. Dropped when too much waits already. Any thread; never waits.
  void take(std::string body);
  void run(const std::stop_token& stop);

 private:
  void handle(const ApplicationEvent& event, const std::stop_token& stop);

  Application& application_;
  Clock& clock_;
  const std::function<void()> updated_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<std::string> bodies_;
};

}  // namespace b24
