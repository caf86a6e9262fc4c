#include "daemon/engine/offline_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/application.h"
#include "connectors/bitrix24/hint.h"
#include "connectors/say.h"
#include "daemon/engine/log.h"

namespace b24 {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kRecords = 50;  // of one answer, as the docs have it
constexpr int kMostQuestions = 10;    // with one request, beside the poll's own
constexpr std::size_t kMostClears = 10;
constexpr std::size_t kMostProcesses = 40;
constexpr seconds kSoon{60};
constexpr const char* kGet = "event.offline.get";
constexpr const char* kClear = "event.offline.clear";

std::string word_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? found->dump() : std::string{};
}

Command get_command(std::size_t index, const std::string& process) {
  Params params = {{"clear", 0}, {"limit", kRecords}};
  if (!process.empty()) params["process_id"] = process;
  return {fmt::format("q{}", index), kGet, to_query(params)};
}

// A handler, as the portal lists it and as we want it.
using Handler = std::tuple<std::string, std::string, bool>;  // event, address, offline

std::set<Handler> handlers_of(std::string_view list) {
  std::set<Handler> found;
  const Json json = Json::parse(list, nullptr, false);
  if (!json.is_structured()) return found;
  for (const Json& row : json) {
    if (!row.is_object()) continue;
    const bool offline = word_of(row, "offline") == "1";
    found.emplace(word_of(row, "event"), offline ? "" : word_of(row, "handler"), offline);
  }
  return found;
}

std::vector<Handler> wanted_handlers(const std::string& public_address) {
  std::vector<Handler> wanted;
  for (const std::string_view event : understood_events()) {
    wanted.emplace_back(event, "", true);
    if (!public_address.empty()) wanted.emplace_back(event, public_address + "/event", false);
  }
  if (public_address.empty()) return wanted;
  for (const char* event : {"ONAPPUPDATE", "ONAPPUNINSTALL"}) {
    wanted.emplace_back(event, public_address + "/install", false);
  }
  return wanted;
}

Params to_params(const Handler& handler) {
  const auto& [event, address, offline] = handler;
  if (offline) return {{"event", event}, {"event_type", "offline"}};
  return {{"event", event}, {"handler", address}};
}

// What is to be bound yet, as event.bind wants it. `list`: the portal's answer to event.get.
std::vector<Params> missing_handlers(std::string_view list, const std::string& public_address,
                                     bool queue) {
  const auto there = handlers_of(list);
  std::vector<Params> missing;
  for (const Handler& handler : wanted_handlers(public_address)) {
    if (std::get<2>(handler) && !queue) continue;
    if (!there.contains(handler)) missing.push_back(to_params(handler));
  }
  return missing;
}

// The processes that records are set aside under.
std::set<std::string> processes_of(std::string_view list) {
  std::set<std::string> found;
  const Json json = Json::parse(list, nullptr, false);
  if (!json.is_structured()) return found;
  for (const Json& row : json) {
    if (!row.is_object()) continue;
    if (std::string process = word_of(row, "PROCESS_ID"); !process.empty()) {
      found.insert(std::move(process));
    }
  }
  return found;
}

}  // namespace

std::string to_json(const KeptOfflineEvents& kept) {
  Json json = {{"problem", kept.problem}, {"taken", kept.taken}};
  if (kept.last_at) json["last_at"] = to_unix(*kept.last_at);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<KeptOfflineEvents> offline_events_from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  KeptOfflineEvents kept{.problem = word_of(json, "problem")};
  const auto number = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  kept.taken = number("taken").value_or(0);
  if (const auto at = number("last_at")) kept.last_at = from_unix(*at);
  return kept;
}

OfflineEvents::OfflineEvents(Client& client, EventQueue& events, Hints& hints, Clock& clock,
                             OfflineEventsOptions options)
    : client_(client),
      events_(events),
      hints_(hints),
      clock_(clock),
      options_(std::move(options)),
      kept_(options_.before) {}

