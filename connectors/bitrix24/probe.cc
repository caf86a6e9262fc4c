#include "connectors/bitrix24/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/fate.h"

namespace b24 {
namespace {

// West of the portal by so much a time is written once more: a portal that overlooks the offset
// then takes it for an earlier one, and shows what it should not.
constexpr hours kOtherOffset{5};

enum class Counting { wanted, avoided };

// A batch whose commands are found again by their keys.
class Questions {
 public:
  void ask(std::string key, std::string_view method, const Params& params) {
    commands_.push_back({std::move(key), std::string(method), to_query(params)});
  }
  void ask(std::string key, const EntitySpec& spec, const PageQuery& query) {
    ask(std::move(key), spec.method, page_params(spec, query));
  }

  void ask(Command command) { commands_.push_back(std::move(command)); }

  // Fails as Client::batch does.
  std::optional<Error> send(Client& client, const std::stop_token& stop) {
    auto answer = client.batch(commands_, stop);
    if (!answer) return answer.error();
    answer_ = std::move(*answer);
    return std::nullopt;
  }
  const CommandAnswer* answer(const std::string& key) const {
    const auto found = std::find_if(answer_.commands.begin(), answer_.commands.end(),
                                    [&](const CommandAnswer& a) { return a.key == key; });
    return found == answer_.commands.end() ? nullptr : &*found;
  }
  std::optional<Page> page(const std::string& key, const EntitySpec& spec) const {
    const CommandAnswer* found = answer(key);
    if (found == nullptr || !found->result) return std::nullopt;
    auto page = parse_page(spec, *found->result);
    return page ? std::optional(std::move(*page)) : std::nullopt;
  }

