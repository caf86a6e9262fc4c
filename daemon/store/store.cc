#include "daemon/store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <tuple>

#include "daemon/store/row_hash.h"
#include "daemon/store/writer.h"
#include "store_sql.h"

// Opening: the folder, the lock, the file, the schema.

namespace b24 {
namespace {

constexpr int kApplicationId = 0x62323477;  // "b24w"

// Each brings a file from the version of its index to the next.
constexpr std::string_view kMigrations[] = {embedded::daemon_store_schema_sql,
                                            embedded::daemon_store_schema_2_sql,
                                            embedded::daemon_store_schema_3_sql};
static_assert(std::size(kMigrations) == kSchemaVersion);

constexpr const char* kViewNames =
    "SELECT name FROM sqlite_schema WHERE type = 'view' AND substr(name, 1, 2) = 'v_'";

constexpr const char* kViewsHash = "SELECT value FROM meta WHERE name = 'store.views'";
constexpr const char* kSetViewsHash =
    "INSERT INTO meta (name, value) VALUES ('store.views', ?) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value";

std::string views_hash() {
  RowHash hash;
  hash.add(embedded::daemon_store_views_sql);
  return std::to_string(hash.result());
}

std::string reason(int code) {
  switch (code) {
    case EACCES:
    case EPERM:
      return std::string{tr("нет прав", "no rights")};
    case ENOTDIR:
      return std::string{tr("это не папка", "no folder")};
    default:
      return std::error_code{code, std::generic_category()}.message();
  }
}

template <class... A>
Error refusal(std::string_view ru, std::string_view en, const A&... values) {
  return error(ErrorKind::invalid_input, fmt::format(fmt::runtime(tr(ru, en)), values...));
}

// The empty file, for our eyes only. SQLite gives the files beside the database (-wal, -shm) the
// rights of the database itself.
Result<void> make_database(const StorePaths& paths) {
  const int file = ::open(paths.file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return about_unwritable(errno == EACCES ? paths.file() : paths.state_dir, errno);
  ::close(file);
  return {};
}

void use_write_ahead_log(Connection& connection) {
  Run run = connection.run("PRAGMA journal_mode = WAL");
  if (run.next() && run.text(0) == "wal") return;
  connection.fail(SQLITE_CANTOPEN, "no shared memory here: is it a network disk?");
}

void drop_views(Connection& connection) {
  std::vector<std::string> names;
  for (Run run = connection.run(kViewNames); run.next();) names.push_back(run.text(0));
  for (const std::string& name : names) {
    connection.exec(fmt::format("DROP VIEW {}", name).c_str());
  }
}

// The views hold no data and are made anew whenever their text differs, without a version of their
// own.
void make_views(Connection& connection) {
  connection.exec(std::string{embedded::daemon_store_views_sql}.c_str());
  connection.run(kSetViewsHash, views_hash()).exec();
}

bool views_are_current(Connection& connection) {
  Run run = connection.run(kViewsHash);
  return run.next() && run.text(0) == views_hash();
}

std::int64_t pragma(Connection& connection, const std::string& name) {
  Run run = connection.run("PRAGMA " + name);
  return run.next() ? run.integer(0) : 0;
}

bool has_tables(Connection& connection) {
  Run run = connection.run("SELECT 1 FROM sqlite_schema LIMIT 1");
  return run.next();
}

}  // namespace

Error about_unwritable(const std::filesystem::path& path, int code) {
  const auto say = [&](std::string_view ru, std::string_view en) {
    return refusal(ru, en, path.string(), reason(code));
  };
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return say("В {} нельзя писать: на диске нет места. Освободите место.",
                 "{} cannot be written: no space is left on the disk. Free some.");
    case EROFS:
      return say(
          "В {} нельзя писать: диск подключён только для чтения. Проверьте диск или укажите другую "
          "папку в state_dir.",
          "{} cannot be written: the disk is read-only. Check the disk or name another folder in "
          "state_dir.");
    default:
      return say(
          "В {} нельзя писать ({}): дайте права пользователю, под которым работает b24watch, или "
          "укажите другую папку в state_dir.",
          "{} cannot be written ({}): give the rights to the user b24watch runs as, or name "
          "another folder in state_dir.");
  }
}

Result<void> make_folder(const StorePaths& paths) {
  std::error_code failed;
  const bool slash_at_end = !paths.state_dir.has_filename();
  const auto folder = slash_at_end ? paths.state_dir.parent_path() : paths.state_dir;
  const auto parent = folder.parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  if (failed) return about_unwritable(parent, failed.value());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return about_unwritable(folder, errno);
  return {};
}

std::string name_file(const std::string& schema, int version) {
  return fmt::format("PRAGMA {0}.user_version = {1}; PRAGMA {0}.application_id = {2}", schema,
                     version, kApplicationId);
}

void raise_schema(Connection& connection, int from, int to) {
  for (; from < to; ++from) connection.exec(std::string{kMigrations[from]}.c_str());
}

void migrate(Connection& connection, int version) {
  // Nothing is locked, and nobody waited for, when there is nothing to do.
  if (version == kSchemaVersion && views_are_current(connection)) return;
  connection.exec("BEGIN IMMEDIATE");
  // Before the tables change: SQLite refuses a change that breaks a view.
  drop_views(connection);
  raise_schema(connection, version, kSchemaVersion);
  make_views(connection);
  connection.exec(name_file("main", kSchemaVersion).c_str());
  connection.exec("COMMIT");
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& state_dir) {
  const auto path = state_dir / "lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return about_unwritable(path, errno);
  FolderLock lock{file};
  char holder[16] = {};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return about_unwritable(path, errno);
    const auto length = ::pread(file, holder, sizeof holder - 1, 0);
    return refusal(
        "С папкой {} уже работает другой b24watch (процесс {}): остановите его (systemctl stop "
        "b24watch) или укажите другую папку в state_dir.",
        "Another b24watch (process {1}) works in {0}: stop it (systemctl stop b24watch) or name "
        "another folder in state_dir.",
        state_dir.string(), length > 0 ? holder : "?");
  }
  // Who holds it is for people; on a full disk it must not keep the program from starting.
  const std::string process = std::to_string(::getpid());
  const auto written = ::pwrite(file, process.data(), process.size(), 0);
  if (written >= 0) std::ignore = ::ftruncate(file, written);
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool is_held(const StorePaths& paths) {
  const int file = ::open((paths.state_dir / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool held = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return held;
}

Result<int> read_version(Connection& connection) {
  const auto version = pragma(connection, "user_version");
  const bool ours = pragma(connection, "application_id") == kApplicationId;
  if (!ours && (version != 0 || has_tables(connection))) {
    return refusal(
        "Файл {} – база другой программы: переименуйте его или укажите другую папку в state_dir.",
        "The file {} is the database of another program: rename it or name another folder in "
        "state_dir.",
        connection.file().string());
  }
  if (version > kSchemaVersion) {
    return refusal(
        "База {} создана более новой программой (версия {}, эта программа знает {}): обновите "
        "b24watch или укажите другую папку в state_dir.",
        "The database {} was made by a newer program (version {}, this one knows {}): upgrade "
        "b24watch or name another folder in state_dir.",
        connection.file().string(), version, kSchemaVersion);
  }
  return static_cast<int>(version);
}

bool is_persons_matter(int code) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return true;
    default:
      return false;
  }
}

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::~Writer() = default;

Result<std::unique_ptr<Writer>> Writer::open(const StorePaths& paths) {
  if (auto made = make_folder(paths); !made) return made.error();
  if (auto made = make_database(paths); !made) return made.error();
  auto lock = FolderLock::take(paths.state_dir);
  if (!lock) return lock.error();
  try {
    auto impl = std::make_unique<Impl>(std::move(*lock), paths.file());
    const auto version = read_version(impl->connection);
    if (!version) return version.error();
    use_write_ahead_log(impl->connection);
    migrate(impl->connection, *version);
    return std::unique_ptr<Writer>{new Writer{std::move(impl)}};
  } catch (const SqliteFailure& failure) {
    if (!is_persons_matter(failure.code)) throw;
    return error(ErrorKind::invalid_input, failure.what());
  }
}

Writer::Transaction::Transaction(Writer& writer) : writer_(writer) {
  writer_.impl_->connection.exec("BEGIN IMMEDIATE");
}

Writer::Transaction::~Transaction() {
  // SQLite may have rolled back by itself, after a full disk for one.
  sqlite3* const database = writer_.impl_->connection.handle();
  if (done_ || sqlite3_get_autocommit(database) != 0) return;
  sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Writer::Transaction::commit() {
  writer_.impl_->connection.exec("COMMIT");
  done_ = true;
}

}  // namespace b24
