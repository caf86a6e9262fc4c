#include "daemon/store/functions.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <exception>
#include <limits>
#include <optional>
#include <string>

#include "daemon/store/store.h"

namespace b24 {
namespace {

constexpr int kMostPatternBytes = 256;
constexpr std::int64_t kLatestTime = 253'402'300'799;  // the end of the year 9999

// One call of a function: its arguments and its answer. No answer is NULL.
class Call {
 public:
  Call(sqlite3_context* context, int count, sqlite3_value** values)
      : context_(context), count_(count), values_(values) {}

  int count() const { return count_; }
  // NULL and what is no number give nothing.
  std::optional<std::int64_t> integer(int i) const {
    const int type = sqlite3_value_numeric_type(values_[i]);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return std::nullopt;
    return sqlite3_value_int64(values_[i]);
  }
  std::optional<double> real(int i) const {
    const int type = sqlite3_value_numeric_type(values_[i]);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return std::nullopt;
    return sqlite3_value_double(values_[i]);
  }
  // Instants within the years 1970 to 9999; others give nothing, like NULL.
  std::optional<Time> time(int i) const {
    const auto seconds = integer(i);
    if (!seconds || *seconds < 0 || *seconds > kLatestTime) return std::nullopt;
    return from_unix(*seconds);
  }
  std::optional<std::string_view> text(int i) const {
    const auto* bytes = sqlite3_value_text(values_[i]);
    if (bytes == nullptr) return std::nullopt;
    return std::string_view{reinterpret_cast<const char*>(bytes),
                            static_cast<std::size_t>(sqlite3_value_bytes(values_[i]))};
  }
  const Counting* counting() const {
    return static_cast<const std::unique_ptr<Counting>*>(sqlite3_user_data(context_))->get();
  }
  sqlite3_context* context() const { return context_; }