 private:
  std::vector<Command> commands_;
  BatchAnswer answer_;
};

// "first:deal": the first page; "next:deal": what follows its first row.
std::string question(const char* what, Entity entity) {
  return fmt::format("{}_{}", what, name(entity));
}

void ask_pages(const EntitySpec& spec, Counting counting, Questions& questions) {
  const bool keyset = spec.paging == Paging::keyset;
  const bool counts = counting == Counting::wanted || !keyset;
  const std::string first = question("first", spec.entity);
  questions.ask(first, spec, {.after = "0", .start = counts ? 0 : -1});
  if (!keyset) return;
  const std::string row = fmt::format(
      "$result[{}]{}[0][{}]", first,
      spec.list_path.empty() ? std::string{} : fmt::format("[{}]", spec.list_path), spec.id_answer);
  questions.ask(question("next", spec.entity), spec, {.after = row, .ids_only = true, .start = -1});
}

Walk walk_of(const Page& first, const std::optional<Page>& next,
             const std::optional<std::int64_t>& next_total) {
  if (first.records.size() < 2 || !next) return Walk::untold;
  if (next->records.empty()) return Walk::cut_short;
  if (!first.ascending || next->records.front().id <= first.records.front().id) {
    return Walk::by_offset;
  }
  return next_total.value_or(0) > 0 ? Walk::by_id_counting : Walk::by_id;
}

// The latest of the times by which a row counts as changed.
std::optional<Time> changed_at(const EntitySpec& spec, const Record& record) {
  std::vector<std::string_view> filters{spec.also_changed.begin(), spec.also_changed.end()};
  filters.push_back(spec.changed_filter);
  filters.push_back(spec.recent_filter);
  std::optional<Time> latest;
  for (std::size_t i = 0; i < spec.fields.size() && i < record.values.size(); ++i) {
    const std::string_view field = spec.fields[i].select;
    if (std::find(filters.begin(), filters.end(), field) == filters.end()) continue;
    if (const auto at = as_integer(record.values[i])) {
      latest = std::max(latest.value_or(from_unix(*at)), from_unix(*at));
    }
  }
  return latest;
}

// Asked for: the oldest row by its own time, by a later one, and by a later one written in another
// zone; counted, as the first page of every list is, unless the portal takes too long for that.
void ask_moments(const EntitySpec& spec, const Record& oldest, Time changed, seconds offset,
                 Counting counting, Questions& questions) {
  const auto ask = [&](const char* what, Time since, seconds written_in) {
    PageQuery query{.after = std::to_string(oldest.id - 1), .ids_only = true};
    query.start = counting == Counting::wanted ? 0 : -1;
    query.portal_offset = written_in;
    (spec.recent_filter.empty() ? query.since : query.recent_since) = since;
    questions.ask(question(what, spec.entity), spec, query);
  };
  const Time later = changed + seconds{1};
  ask("at", changed, offset);
  ask("after", later, offset);
  ask("west", later, offset - kOtherOffset);
}

Moments moments_of(const EntitySpec& spec, const Record& oldest, const Questions& questions) {
  const auto shows = [&](const char* what) -> std::optional<bool> {
    const auto page = questions.page(question(what, spec.entity), spec);
    if (!page) return std::nullopt;
    return !page->records.empty() && page->records.front().id == oldest.id;
  };
  const auto at = shows("at");
  const auto after = shows("after");
  const auto west = shows("west");
  if (!at || !after || !west) return Moments::untold;
  if (!*at) return Moments::blind;
  if (*after) return Moments::ignored;
  return *west ? Moments::own_offset : Moments::any_offset;
}

// One of each method that tells an object's fate, for an object that cannot be there.
constexpr Entity kFates[] = {Entity::deal, Entity::activity, Entity::task};

// What the portal says of nothing says whether it would tell the hidden from the deleted. A list
// that is refused itself is another matter.
bool is_untold(Entity entity, const StreamProbe& stream, const Questions& questions) {
  const CommandAnswer* answer = questions.answer(question("fate", entity));
  return !stream.refused && answer != nullptr && fate_in(entity, answer->result) == Fate::hidden;
}

LeadsMode leads_of(const CommandAnswer* answer) {
  if (answer == nullptr || !answer->result) return LeadsMode::untold;
  const std::string_view text = *answer->result;
  if (text == "1" || text == "\"1\"") return LeadsMode::with_leads;
  if (text == "2" || text == "\"2\"") return LeadsMode::without_leads;
  return LeadsMode::untold;
}

std::optional<bool> availability(const CommandAnswer* answer) {
  if (answer == nullptr || !answer->result) return std::nullopt;
  const auto json = nlohmann::json::parse(*answer->result, nullptr, false);
  const auto found = json.is_object() ? json.find("isAvailable") : json.end();
  if (!json.is_object() || found == json.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

// The first batch: what is there.
Questions what_is_there(Counting counting, seconds offset, Time now) {
  Questions questions;
  for (const EntitySpec& spec : specs()) ask_pages(spec, counting, questions);
  questions.ask("mode", "crm.settings.mode.get", Params::object());
  // Names are known in small letters only (portal docs: method-get.md).
  questions.ask("notify", "method.get", {{"name", "im.notify.system.add"}});
  if (counting == Counting::wanted) {
    PageQuery recent{.after = "0", .recent_since = now - kRecentCalls, .ids_only = true};
    recent.portal_offset = offset;
    recent.start = 0;
    questions.ask("calls", spec(Entity::call), recent);
  }
  return questions;
}

StreamProbe stream_of(const EntitySpec& spec, const Questions& questions,
                      std::optional<Record>& oldest) {
  StreamProbe stream;
  const CommandAnswer* answer = questions.answer(question("first", spec.entity));
  if (answer == nullptr) return stream;
  if (!answer->result) {
    stream.refused = answer->result.error();
    return stream;
  }
  auto page = parse_page(spec, *answer->result);
  if (!page) {
    stream.refused = page.error();
    return stream;
  }
  stream.rows = page->rows;
  stream.total = answer->total;
  if (spec.uncounted) stream.total = static_cast<std::int64_t>(page->rows);
  stream.rejected = page->rejected.size();
  if (spec.paging == Paging::keyset) {
    const CommandAnswer* next = questions.answer(question("next", spec.entity));
    stream.walk = walk_of(*page, questions.page(question("next", spec.entity), spec),
                          next == nullptr || spec.always_counted ? std::nullopt : next->total);
  }
  if (!page->records.empty()) oldest = std::move(page->records.front());
  return stream;
}

}  // namespace

Result<PortalProbe> probe_portal(Client& client, seconds portal_offset, Time now,
                                 const std::stop_token& stop) {
  Counting counting = Counting::wanted;
  const auto send = [&](const auto& questions_of) -> Result<Questions> {
    Questions questions = questions_of();
    auto failed = questions.send(client, stop);
    if (failed && failed->kind == ErrorKind::unavailable && counting == Counting::wanted) {
      counting = Counting::avoided;
      questions = questions_of();
      failed = questions.send(client, stop);
    }
    if (failed) return *failed;
    return questions;
  };
  const auto first = send([&] { return what_is_there(counting, portal_offset, now); });
  if (!first) return first.error();

  PortalProbe probe;
  probe.leads = leads_of(first->answer("mode"));
  probe.may_notify = availability(first->answer("notify"));
  if (const auto* calls = first->answer("calls"); calls != nullptr && calls->result) {
    probe.recent_calls = calls->total;
  }
  struct Oldest {
    Record record;
    Time changed;
  };
  std::map<Entity, Oldest> oldest;
  for (const EntitySpec& spec : specs()) {
    std::optional<Record> record;
    probe.streams[spec.entity] = stream_of(spec, *first, record);
    const bool by_time = !spec.changed_filter.empty() || !spec.recent_filter.empty();
    const auto changed = record && by_time ? changed_at(spec, *record) : std::nullopt;
    if (changed) oldest.emplace(spec.entity, Oldest{std::move(*record), *changed});
  }
  if (oldest.empty()) return probe;
  const auto second = send([&] {
    Questions questions;
    for (const auto& [entity, row] : oldest) {
      ask_moments(spec(entity), row.record, row.changed, portal_offset, counting, questions);
    }
    for (const Entity entity : kFates) {
      questions.ask(fate_command({entity, kNoSuchId}, question("fate", entity)));
    }
    return questions;
  });
  if (!second) return second.error();
  for (const auto& [entity, row] : oldest) {
    probe.streams[entity].moments = moments_of(spec(entity), row.record, *second);
  }
  for (const Entity entity : kFates) {
    if (is_untold(entity, probe.streams[entity], *second)) probe.fates_untold.insert(entity);
  }
  return probe;
}

}  // namespace b24
