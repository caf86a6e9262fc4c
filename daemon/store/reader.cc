#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>

#include "daemon/store/connection.h"
#include "daemon/store/functions.h"
#include "daemon/store/json_columns.h"
#include "daemon/store/query.h"
#include "daemon/store/row_difference.h"
#include "daemon/store/rows.h"
#include "daemon/store/store.h"
#include "daemon/store/writer.h"

namespace b24 {
namespace {

// A person counts from the day he was hired, but not before the portal knew him.
constexpr const char* kPersons =
    "SELECT u.id, trim(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, '')), "
    "coalesce(u.active, 0), coalesce(u.departments, ''), m.hired_at, "
    "EXISTS (SELECT 1 FROM deals AS d WHERE d.manager_id = u.id AND d.deleted_at IS NULL{}) "
    "FROM users AS u JOIN v_manager AS m ON m.id = u.id WHERE u.deleted_at IS NULL ORDER BY u.id";
constexpr const char* kOfPipelines = " AND d.pipeline_id IN (SELECT value FROM json_each(?))";
constexpr const char* kDepartments =
    "SELECT id, coalesce(name, ''), nullif(parent_id, 0), nullif(head_id, 0) FROM departments "
    "WHERE deleted_at IS NULL ORDER BY id";
constexpr const char* kRowCounts = "SELECT entity, rows FROM streams";
constexpr const char* kRejectedCounts =
    "SELECT entity, count(*) FROM rejected_rows GROUP BY entity";
constexpr const char* kDoubts =
    "SELECT entity, doubted_at, doubted_rows FROM streams WHERE doubted_at IS NOT NULL";
constexpr const char* kOutboxCounts =
    "SELECT coalesce(sum(delivered_at IS NULL AND given_up = 0), 0), "
    "min(CASE WHEN delivered_at IS NULL AND given_up = 0 THEN queued_at END), "
    "coalesce(sum(given_up), 0), max(delivered_at) FROM outbox";
constexpr const char* kOutboxProblem =
    "SELECT problem FROM outbox WHERE problem <> '' ORDER BY id DESC LIMIT 1";
// By the index of days, whose first entries hold the first calls. What the portal has deleted since
// is still known of its day.
constexpr const char* kFirstCall =
    "SELECT min(started_at) FROM calls WHERE day = (SELECT min(day) FROM calls)";

Error no_file(const std::filesystem::path& file) {
  return error(
      ErrorKind::invalid_input,
      fmt::format(fmt::runtime(tr("Базы {} ещё нет: запустите службу b24watch или прочитайте "
                                  "портал командой «b24watch sync».",
                                  "There is no database {} yet: start the service b24watch "
                                  "or read the portal with \"b24watch sync\".")),
                  file.string()));
}

Error older_file(const std::filesystem::path& file) {
  return error(ErrorKind::invalid_input,
               fmt::format(fmt::runtime(tr("База {} осталась от прежней версии программы: "
                                           "перезапустите службу b24watch, она её обновит.",
                                           "The database {} is of an earlier version: restart the "
                                           "service b24watch, it will bring it up to date.")),
                           file.string()));
}

std::vector<std::int64_t> all_ids(Run run) {
  std::vector<std::int64_t> ids;
  while (run.next()) ids.push_back(run.integer(0));
  return ids;
}

}  // namespace

struct Reader::Impl {
  explicit Impl(const std::filesystem::path& file) : connection(file, Connection::Mode::read) {}

