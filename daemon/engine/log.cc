#include "daemon/engine/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

namespace b24::log {
namespace {

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The journal's priorities, as sd-daemon(3) names them.
std::string_view journal_prefix(Level level) {
  switch (level) {
    case Level::debug:
      return "<7>";
    case Level::info:
      return "<6>";
    case Level::warn:
      return "<4>";
    case Level::error:
      return "<3>";
  }
  return "<6>";
}

bool under_journal() { return std::getenv("JOURNAL_STREAM") != nullptr; }

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("b24watch",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    // The journal stamps every line itself.
    made->set_pattern(under_journal() ? "%v" : "%Y-%m-%dT%H:%M:%S%z %l %v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

thread_local Held* innermost = nullptr;

}  // namespace

Held::Held() : outer_(innermost), exceptions_(std::uncaught_exceptions()) { innermost = this; }

Held::~Held() {
  innermost = outer_;
  if (std::uncaught_exceptions() > exceptions_) return;
  for (const auto& [level, line] : lines_) write(level, line);
}

void set_level(std::string_view level) {
  if (level == "debug") return logger().set_level(spdlog::level::debug);
  if (level == "warn") return logger().set_level(spdlog::level::warn);
  if (level == "error") return logger().set_level(spdlog::level::err);
  logger().set_level(spdlog::level::info);
}

bool enabled(Level level) { return logger().should_log(level_of(level)); }

void write(Level level, std::string_view line) {
  if (innermost != nullptr) {
    innermost->lines_.emplace_back(level, line);
    return;
  }
  static const bool journal = under_journal();
  if (journal) {
    logger().log(level_of(level), "{}{}", journal_prefix(level), line);
  } else {
    logger().log(level_of(level), "{}", line);
  }
}

std::string quoted(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" \"=\\\t\r\n") == std::string_view::npos;
  if (plain) return std::string{text};
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += (c == '\n' || c == '\r' || c == '\t') ? ' ' : c;
  }
  return out + '"';
}

}  // namespace b24::log
