#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "connectors/bitrix24/application.h"

namespace b24 {

// Proves and keeps what the portal posts of its application: installed, updated, removed (portal
// docs: common/events/). A thread of its own, since proof takes a question to the token server.
class Installer {
 public:
  // `updated` is called when handlers may be gone, by the thread of run().
  Installer(Application& application, Clock& clock, std::function<void()> updated);

  // What was posted. Dropped when it does not concern us, or when too much waits already. Any
  // thread; never waits.
  void take(std::string body);
  void run(const std::stop_token& stop);

 private:
  void refuse(std::string_view reason);  // with the mutex held
  // With the pause that is due afterwards.
  milliseconds handle(const ApplicationEvent& event, const std::stop_token& stop);
  milliseconds install(const ApplicationEvent& event, const std::stop_token& stop);

  Application& application_;
  Clock& clock_;
  const std::function<void()> updated_;
  seconds pause_;  // after the next proof that is refused; run() alone has it
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<ApplicationEvent> waiting_;
  std::uint64_t refused_ = 0;
  std::optional<SteadyTime> refusal_logged_;
};

}  // namespace b24
