#include "daemon/installer.h"

#include <utility>

#include "daemon/engine/log.h"

namespace b24 {
namespace {

constexpr std::size_t kMostWaiting = 8;
// Anybody may post; the token server must not suffer for it.
constexpr seconds kBetweenProofs{1};

}  // namespace

Installer::Installer(Application& application, Clock& clock, std::function<void()> updated)
    : application_(application), clock_(clock), updated_(std::move(updated)) {}

void Installer::take(std::string body) {
  std::lock_guard lock{mutex_};
  if (bodies_.size() >= kMostWaiting) {
    log::warn("application event dropped waiting={}", bodies_.size());
    return;
  }
  bodies_.push_back(std::move(body));
  arrived_.notify_one();
}

void Installer::run(const std::stop_token& stop) {
  for (;;) {
    std::string body;
    {
      std::unique_lock lock{mutex_};
      if (!arrived_.wait(lock, stop, [&] { return !bodies_.empty(); })) return;
      body = std::move(bodies_.front());
      bodies_.pop_front();
    }
    if (const auto event = parse_application_event(body)) {
      handle(*event, stop);
      if (!clock_.sleep_until(clock_.steady_now() + kBetweenProofs, stop)) return;
    } else {
      log::warn("application event refused reason={}", name(event.error().kind));
    }
  }
}

void Installer::handle(const ApplicationEvent& event, const std::stop_token& stop) {
  if (event.what == ApplicationEvent::What::installed) {
    const auto installed = application_.install(event, stop);
    if (installed) {
      log::info("application installed");
    } else {
      log::warn("application not installed kind={} text={}", name(installed.error().kind),
                log::quoted(installed.error().text));
    }
    return;
  }
  // Without a token of ours there is nothing to prove it by.
  const Secret known = application_.application_token();
  if (known.empty() || !known.equals(event.application_token.reveal())) {
    log::warn("application event refused reason=token");
    return;
  }
  if (event.what == ApplicationEvent::What::updated) {
    log::info("application updated");
    updated_();
  } else {
    log::warn("application removed from the portal");
  }
}

}  // namespace b24
