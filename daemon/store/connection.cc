#include "daemon/store/connection.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace b24 {
namespace {

constexpr int kBusyMilliseconds = 5'000;

// SQLite counts its memory under a lock, for figures that nobody asks for. Can be told so only
// before its first use.
[[maybe_unused]] const int kMemoryUncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

// FULL: a committed page survives a power cut. secure_delete is Debian's default and would write
// every freed page once more. The cache also bounds what an index is sorted in: with more of it
// that is no quicker, and the system keeps the file's pages anyway. The size of a page is that of
// new files; twice the usual one halves the calls of the system, a tenth of the time of a full
// read.
constexpr const char* kWriteSettings =
    "PRAGMA page_size = 8192; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;"
    "PRAGMA secure_delete = OFF; PRAGMA cache_size = -4096;"
    "PRAGMA journal_size_limit = 67108864;";
constexpr const char* kReadSettings = "PRAGMA query_only = ON; PRAGMA cache_size = -32768;";

std::string failure_text(const std::string& file, int code, const std::string& message) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return fmt::format(
          fmt::runtime(tr("На диске нет места для базы {}: освободите место. Записанное цело.",
                          "No space is left on the disk for {}: free some. What was written is "
                          "safe.")),
          file);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fmt::format(
          fmt::runtime(
              tr("Файл {} повреждён или это не база b24watch: остановите службу и выполните "
                 "«b24watch restore» – тревоги вернутся из ночной копии, остальное "
                 "программа прочитает с портала.",
                 "The file {} is damaged or no database of b24watch: stop the service and "
                 "run \"b24watch restore\": the alerts come back from the nightly backup, "
                 "the rest is read from the portal.")),
          file);
    case SQLITE_IOERR:
      return fmt::format(
          fmt::runtime(tr("Диск не даёт читать или писать базу {} ({}): проверьте диск.",
                          "The disk fails to read or write {} ({}): check the disk.")),
          file, message);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return fmt::format(
          fmt::runtime(
              tr("Базу {} нельзя открыть или писать ({}): проверьте права на файл и папку.",
                 "The database {} cannot be opened or written ({}): check the rights to "
                 "the file and its folder.")),
          file, (code & 0xff) == SQLITE_READONLY ? tr("только для чтения", "read-only") : message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fmt::format(
          fmt::runtime(tr("Базу {} держит другая программа: закройте в ней эту базу.",
                          "Another program holds the database {}: close it there.")),
          file);
    default:
      return fmt::format(fmt::runtime(tr("Ошибка базы {}: {} (код {}).",
                                         "An error of the database {}: {} (code {}).")),
                         file, message, code);
  }
}

// SQLite calls a quota and a limit of size failures of the disk, and keeps the reason to itself. So
// one page more is tried, in a file without a name.
bool lacks_room(const std::filesystem::path& file) {
  std::error_code none;
  const auto size_of = [&](const std::filesystem::path& path) {
    const auto size = std::filesystem::file_size(path, none);
    return none ? off_t{0} : static_cast<off_t>(size);
  };
  const off_t end = std::max(size_of(file), size_of(file.native() + "-wal"));
  const int probe = ::open(file.parent_path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (probe < 0) return errno == ENOSPC || errno == EDQUOT;
  const std::array<char, 8192> page{};
  const bool failed = ::pwrite(probe, page.data(), page.size(), end) < 0;
  const int why = errno;
  ::close(probe);
  return failed && (why == ENOSPC || why == EDQUOT || why == EFBIG);
}

template <class F>
decltype(auto) guarded(const Connection& connection, F&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& failure) {
    connection.fail(failure.getErrorCode(), failure.what());
  }
}

}  // namespace

Run::~Run() { statement_.tryReset(); }

void Run::bind_integer(std::int64_t value) {
  guarded(connection_, [&] { statement_.bind(++bound_, value); });
}

void Run::bind(double value) {
  guarded(connection_, [&] { statement_.bind(++bound_, value); });
}

void Run::bind(std::string_view value) {
  guarded(connection_, [&] { statement_.bind(++bound_, std::string{value}); });
}

void Run::bind_uncopied(const std::string& value) {
  guarded(connection_, [&] { statement_.bindNoCopy(++bound_, value); });
}

void Run::bind(std::nullopt_t) {
  guarded(connection_, [&] { statement_.bind(++bound_); });
}

void Run::bind_value(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return bind_integer(*i);
  if (const auto* d = std::get_if<double>(&value)) return bind(*d);
  if (const auto* s = std::get_if<std::string>(&value)) return bind_uncopied(*s);
  bind(std::nullopt);
}

bool Run::next() {
  return guarded(connection_, [&] { return statement_.executeStep(); });
}

std::int64_t Run::exec() {
  while (next()) {
  }
  return statement_.getChanges();
}

std::int64_t Run::integer(int column) const {
  return guarded(connection_, [&] { return statement_.getColumn(column).getInt64(); });
}

double Run::number(int column) const {
  return guarded(connection_, [&] { return statement_.getColumn(column).getDouble(); });
}

std::string Run::text(int column) const {
  return guarded(connection_, [&] { return statement_.getColumn(column).getString(); });
}

bool Run::is_null(int column) const {
  return guarded(connection_, [&] { return statement_.isColumnNull(column); });
}

std::optional<std::int64_t> Run::maybe_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<Time> Run::maybe_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

Value Run::value(int column) const {
  return guarded(connection_, [&]() -> Value {
    const SQLite::Column cell = statement_.getColumn(column);
    if (cell.isNull()) return {};
    if (cell.isInteger()) return cell.getInt64();
    if (cell.isFloat()) return cell.getDouble();
    return cell.getString();
  });
}

Connection::Connection(std::filesystem::path file, Mode mode) : file_(std::move(file)) {
  const int access = mode == Mode::write ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY;
  guarded(*this, [&] {
    database_ = std::make_unique<SQLite::Database>(file_.string(), access | SQLite::OPEN_NOMUTEX,
                                                   kBusyMilliseconds);
    database_->exec(mode == Mode::write ? kWriteSettings : kReadSettings);
  });
}

Connection::~Connection() = default;

void Connection::exec(const char* sql) {
  guarded(*this, [&] { database_->exec(sql); });
}

SQLite::Statement& Connection::statement(const std::string& sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return *found->second;
  return guarded(*this, [&]() -> SQLite::Statement& {
    auto made = std::make_unique<SQLite::Statement>(*database_, sql);
    return *statements_.emplace(sql, std::move(made)).first->second;
  });
}

sqlite3* Connection::handle() const { return database_->getHandle(); }

void Connection::fail(int code, const std::string& message) const {
  const bool of_disk = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  if (of_disk && lacks_room(file_)) code = SQLITE_FULL;
  SqliteFailure failure{code, failure_text(file_.string(), code, message)};
  const int kind = code & 0xff;
  failure.passes = kind == SQLITE_FULL || kind == SQLITE_BUSY || kind == SQLITE_LOCKED;
  throw failure;
}

}  // namespace b24
