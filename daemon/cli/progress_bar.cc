#include "daemon/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "rules/base/language.h"

namespace b24 {
namespace {

constexpr std::size_t kWidth = 12;  // of the bar

}  // namespace

std::string progress_line(const Progress& progress, milliseconds elapsed) {
  const double passed = std::chrono::duration<double>(elapsed).count();
  const auto rows = static_cast<double>(progress.rows);
  const auto expected = static_cast<double>(progress.expected.value_or(0));
  const double rate = passed > 1 ? rows / passed : 0;  // too early to tell
  std::string line;
  if (expected > 0) {
    const double part = std::min(1.0, rows / expected);
    const auto full = static_cast<std::size_t>(part * kWidth);
    line = fmt::format("[{}{}] {:3.0f} %  ", std::string(full, '#'),
                       std::string(kWidth - full, '.'), part * 100);
  }
  line += fmt::format(fmt::runtime(tr("строк: {}", "rows: {}")), progress.rows);
  if (rate >= 1) line += fmt::format(fmt::runtime(tr(" ({:.0f}/с)", " ({:.0f}/s)")), rate);
  line += fmt::format(fmt::runtime(tr(", запросов: {}", ", requests: {}")), progress.requests);
  if (rate > 0 && expected > rows) {
    line += fmt::format(fmt::runtime(tr(", ещё {:.0f} с", ", {:.0f} s left")),
                        (expected - rows) / rate);
  }
  return line;
}

ProgressBar::ProgressBar(Clock& clock)
    : clock_(clock), began_(clock.steady_now()), visible_(isatty(STDERR_FILENO) == 1) {}

void ProgressBar::wipe() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
  drawn_ = false;
}

void ProgressBar::show(const Progress& progress) {
  if (!visible_) return;
  drawn_ = true;
  // Another piece of work has begun.
  if (progress.rows < rows_) began_ = clock_.steady_now();
  rows_ = progress.rows;
  const auto elapsed = std::chrono::floor<milliseconds>(clock_.steady_now() - began_);
  std::cerr << '\r' << progress_line(progress, elapsed) << "\033[K" << std::flush;
}

}  // namespace b24
