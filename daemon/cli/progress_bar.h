#pragma once

#include "daemon/engine/progress.h"
#include "rules/base/time.h"

namespace b24 {

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