  std::unique_ptr<Counting> counting;  // the functions look at it
  Connection connection;
  std::optional<QueryRunner> runner;
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::open(const StorePaths& paths) {
  std::error_code failed;
  if (!std::filesystem::exists(paths.file(), failed) && !failed) return no_file(paths.file());
  try {
    auto impl = std::make_unique<Impl>(paths.file());
    const auto version = read_version(impl->connection);
    if (!version) return version.error();
    if (*version == 0) return no_file(paths.file());
    if (*version < kSchemaVersion) return older_file(paths.file());
    register_functions(impl->connection.handle(), &impl->counting);
    impl->runner.emplace(impl->connection);
    return std::unique_ptr<Reader>{new Reader{std::move(impl)}};
  } catch (const SqliteFailure& failure) {
    if (!is_persons_matter(failure.code)) throw;
    return error(ErrorKind::invalid_input, failure.what());
  }
}

void Reader::set_surroundings(const Surroundings& around) {
  impl_->counting = std::make_unique<Counting>(around);
}

tl::expected<QueryInfo, SqlError> Reader::prepare(const std::string& sql) {
  return impl_->runner->prepare(sql);
}

tl::expected<Table, SqlError> Reader::query(const std::string& sql,
                                            const std::map<std::string, Value>& parameters,
                                            const QueryLimits& limits) {
  return impl_->runner->query(sql, parameters, limits);
}

std::vector<StreamState> Reader::streams() { return read_streams(impl_->connection); }
std::vector<DetailState> Reader::details() { return read_details(impl_->connection); }
std::vector<DetailAsk> Reader::wanted_details(Detail detail, std::int64_t most) {
  return read_wanted_details(impl_->connection, detail, most);
}
std::map<Detail, std::int64_t> Reader::waiting_details() {
  return read_waiting_details(impl_->connection);
}
std::vector<DetailAsk> Reader::read_owners(Detail detail, Time now) {
  return read_detail_owners(impl_->connection, detail, now);
}
std::optional<DetailDifference> Reader::difference(const DetailRows& there) {
  return read_difference(impl_->connection, there);
}
std::vector<DetailAsk> Reader::open_owners(Detail detail, const std::optional<std::int64_t>& below,
                                           std::int64_t most) {
  return read_open_owners(impl_->connection, detail, below, most);
}
std::vector<Alert> Reader::alerts() { return read_alerts(impl_->connection); }

std::optional<std::string> Reader::meta(const std::string& name) {
  return read_meta(impl_->connection, name);
}

std::vector<Person> Reader::persons(const SalesScope& scope) {
  const bool all = scope.pipelines.empty();
  const std::string sql = fmt::format(kPersons, all ? "" : kOfPipelines);
  Run run = all ? impl_->connection.run(sql.c_str())
                : impl_->connection.run(sql.c_str(),
                                        fmt::format("[{}]", fmt::join(scope.pipelines, ",")));
  std::vector<Person> persons;
  while (run.next()) {
    Person& person = persons.emplace_back();
    person.id = run.integer(0);
    person.name = run.text(1);
    if (person.name.empty()) {
      person.name = fmt::format(fmt::runtime(tr("сотрудник {}", "employee {}")), person.id);
    }
    person.active = run.integer(2) != 0;
    person.departments = ids_from_json(run.text(3));
    person.hired_at = run.maybe_time(4);
    person.owns_deals = run.integer(5) != 0;
  }
  return persons;
}

std::vector<Department> Reader::departments() {
  std::vector<Department> departments;
  for (Run run = impl_->connection.run(kDepartments); run.next();) {
    departments.push_back(
        {run.integer(0), run.text(1), run.maybe_integer(2), run.maybe_integer(3)});
  }
  return departments;
}

OutboxCounts Reader::outbox_counts() {
  OutboxCounts counts;
  if (Run run = impl_->connection.run(kOutboxCounts); run.next()) {
    counts = {run.integer(0), run.maybe_time(1), run.integer(2), run.maybe_time(3), {}};
  }
  if (Run run = impl_->connection.run(kOutboxProblem); run.next()) counts.problem = run.text(0);
  return counts;
}

std::map<Entity, std::int64_t> Reader::row_counts() {
  std::map<Entity, std::int64_t> counts;
  for (Run run = impl_->connection.run(kRowCounts); run.next();) {
    if (const auto entity = entity_named(run.text(0))) counts[*entity] = run.integer(1);
  }
  return counts;
}

std::map<Entity, std::int64_t> Reader::rejected_counts() {
  std::map<Entity, std::int64_t> counts;
  for (Run run = impl_->connection.run(kRejectedCounts); run.next();) {
    if (const auto entity = entity_named(run.text(0))) counts[*entity] = run.integer(1);
  }
  return counts;
}

std::optional<Day> Reader::calls_covered_from(const Calendar& calendar) {
  for (const StreamState& stream : streams()) {
    if (stream.entity == Entity::call && !stream.full_done) return std::nullopt;
  }
  Run run = impl_->connection.run(kFirstCall);
  if (!run.next() || run.is_null(0)) return std::nullopt;
  return calendar.day_of(run.time(0)) + days{1};
}

std::map<Entity, Doubt> Reader::doubts() {
  std::map<Entity, Doubt> doubts;
  Run run = impl_->connection.run(kDoubts);
  while (run.next()) {
    if (const auto entity = entity_named(run.text(0))) {
      doubts[*entity] = {run.time(1), run.integer(2)};
    }
  }
  return doubts;
}

std::vector<std::int64_t> Reader::missing(Entity entity, std::span<const std::int64_t> ids) {
  const std::string sql =
      fmt::format("SELECT 1 FROM {} WHERE id = ? AND deleted_at IS NULL", table_of(entity));
  std::vector<std::int64_t> missing;
  for (const std::int64_t id : ids) {
    if (!impl_->connection.run(sql.c_str(), id).next()) missing.push_back(id);
  }
  return missing;
}

std::vector<std::int64_t> Reader::recent(Entity entity, Time since) {
  const EntitySpec& s = spec(entity);
  const auto field = std::ranges::find(s.fields, s.recent_filter, &Field::select);
  if (field == s.fields.end()) return {};
  const std::string sql = fmt::format("SELECT id FROM {} WHERE {} >= ? AND deleted_at IS NULL",
                                      table_of(entity), field->column);
  std::vector<std::int64_t> ids;
  for (Run run = impl_->connection.run(sql, since); run.next();) ids.push_back(run.integer(0));
  return ids;
}

std::vector<ObjectRef> Reader::lost(const std::set<Entity>& without, std::size_t most) {
  return read_lost(impl_->connection, without, most);
}

std::map<Entity, std::int64_t> Reader::hidden_counts() {
  return read_hidden_counts(impl_->connection);
}

std::vector<std::int64_t> Reader::deleted(Entity entity, const std::vector<std::int64_t>& ids) {
  const std::string sql =
      fmt::format("SELECT 1 FROM {} WHERE id = ? AND deleted_at IS NOT NULL", table_of(entity));
  std::vector<std::int64_t> deleted;
  for (const std::int64_t id : ids) {
    if (impl_->connection.run(sql.c_str(), id).next()) deleted.push_back(id);
  }
  return deleted;
}

std::vector<std::int64_t> Reader::ids(Entity entity, std::int64_t after, std::int64_t to,
                                      std::int64_t most) {
  const std::string sql = fmt::format(
      "SELECT id FROM {} WHERE id > ? AND id <= ? AND deleted_at IS NULL ORDER BY id LIMIT ?",
      table_of(entity));
  return all_ids(impl_->connection.run(sql, after, to, most));
}

std::vector<std::int64_t> Reader::newest_ids(Entity entity, std::int64_t most) {
  const std::string sql = fmt::format(
      "SELECT id FROM {} WHERE deleted_at IS NULL ORDER BY id DESC LIMIT ?", table_of(entity));
  return all_ids(impl_->connection.run(sql, most));
}

std::optional<std::vector<FieldDifference>> Reader::differences(Entity entity,
                                                                const Record& record) {
  const EntitySpec& s = spec(entity);
  std::string columns;
  for (const Field& field : s.fields) columns += fmt::format("{}, ", field.column);
  const std::string sql = fmt::format("SELECT {}extra FROM {} WHERE id = ? AND deleted_at IS NULL",
                                      columns, table_of(entity));
  Run stored = impl_->connection.run(sql, record.id);
  if (!stored.next()) return std::nullopt;
  return row_differences(s, stored, 0, record);
}

}  // namespace b24
