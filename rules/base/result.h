#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

// A failure that the caller is expected to handle. Whatever the caller could not act on (a full
// disk, broken SQL of ours) is an exception instead and climbs to the loop of its thread.

namespace b24 {

// What the caller does next. A new kind must change what some caller does.
enum class ErrorKind {
  invalid_input,  // settings, rules, SQL or arguments of a person: the text says what to mend
  unavailable,    // the portal did not answer or answered with rubbish: try again later
  wait_until,     // the portal asks to wait (its limits): try again at the named time
  rejected,       // the portal refuses this call as it is: our mistake, repeating is useless
  no_rights,      // the scope or the user's rights do not cover this call
  gone,           // the object does not exist, or can no longer be read
  blocked,        // the whole connection is refused (webhook removed, portal closed): stop, alert
  stopped,        // we were asked to stop
};

// "invalid_input", "unavailable", ... as in logs and JSON.
const char* name(ErrorKind kind);

// Whether waiting is all that it takes.
constexpr bool passes_by_itself(ErrorKind kind) {
  return kind == ErrorKind::unavailable || kind == ErrorKind::wait_until;
}

// `text` is a whole sentence for a person, in the language in force: what happened, where, what
// to do. It never holds a secret.
struct Error {
  ErrorKind kind = ErrorKind::unavailable;
  std::string text;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}
  Result(Error error) : tl::expected<T, Error>(tl::unexpected<Error>(std::move(error))) {}
};

inline Error error(ErrorKind kind, std::string text) { return {kind, std::move(text)}; }

}  // namespace b24