void OfflineEvents::tell() { events_.put(Noted{kOfflineEventsMeta, to_json(kept_)}); }

void OfflineEvents::refuse(const Error& why) {
  off_until_ = clock_.steady_now() + options_.check_every;
  client_.send_along({});
  if (kept_.problem == why.text) return;
  kept_.problem = why.text;
  log::warn("offline events off text={}", log::quoted(why.text));
  tell();
}

Result<void> OfflineEvents::before_look(const std::stop_token& stop) {
  if (handlers_in_doubt_.exchange(false)) check_at_ = SteadyTime{};
  const std::uint64_t installation = client_.access().application->installations();
  if (installation != installation_) {
    installation_ = installation;
    check_at_ = SteadyTime{};
    off_until_.reset();
  }
  if (off_until_ && clock_.steady_now() < *off_until_) return {};
  if (std::exchange(off_until_, std::nullopt)) check_at_ = SteadyTime{};
  if (clock_.steady_now() >= check_at_) {
    if (auto checked = check(stop); !checked) return checked;
    if (off_until_) return {};
  }
  ask_along();
  return {};
}

Result<void> OfflineEvents::check(const std::stop_token& stop) {
  const std::vector<Command> questions = {
      {"handlers", "event.get", ""},
      {"left", "event.offline.list", to_query({{"filter", {{">PROCESS_ID", ""}}}})}};
  const auto answer = client_.batch(questions, stop);
  if (!answer) return answer.error();
  const auto& handlers = answer->commands[0].result;
  const auto& left = answer->commands[1].result;
  check_at_ = clock_.steady_now() + kSoon;
  for (const auto* result : {&handlers, &left}) {
    if (!*result && passes_by_itself(result->error().kind)) return {};
  }
  if (!handlers) {
    refuse(handlers.error());
    return {};
  }
  // Without the queue there are still the events that are posted; without a proof they are not
  // believed.
  if (!left) refuse(left.error());
  const bool proven = !client_.access().application->application_token().empty();
  const std::string address = proven ? options_.public_address : std::string{};
  auto bound = bind(missing_handlers(*handlers, address, left.has_value()), stop);
  if (!bound) return bound;
  if (off_until_) return {};
  std::set<std::string> processes = processes_of(*left);
  std::erase_if(processes, [&](const auto& process) { return reserved_.contains(process); });
  for (const std::string& process : followed_) processes.erase(process);
  if (auto read = read_left_over(processes, stop); !read) return read;
  // The portal tells only the first page of them.
  if (processes.empty()) check_at_ = clock_.steady_now() + options_.check_every;
  if (std::exchange(kept_.problem, "").empty()) return {};
  log::info("offline events on");
  tell();
  return {};
}

Result<void> OfflineEvents::bind(const std::vector<Params>& missing, const std::stop_token& stop) {
  std::size_t failed = 0;
  std::optional<Error> refused;
  for (std::size_t at = 0; at < missing.size(); at += kBatchCommands) {
    const std::size_t end = std::min(missing.size(), at + kBatchCommands);
    std::vector<Command> commands;
    for (std::size_t i = at; i < end; ++i) {
      commands.push_back({fmt::format("b{}", i), "event.bind", to_query(missing[i])});
    }
    const auto answer = client_.batch(commands, stop);
    if (!answer) return answer.error();
    for (std::size_t i = at; i < end; ++i) {
      const auto& result = answer->commands[i - at].result;
      if (result) continue;
      ++failed;
      // One event may be unknown, as its part of the portal is; rights are those to all.
      const bool rights = result.error().kind == ErrorKind::no_rights;
      if (rights && missing[i].contains("event_type")) refused = result.error();
    }
  }
  if (!missing.empty()) log::info("events bound count={} failed={}", missing.size(), failed);
  if (refused) refuse(*refused);
  return {};
}

