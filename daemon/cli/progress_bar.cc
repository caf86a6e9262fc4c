#include "daemon/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "rules/base/language.h"

namespace b24 {

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
  const double elapsed = std::chrono::duration<double>(clock_.steady_now() - began_).count();
  constexpr std::size_t kWidth = 20;
  std::string line;
  if (progress.expected && *progress.expected > 0) {
    const double part =
        std::min(1.0, static_cast<double>(progress.rows) / static_cast<double>(*progress.expected));
    const auto full = static_cast<std::size_t>(part * kWidth);
    line = fmt::format("[{}{}] {:3.0f} %  ", std::string(full, '#'),
                       std::string(kWidth - full, '.'), part * 100);
  }
  line += fmt::format(fmt::runtime(tr("строк: {}, запросов: {}", "rows: {}, requests: {}")),
                      progress.rows, progress.requests);
  if (elapsed > 1 && progress.rows > 0 && progress.expected.value_or(0) > progress.rows) {
    const double rate = static_cast<double>(progress.rows) / elapsed;
    line += fmt::format(fmt::runtime(tr(", ещё {:.0f} с", ", {:.0f} s left")),
                        static_cast<double>(*progress.expected - progress.rows) / rate);
  }
  std::cerr << '\r' << line << "\033[K" << std::flush;
}

}  // namespace b24
