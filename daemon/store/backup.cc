#include "daemon/store/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "daemon/store/rows.h"
#include "daemon/store/writer.h"

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTablesOfState =
    "SELECT name, sql FROM {}.sqlite_schema WHERE type = 'table' ORDER BY name";
constexpr const char* kColumnsOf = "SELECT name FROM pragma_table_info(?, ?) ORDER BY cid";
// What the views look up in the log for its whole length, and the newest lines.
constexpr const char* kOfChanges =
    " WHERE field IN ('stage_id', 'manager_id', 'amount_minor', 'currency', 'deadline_at', "
    "'changed_by', 'editor_id', 'status', 'completed', 'return_kind', 'rate', 'nominal', "
    "'is_base') "
    "OR id > (SELECT coalesce(max(id), 0) - {} FROM {}.changes)";
// What speaks of the mirror that is left behind: its views, the zone of its local days, and how it
// compared with the portal.
constexpr const char* kForgetMirror =
    "DELETE FROM meta WHERE name IN ('store.views', 'verified', ?)";
// Whatever waited then may have been shown since.
constexpr const char* kDoubtWaiting =
    "UPDATE outbox SET maybe_seen = 1 WHERE delivered_at IS NULL AND given_up = 0";
constexpr const char* kNoteRestore =
    "INSERT INTO meta (name, value) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value";

fs::path folder_of(const StorePaths& paths) { return paths.state_dir / "backup"; }

fs::path place(const StorePaths& paths, int age) {
  return folder_of(paths) / (age == 0 ? "state.sqlite" : fmt::format("state.{}.sqlite", age));
}

StoreFailure unwritable(const fs::path& path, int code) {
  return StoreFailure{about_unwritable(path, code).text};
}

// A file in the making: empty and for our eyes only at first, gone unless it has been renamed.
class Draft {
 public:
  explicit Draft(fs::path path) : path_(std::move(path)) {}
  ~Draft() { ::unlink(path_.c_str()); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const fs::path& path() const { return path_; }

  // Also in place of what was left behind.
  void begin() const {
    ::unlink(path_.c_str());
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) throw unwritable(path_, errno);
    ::close(file);
  }

 private:
  fs::path path_;
};

void give_name(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw unwritable(to, errno);
}

// So that the names outlive a power cut.
void settle(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

void date(const fs::path& path, Time at) {
  const timespec time{to_unix(at), 0};
  const timespec both[] = {time, time};
  ::utimensat(AT_FDCWD, path.c_str(), both, 0);
}

std::optional<Backup> found(const fs::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  return Backup{path, from_unix(about.st_mtim.tv_sec)};
}

// What is made by root belongs to the service all the same.
void give_to_owner_of(const fs::path& folder, const fs::path& path) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &about) != 0) return;
  if (::chown(path.c_str(), about.st_uid, about.st_gid) != 0) throw unwritable(path, errno);
}

struct TableText {
  std::string name;
  std::string sql;
};

// Those that are there: a backup of an earlier version may lack one.
std::vector<TableText> state_tables(Connection& connection, const std::string& schema) {
  std::vector<TableText> tables;
  for (Run run = connection.run(fmt::format(kTablesOfState, schema)); run.next();) {
    const bool is_state = std::ranges::find(kStateTables, run.text(0)) != std::end(kStateTables);
    if (is_state) tables.push_back({run.text(0), run.text(1)});
  }
  return tables;
}

void copy_rows(Connection& connection, const std::string& table, const std::string& from,
               const std::string& to, const std::string& condition = {}) {
  std::vector<std::string> columns;
  for (Run run = connection.run(kColumnsOf, std::string_view{table}, std::string_view{from});
       run.next();) {
    columns.push_back(run.text(0));
  }
  const std::string list = fmt::format("{}", fmt::join(columns, ", "));
  connection.exec(fmt::format("INSERT OR REPLACE INTO {}.{} ({}) SELECT {} FROM {}.{}{}", to, table,
                              list, list, from, table, condition)
                      .c_str());
}

