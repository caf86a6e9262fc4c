#include "daemon/engine/retry.h"

#include <algorithm>

namespace b24 {
namespace {

constexpr seconds kFirstPause{5};
constexpr seconds kLongestPassingPause{600};
constexpr std::int64_t kMostRefusals = 24;

// About this notice, and not about the webhook or the portal as a whole.
bool is_refusal(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input:
    case ErrorKind::rejected:
    case ErrorKind::gone:
      return true;
    case ErrorKind::no_rights:
    case ErrorKind::unavailable:
    case ErrorKind::wait_until:
    case ErrorKind::blocked:
    case ErrorKind::stopped:
      return false;
  }
  return false;
}

}  // namespace

Retry retry_after(ErrorKind kind, const OutboxEntry& before) {
  if (is_refusal(kind)) {
    if (before.refusals + 1 >= kMostRefusals) return {Failure::refusal, std::nullopt};
    return {Failure::refusal, kLongestPause};
  }
  if (kind == ErrorKind::no_rights) return {Failure::passing, kLongestPause};
  const auto failure = kind == ErrorKind::unavailable ? Failure::unanswered : Failure::passing;
  const auto doublings = std::min<std::int64_t>(before.failures, 10);
  return {failure, std::min(kLongestPassingPause, kFirstPause * (1 << doublings))};
}

}  // namespace b24
