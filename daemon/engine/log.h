#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The program's log: lower case, one fact a line, then key=value. Only daemon/ logs; everything
// below returns its errors. No secrets, and no names of clients at info or above.
//   error: someone must act; warn: we coped; info: state changed; debug: per request.
// Goes to stderr; under systemd each line carries the journal's priority prefix. Any thread.

namespace b24::log {

enum class Level { debug, info, warn, error };

// "debug", "info", "warn", "error"; anything else is info.
void set_level(std::string_view level);
void write(Level level, std::string_view line);
bool enabled(Level level);

// A value as it stands after '=': quoted when it has blanks, quotes or control characters.
std::string quoted(std::string_view text);

// Holds back the lines of its thread until it ends; when an exception ends it they are dropped, as
// what they tell of was rolled back. Stands before the transaction.
class Held {
 public:
  Held();
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  friend void write(Level level, std::string_view line);
  Held* outer_;
  int exceptions_;
  std::vector<std::pair<Level, std::string>> lines_;
};

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace b24::log