  void give(std::int64_t value) const { sqlite3_result_int64(context_, value); }
  void give(double value) const { sqlite3_result_double(context_, value); }
  void give(const std::string& value) const {
    sqlite3_result_text64(context_, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void fail(std::string_view text) const {
    sqlite3_result_error(context_, text.data(), static_cast<int>(text.size()));
  }

 private:
  sqlite3_context* context_;
  int count_;
  sqlite3_value** values_;
};

using Work = void (*)(const Call&);
using WorkCounting = void (*)(const Call&, const Counting&);

// SQLite is C: no exception may pass through it.
template <Work work>
void entry(sqlite3_context* context, int count, sqlite3_value** values) {
  const Call call{context, count, values};
  try {
    work(call);
  } catch (const std::exception& failure) {
    call.fail(failure.what());
  }
}

template <WorkCounting work>
void counted(const Call& call) {
  if (const Counting* counting = call.counting()) return work(call, *counting);
  call.fail(tr("календарь ещё не прочитан с портала", "the calendar has not been read yet"));
}

void local_day(const Call& call, const Counting& by) {
  if (const auto t = call.time(0)) call.give(format_day(by.around.calendar.day_of(*t)));
}

void work_days(const Call& call, const Counting& by) {
  const auto from = call.time(0);
  const auto to = call.time(1);
  if (from && to) call.give(by.around.calendar.work_days(*from, *to));
}

void work_minutes(const Call& call, const Counting& by) {
  const auto from = call.time(0);
  const auto to = call.time(1);
  if (from && to) call.give(std::int64_t{by.around.calendar.work_minutes(*from, *to).count()});
}

void effective_deadline(const Call& call, const Counting& by) {
  if (const auto t = call.time(0)) call.give(to_unix(by.around.calendar.effective_deadline(*t)));
}

void absent_through(const Call& call, const Counting& by) {
  const auto id = call.integer(0);
  const auto from = call.time(1);
  const auto to = call.time(2);
  if (id && from && to) {
    call.give(std::int64_t{by.around.absences.absent_through(*id, *from, *to)});
  }
}

void is_manager(const Call& call, const Counting& by) {
  const auto id = call.integer(0);
  call.give(std::int64_t{id && by.around.people.is_manager(*id)});
}

void is_sales(const Call& call, const Counting& by) {
  const auto pipeline = call.integer(0);
  call.give(std::int64_t{by.around.scope.is_sales(pipeline)});
}

bool has_test_title(const Call& call, const Counting& by) {
  if (by.test_titles.empty()) return false;
  const auto title = call.text(0);
  return title && std::any_of(by.test_titles.begin(), by.test_titles.end(),
                              [&](const LikePattern& mask) { return mask.matches(*title); });
}

void is_test_deal(const Call& call, const Counting& by) {
  const std::set<std::string>& types = by.around.scope.test_deal_types;
  const auto type = types.empty() ? std::nullopt : call.text(1);
  call.give(std::int64_t{(type && types.contains(std::string{*type})) || has_test_title(call, by)});
}

void is_test_task(const Call& call, const Counting& by) {
  const auto group = call.integer(1);
  call.give(std::int64_t{(group && by.around.scope.test_task_groups.contains(*group)) ||
                         has_test_title(call, by)});
}

void talk_seconds(const Call& call, const Counting& by) {
  const auto duration = call.integer(0);
  if (!duration) return;
  const std::map<std::string, seconds>& offsets = by.around.scope.duration_offsets;
  const auto line = offsets.empty() ? std::nullopt : call.text(1);
  const auto found = line ? offsets.find(std::string{*line}) : offsets.end();
  const std::int64_t offset = found == offsets.end() ? 0 : found->second.count();
  call.give(std::max<std::int64_t>(*duration - offset, 0));
}

// By a sum in hundredths, a rate and its nominal. The portal's rates have four decimal places;
// twice as many count, so that the decimal is exact though it comes as a binary fraction. Half a
// hundredth is rounded away from zero.
void to_base(const Call& call) {
  __extension__ using Wide = unsigned __int128;
  constexpr double kScale = 1e8;
  constexpr double kMostRate = 9e10;
  const auto amount = call.integer(0);
  const auto rate = call.real(1);
  const auto nominal = call.integer(2);
  if (!amount || !rate || !nominal || *nominal <= 0 || !(*rate > 0 && *rate < kMostRate)) return;
  const auto scaled = static_cast<Wide>(std::llround(*rate * kScale));
  const auto unit = static_cast<Wide>(*nominal) * static_cast<Wide>(kScale);
  const auto size = *amount < 0 ? Wide{0} - static_cast<Wide>(*amount) : static_cast<Wide>(*amount);
  const Wide value = (2 * size * scaled + unit) / (2 * unit);
  if (value > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return;
  const auto result = static_cast<std::int64_t>(value);
  call.give(*amount < 0 ? -result : result);
}

void lower(const Call& call) {
  if (const auto text = call.text(0)) call.give(to_lower(*text));
}

void upper(const Call& call) {
  if (const auto text = call.text(0)) call.give(to_upper(*text));
}

// "x LIKE y ESCAPE z" calls like(y, x, z). The pattern is mostly the same for all rows, and kept
// ready between them (not beside an escape, which may differ from row to row).
void like(const Call& call) {
  const auto pattern = call.text(0);
  const auto text = call.text(1);
  const auto escape = call.count() == 3 ? call.text(2) : std::string_view{};
  if (!pattern || !text || !escape) return;
  if (pattern->size() > kMostPatternBytes) {
    return call.fail(tr("шаблон LIKE слишком длинный", "the pattern of LIKE is too long"));
  }
  if (call.count() == 3) {
    std::string_view rest = *escape;
    const LikePattern made{*pattern, rest.empty() ? U'\0' : take_character(rest)};
    return call.give(std::int64_t{made.matches(*text)});
  }
  auto* ready = static_cast<LikePattern*>(sqlite3_get_auxdata(call.context(), 0));
  if (ready != nullptr) return call.give(std::int64_t{ready->matches(*text)});
  auto made = std::make_unique<LikePattern>(*pattern);
  call.give(std::int64_t{made->matches(*text)});
  sqlite3_set_auxdata(call.context(), 0, made.release(),
                      [](void* kept) { delete static_cast<LikePattern*>(kept); });
}

void now(sqlite3_context* context, int, sqlite3_value**) {
  const auto& given = *static_cast<const std::optional<std::int64_t>*>(sqlite3_user_data(context));
  sqlite3_result_int64(context, given ? *given : std::int64_t{std::time(nullptr)});
}

int compare(void*, int a_size, const void* a, int b_size, const void* b) {
  return compare_ignoring_case({static_cast<const char*>(a), static_cast<std::size_t>(a_size)},
                               {static_cast<const char*>(b), static_cast<std::size_t>(b_size)});
}

struct Function {
  const char* name;
  int arguments;
  void (*entry)(sqlite3_context*, int, sqlite3_value**);
};

constexpr Function kFunctions[] = {
    {"local_day", 1, entry<counted<local_day>>},
    {"work_days", 2, entry<counted<work_days>>},
    {"work_minutes", 2, entry<counted<work_minutes>>},
    {"effective_deadline", 1, entry<counted<effective_deadline>>},
    {"absent_through", 3, entry<counted<absent_through>>},
    {"is_manager", 1, entry<counted<is_manager>>},
    {"is_sales", 1, entry<counted<is_sales>>},
    {"is_test_deal", 2, entry<counted<is_test_deal>>},
    {"is_test_task", 2, entry<counted<is_test_task>>},
    {"talk_seconds", 2, entry<counted<talk_seconds>>},
    {"to_base", 3, entry<to_base>},
    {"lower", 1, entry<lower>},
    {"upper", 1, entry<upper>},
    {"like", 2, entry<like>},
    {"like", 3, entry<like>},
};

// "тест*" as a pattern of LIKE.
LikePattern from_mask(std::string_view mask) {
  std::string pattern;
  for (const char c : mask) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c == '*' ? '%' : c;
  }
  return LikePattern{pattern, U'\\'};
}

}  // namespace

Counting::Counting(Surroundings surroundings) : around(std::move(surroundings)) {
  for (const std::string& mask : around.scope.test_titles) test_titles.push_back(from_mask(mask));
}

void register_functions(sqlite3* database, const std::unique_ptr<Counting>* counting) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  // SQLite takes the pointer as mutable and hands it back as it was.
  auto* data = const_cast<std::unique_ptr<Counting>*>(counting);
  for (const Function& f : kFunctions) {
    const int code = sqlite3_create_function_v2(database, f.name, f.arguments, kFlags, data,
                                                f.entry, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw StoreFailure{sqlite3_errmsg(database)};
  }
  sqlite3_create_collation_v2(database, "NOCASE", SQLITE_UTF8, nullptr, compare, nullptr);
}

void register_now(sqlite3* database, const std::optional<std::int64_t>* given) {
  // The same for all rows of a query, hence "deterministic".
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  auto* data = const_cast<std::optional<std::int64_t>*>(given);
  const int code = sqlite3_create_function_v2(database, "unixepoch", 0, kFlags, data, now, nullptr,
                                              nullptr, nullptr);
  if (code != SQLITE_OK) throw StoreFailure{sqlite3_errmsg(database)};
}

}  // namespace b24
