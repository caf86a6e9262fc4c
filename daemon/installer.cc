#include "daemon/installer.h"

#include <algorithm>
#include <utility>

#include "daemon/engine/log.h"

namespace b24 {
namespace {

constexpr std::size_t kMostWaiting = 8;
// Anybody may post, and the token server must not suffer for it: after each refused proof the pause
// doubles. Whoever installs meanwhile has the command authorize.
constexpr seconds kBetweenProofs{1};
constexpr seconds kLongestPause{600};
constexpr seconds kRefusalLogEvery{10};

}  // namespace

Installer::Installer(Application& application, Clock& clock, std::function<void()> updated)
    : application_(application),
      clock_(clock),
      updated_(std::move(updated)),
      pause_(kBetweenProofs) {}

void Installer::take(std::string body) {
  auto event = parse_application_event(body);
  const Result<void> concerns = event ? application_.concerns(*event) : event.error();
  std::lock_guard lock{mutex_};
  if (!concerns) return refuse(concerns.error().text);
  if (waiting_.size() >= kMostWaiting) return refuse("too many wait");
  waiting_.push_back(std::move(*event));
  arrived_.notify_one();
}

void Installer::refuse(std::string_view reason) {
  ++refused_;
  const SteadyTime now = clock_.steady_now();
  if (refusal_logged_ && now - *refusal_logged_ < kRefusalLogEvery) return;
  refusal_logged_ = now;
  log::warn("application event refused refused={} text={}", refused_, log::quoted(reason));
}

void Installer::run(const std::stop_token& stop) {
  for (;;) {
    std::optional<ApplicationEvent> event;
    {
      std::unique_lock lock{mutex_};
      if (!arrived_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      event = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const milliseconds pause = handle(*event, stop);
    if (!clock_.sleep_until(clock_.steady_now() + pause, stop)) return;
  }
}

milliseconds Installer::handle(const ApplicationEvent& event, const std::stop_token& stop) {
  if (event.what == ApplicationEvent::What::installed) return install(event, stop);
  if (event.what == ApplicationEvent::What::updated) {
    log::info("application updated");
    updated_();
  } else {
    log::warn("application removed from the portal");
  }
  return kBetweenProofs;
}

milliseconds Installer::install(const ApplicationEvent& event, const std::stop_token& stop) {
  const auto installed = application_.install(event, stop);
  if (installed) {
    log::info("application installed");
    pause_ = kBetweenProofs;
    return pause_;
  }
  const seconds pause = pause_;
  pause_ = std::min(2 * pause_, kLongestPause);
  log::warn("application not installed kind={} pause={}s text={}", name(installed.error().kind),
            pause.count(), log::quoted(installed.error().text));
  return pause;
}

}  // namespace b24