// In one transaction, and so all of one instant.
void copy_state(const fs::path& database, const fs::path& to) {
  Connection connection{database, Connection::Mode::write};
  connection.run("ATTACH ? AS backup", std::string_view{to.native()}).exec();
  connection.exec("PRAGMA backup.journal_mode = MEMORY; BEGIN");
  for (const TableText& table : state_tables(connection, "main")) {
    constexpr std::string_view kCreate = "CREATE TABLE ";  // SQLite keeps every text so
    connection.exec(fmt::format("{}backup.{}", kCreate, table.sql.substr(kCreate.size())).c_str());
    copy_rows(connection, table.name, "main", "backup",
              table.name == "changes" ? fmt::format(kOfChanges, kChangesBackedUp, "main") : "");
  }
  const int version = read_version(connection).value();
  connection.exec(name_file("backup", version).c_str());
  connection.exec("COMMIT");
}

// The end of a sentence about a backup.
std::string reason_of(const SqliteFailure& failure) {
  switch (failure.code & 0xff) {
    case SQLITE_CORRUPT:
      return std::string{tr("она повреждена", "it is damaged")};
    case SQLITE_NOTADB:
      return std::string{tr("это не база данных", "it is no database")};
    default:
      return fmt::format("{}, {} {}", tr("не читается", "it cannot be read"), tr("код", "code"),
                         failure.code);
  }
}

// Why a file is of no use; nothing if it is.
std::optional<std::string> defect(const fs::path& file) try {
  Connection connection{file, Connection::Mode::read};
  const auto version = read_version(connection);
  if (!version || *version == 0) {
    return std::string{tr("это не копия b24watch этой или прежней версии",
                          "it is no backup of b24watch of this or an earlier version")};
  }
  for (const TableText& table : state_tables(connection, "main")) {
    Run run = connection.run(fmt::format("PRAGMA integrity_check({})", table.name));
    if (!run.next() || run.text(0) != "ok") {
      return std::string{tr("она повреждена", "it is damaged")};
    }
  }
  return std::nullopt;
} catch (const SqliteFailure& failure) {
  return reason_of(failure);
}

// A new database with the state of a backup. It is made in the backup's version and brought up to
// date as every other.
void rebuild(const fs::path& from, const fs::path& draft, Time now) {
  Connection connection{draft, Connection::Mode::write};
  connection.run("ATTACH ? AS backup", std::string_view{from.native()}).exec();
  int version = 0;
  if (Run run = connection.run("PRAGMA backup.user_version"); run.next()) {
    version = static_cast<int>(run.integer(0));
  }
  connection.exec("PRAGMA journal_mode = MEMORY; BEGIN");
  raise_schema(connection, 0, version);
  for (const TableText& table : state_tables(connection, "backup")) {
    copy_rows(connection, table.name, "backup", "main");
  }
  connection.run(kForgetMirror, std::string_view{kDaysZoneMeta}).exec();
  connection.run(kDoubtWaiting).exec();
  connection.run(kNoteRestore, std::string_view{kRestoredMeta}, std::to_string(to_unix(now)))
      .exec();
  connection.exec(name_file("main", version).c_str());
  connection.exec("COMMIT");
  migrate(connection, version);
  read_alerts(connection);  // a StoreFailure when one cannot be read
}