Result<void> OfflineEvents::read_left_over(const std::set<std::string>& processes,
                                           const std::stop_token& stop) {
  std::vector<Command> commands;
  for (const std::string& process : processes) {
    if (commands.size() == kMostProcesses) break;  // the rest with the next check
    commands.push_back(get_command(commands.size(), process));
  }
  if (commands.empty()) return {};
  const auto answer = client_.batch(commands, stop);
  if (!answer) return answer.error();
  std::size_t records = 0;
  for (const CommandAnswer& command : answer->commands) {
    if (command.result) records += take_records(*command.result);
  }
  log::info("offline events left over processes={} records={}", commands.size(), records);
  return {};
}

// The clears first, so that what they forget is not counted among what waits.
void OfflineEvents::ask_along() {
  Companions companions;
  const std::size_t clears = std::min(followed_.size(), kMostClears);
  for (std::size_t i = 0; i < clears; ++i) {
    companions.commands.push_back(
        {fmt::format("z{}", i), kClear, to_query({{"process_id", followed_[i]}})});
  }
  for (int i = 0; i < questions_; ++i) {
    companions.commands.push_back(get_command(static_cast<std::size_t>(i), {}));
  }
  companions.answered = [this, clears](const auto& answer) { take(answer, clears); };
  client_.send_along(std::move(companions));
}

void OfflineEvents::take(const Result<BatchAnswer>& answer, std::size_t clears) {
  // Records may have been set aside without our hearing of it.
  if (!answer || answer->sent > 1) check_at_ = std::min(check_at_, clock_.steady_now() + kSoon);
  if (!answer) return;
  const std::vector<CommandAnswer>& answers = answer->commands;
  std::size_t records = 0;
  for (std::size_t i = clears; i < answers.size(); ++i) {
    const auto& result = answers[i].result;
    if (result) {
      records += take_records(*result);
    } else if (!passes_by_itself(result.error().kind)) {
      return refuse(result.error());
    }
  }
  const auto asked = static_cast<std::size_t>(questions_) * kRecords;
  questions_ = records >= asked ? std::min(questions_ * 2, kMostQuestions) : 1;
  std::vector<std::string> again;
  for (std::size_t i = 0; i < clears; ++i) {
    const auto& result = answers[i].result;
    if (!result && passes_by_itself(result.error().kind)) again.push_back(followed_[i]);
  }
  followed_.erase(followed_.begin(), followed_.begin() + static_cast<std::ptrdiff_t>(clears));
  followed_.insert(followed_.end(), again.begin(), again.end());
  if (records == 0) return;
  kept_.taken += static_cast<std::int64_t>(records);
  kept_.last_at = clock_.now();
  tell();
}

std::size_t OfflineEvents::take_records(std::string_view result) {
  const Json json = Json::parse(result, nullptr, false);
  if (!json.is_object()) return 0;
  const std::string process = word_of(json, "process_id");
  const auto records = json.find("events");
  if (records == json.end() || !records->is_structured() || records->empty()) return 0;
  std::set<std::pair<Entity, std::int64_t>> hinted;
  bool room = true;
  for (const Json& record : *records) {
    if (!record.is_object()) continue;
    const auto data = record.find("EVENT_DATA");
    const auto hint = hint_of_record(word_of(record, "EVENT_NAME"),
                                     data == record.end() ? std::string{} : data->dump());
    if (!hint || hint->id <= 0) continue;
    room = hints_.add(*hint) && room;
    hinted.emplace(hint->entity, hint->id);
  }
  // What found no room stays set aside, and is read again soon.
  if (!room) check_at_ = std::min(check_at_, clock_.steady_now() + kSoon);
  if (room && !process.empty()) reserved_.emplace(process, std::move(hinted));
  return records->size();
}

void OfflineEvents::after_good_look() {
  std::erase_if(reserved_, [&](const auto& entry) {
    if (hints_.holds_any(entry.second)) return false;
    followed_.push_back(entry.first);
    return true;
  });
}

}  // namespace b24
