#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/log.h"
#include "daemon/store/backup.h"

// The engine's part that copes with its disk: waiting for it, and backups of the state.

namespace b24 {
namespace {

// Between two attempts to write what could not be written: a disk may be full for hours.
constexpr seconds kFirstDiskPause{1};
constexpr seconds kDiskPauseMost{30};
// How often it is looked whether a backup is due, and how soon one that failed is tried again.
constexpr seconds kBackupCheck{600};
// The day of backups begins at three in the morning, local time.
constexpr hours kNight{3};

}  // namespace

void Engine::outlast(const std::function<void()>& work) {
  for (seconds pause = kFirstDiskPause;; pause = std::min(pause * 2, kDiskPauseMost)) {
    try {
      work();
      return note_trouble("");
    } catch (const StoreFailure& failure) {
      if (!failure.passes || !options_.judging) throw;
      note_trouble(failure.what());
    }
    turns_.fetch_add(1, std::memory_order_relaxed);
    if (!clock_.sleep_until(clock_.steady_now() + pause, stop_)) return;
  }
}

void Engine::note_trouble(const std::string& text) {
  std::lock_guard lock{trouble_mutex_};
  if (text == trouble_) return;
  if (text.empty()) {
    log::info("database written again");
  } else {
    log::warn("database not written, waiting text={}", log::quoted(text));
  }
  trouble_ = text;
}

std::string Engine::trouble() const {
  std::lock_guard lock{trouble_mutex_};
  return trouble_;
}

void Engine::back_up_when_due(Time now) {
  const SteadyTime steady = clock_.steady_now();
  // Before the first look at the rules the state says nothing new.
  if (!judged_at_ || steady < backup_check_) return;
  backup_check_ = steady + kBackupCheck;
  const auto last = writer_.backed_up_at();
  const auto night = [&](Time t) { return around_.calendar.day_of(t - kNight); };
  const bool ahead = last && *last > now;  // our clock was set back
  if (last && !ahead && night(*last) == night(now)) return;
  try {
    writer_.back_up(now);
    log::info("state backed up");
    backup_problem_.clear();
  } catch (const StoreFailure& failure) {
    // The watch goes on without it.
    if (backup_problem_ != failure.what()) {
      log::error("state not backed up text={}", log::quoted(failure.what()));
    }
    backup_problem_ = failure.what();
  }
}

void Engine::end_restore() {
  Writer::Transaction transaction{writer_};
  writer_.set_meta(kRestoredMeta, "");
  transaction.commit();
  held_until_.reset();
  log::info("state restored from a backup has been judged by");
}

}  // namespace b24