std::string stamp(Time at) {
  std::string text = format_utc(at);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// The log goes first: a database must never meet the log of another.
std::optional<fs::path> put_aside(const StorePaths& paths, Time now) {
  const fs::path file = paths.file();
  fs::path aside;
  int more = 0;
  do {
    const std::string number = more == 0 ? "" : fmt::format("-{}", more);
    aside = paths.state_dir / fmt::format("b24watch.{}{}.sqlite", stamp(now), number);
    ++more;
  } while (fs::exists(aside));
  for (const char* part : {"-wal", "-shm", ""}) {
    const fs::path here = file.native() + part;
    if (fs::exists(here)) give_name(here, aside.native() + part);
  }
  return fs::exists(aside) ? std::optional{aside} : std::nullopt;
}

Error no_use(std::string_view ru, std::string_view en, const fs::path& where) {
  return error(ErrorKind::invalid_input, fmt::format(fmt::runtime(tr(ru, en)), where.string()));
}

Result<std::vector<Backup>> choice(const StorePaths& paths, const std::optional<fs::path>& from) {
  if (from) {
    if (auto named = found(*from)) return std::vector{std::move(*named)};
    return no_use("Файла {} нет.", "There is no file {}.", *from);
  }
  auto all = backups(paths);
  if (!all.empty()) return all;
  return no_use(
      "В {} нет ни одной копии: назовите файл ключом --from или переименуйте базу и запустите "
      "службу, она начнёт наблюдение заново.",
      "There is no backup in {}: name a file with --from, or rename the database and start the "
      "service, which will then begin anew.",
      folder_of(paths));
}

// False, with the reason, when the backup is no good.
tl::expected<void, std::string> try_backup(const Backup& backup, const Draft& draft, Time now) {
  if (auto why = defect(backup.file)) return tl::unexpected(std::move(*why));
  draft.begin();
  try {
    rebuild(backup.file, draft.path(), now);
    return {};
  } catch (const SqliteFailure& failure) {
    if (failure.passes) throw;  // no room: the next one would not fit either
    return tl::unexpected(reason_of(failure));
  } catch (const StoreFailure&) {
    return tl::unexpected(std::string{
        tr("в ней есть тревога, которую нельзя прочитать", "it has an alert that cannot be read")});
  }
}

}  // namespace

std::vector<Backup> backups(const StorePaths& paths) {
  std::vector<Backup> all;
  for (int age = 0; age < kBackupsKept; ++age) {
    if (auto backup = found(place(paths, age))) all.push_back(std::move(*backup));
  }
  return all;
}

void back_up(const StorePaths& paths, Time now) {
  const fs::path folder = folder_of(paths);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw unwritable(folder, errno);
  const Draft draft{folder / "state.draft"};
  draft.begin();
  copy_state(paths.file(), draft.path());
  date(draft.path(), now);
  // A gap, after a kill between two of these renames, is where the older ones stop moving.
  int gap = 0;
  while (gap + 1 < kBackupsKept && found(place(paths, gap))) ++gap;
  for (int age = gap; age > 0; --age) give_name(place(paths, age - 1), place(paths, age));
  give_name(draft.path(), place(paths, 0));
  settle(folder);
}

Result<Restored> restore(const StorePaths& paths, const std::optional<fs::path>& from, Time now) {
  if (auto made = make_folder(paths); !made) return made.error();
  auto lock = FolderLock::take(paths.state_dir);
  if (!lock) return lock.error();
  give_to_owner_of(paths.state_dir, paths.state_dir / "lock");
  const auto candidates = choice(paths, from);
  if (!candidates) return candidates.error();
  Restored done;
  const Draft draft{paths.state_dir / "b24watch.draft"};
  for (const Backup& backup : *candidates) {
    if (const auto made = try_backup(backup, draft, now); !made) {
      done.unusable.push_back(
          fmt::format(fmt::runtime(tr("Копия {} не годится: {}.", "The backup {} is no good: {}.")),
                      backup.file.string(), made.error()));
      continue;
    }
    give_to_owner_of(paths.state_dir, draft.path());
    done.put_aside = put_aside(paths, now);
    give_name(draft.path(), paths.file());
    settle(paths.state_dir);
    done.from = backup;
    return done;
  }
  return error(ErrorKind::invalid_input, fmt::format("{}", fmt::join(done.unusable, " ")));
}

}  // namespace b24
