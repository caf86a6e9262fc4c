#pragma once

#include <string>

#include "daemon/engine/progress.h"
#include "rules/base/time.h"

namespace b24 {

// How far it is, how fast and how long it will take, `elapsed` since the first row; fits in 80
// columns.
std::string progress_line(const Progress& progress, milliseconds elapsed);

// One line that is written over, short enough for 80 columns; nothing where nobody looks.
class ProgressBar {
 public:
  explicit ProgressBar(Clock& clock);
  ~ProgressBar() { wipe(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void wipe();
  void show(const Progress& progress);

 private:
  Clock& clock_;
  SteadyTime began_;
  std::uint64_t rows_ = 0;
  bool visible_;
  bool drawn_ = false;
};

}  // namespace b24
