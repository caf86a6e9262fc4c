#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/store.h"

// Backups of the state: alerts, messages, the outbox, and what the portal cannot give back either:
// the change log and the working days of the past. The rest of the mirror is not in them, it is
// read again; so they are small.
//
// They lie in state_dir/backup as databases of their own: state.sqlite is the newest,
// state.1.sqlite the one before, and so on. Which is newer is told by the names, since a clock may
// be wrong.

namespace b24 {

// A backup of an earlier version may lack one of them: that begins empty after a restore.
inline constexpr std::string_view kStateTables[] = {"alerts", "alert_events", "changes", "messages",
                                                    "meta",   "outbox",       "workdays"};
inline constexpr int kBackupsKept = 7;
// Of the change log the newest lines, and all that norms are learned from and the views look up:
// stages, the responsible, amounts and their currencies, deadlines, who changed a task, returns of
// payments, and rates of currencies.
inline constexpr std::int64_t kChangesBackedUp = 1'000'000;

struct Backup {
  std::filesystem::path file;
  Time made_at;  // by the clock of then
};

// The newest first.
std::vector<Backup> backups(const StorePaths& paths);

// Takes a backup of the database as it is at this instant; whoever writes to it goes on. The older
// ones move on by a name, the oldest goes. Any thread. A StoreFailure leaves them as they were.
void back_up(const StorePaths& paths, Time now);

struct Restored {
  Backup from;
  std::optional<std::filesystem::path> put_aside;  // the database that was there
  std::vector<std::string> unusable;  // newer backups that are no good: a sentence each
};

// Makes a new database with the state of the newest backup that is whole, or of `from`: a backup,
// or a database that was put aside. What was there is renamed, with its -wal and -shm, and never
// deleted. invalid_input: a b24watch works in the folder, or nothing there is of use; then all
// stays as it was.
Result<Restored> restore(const StorePaths& paths, const std::optional<std::filesystem::path>& from,
                         Time now);

// Set by restore(): the state is as old as its backup until the rules are judged.
inline constexpr const char* kRestoredMeta = "restored_at";

}  // namespace b24
