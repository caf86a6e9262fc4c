#include "rules/base/result.h"

namespace b24 {

const char* name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_input:
      return "invalid_input";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::wait_until:
      return "wait_until";
    case ErrorKind::rejected:
      return "rejected";
    case ErrorKind::no_rights:
      return "no_rights";
    case ErrorKind::gone:
      return "gone";
    case ErrorKind::blocked:
      return "blocked";
    case ErrorKind::stopped:
      return "stopped";
  }
  return "unknown";
}

}  // namespace b24
