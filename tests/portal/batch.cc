#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "tests/portal/method.h"
#include "tests/portal/text.h"

// batch: up to 50 commands, one after the other, each a method with a query string in which
// "$result[name][path]" stands for a part of an earlier result (portal docs: batch.md).

namespace b24::sim {
namespace {

constexpr std::size_t kCommands = 50;
constexpr std::string_view kReference = "$result[";

using Parts = std::vector<std::pair<std::string, std::string>>;  // name -> JSON text

// A PHP map as JSON: "[]" when empty, an array when the keys are 0, 1, 2 ..., else an object.
void php_map(std::string& out, const Parts& parts) {
  std::size_t index = 0;
  const bool list = std::all_of(parts.begin(), parts.end(), [&](const auto& part) {
    return part.first == std::to_string(index++);
  });
  out += list ? '[' : '{';
  for (const auto& [name, json] : parts) {
    if (list) {
      comma(out);
    } else {
      key(out, name);
    }
    out += json;
  }
  out += list ? ']' : '}';
}

// What one reference, "$result[c0][items][49][id]", stands for; nothing when it leads nowhere.
std::optional<std::string_view> follow(std::string_view reference, const Parts& results) {
  std::optional<std::string_view> at;
  std::size_t open = reference.find('[');
  bool first = true;
  while (open != std::string_view::npos) {
    const std::size_t close = reference.find(']', open);
    const std::string_view step = reference.substr(open + 1, close - open - 1);
    if (first) {
      const auto found = std::find_if(results.begin(), results.end(),
                                      [&](const auto& part) { return part.first == step; });
      if (found != results.end()) at = found->second;
    } else {
      at = json_at(*at, step);
    }
    if (!at) return std::nullopt;
    first = false;
    open = reference.find('[', close);
  }
  return at;
}

// The end of the reference that begins at `at`: after its last closing bracket.
std::size_t reference_end(std::string_view text, std::size_t at) {
  std::size_t end = at + kReference.size() - 1;
  while (end < text.size() && text[end] == '[') {
    const std::size_t close = text.find(']', end);
    if (close == std::string_view::npos) return end;
    end = close + 1;
  }
  return end;
}

std::string scalar_text(std::string_view json) { return to_text(Json::parse(json)); }

// Replaces the references in a value. A value that is one reference may become a list; what cannot
// be resolved stays as it is written.
void resolve(Json& value, const Parts& results) {
  if (value.is_structured()) {
    for (auto& child : value) resolve(child, results);
    return;
  }
  if (!value.is_string()) return;
  std::string text = value.get<std::string>();
  std::size_t at = text.find(kReference);
  while (at != std::string::npos) {
    const std::size_t end = reference_end(text, at);
    const auto found = follow(std::string_view{text}.substr(at, end - at), results);
    if (found && at == 0 && end == text.size()) {
      value = Json::parse(*found);
      return;
    }
    const std::string replacement = found ? scalar_text(*found) : text.substr(at, end - at);
    text.replace(at, end - at, replacement);
    at = text.find(kReference, at + replacement.size());
  }
  value = text;
}

struct Command {
  std::string name;
  std::string text;
};

std::vector<Command> read_commands(const Json& params) {
  std::vector<Command> commands;
  const Json& cmd = param(params, "cmd");
  std::size_t index = 0;
  for (const auto& entry : cmd.items()) {
    const std::string name = cmd.is_array() ? std::to_string(index) : entry.key();
    commands.push_back({name, to_text(entry.value())});
    ++index;
  }
  return commands;
}

Outcome run_command(World& world, const Command& command, const Parts& results,
                    std::string& method) {
  const std::size_t question = command.text.find('?');
  method = command.text.substr(0, question);
  if (method == "batch") {
    return fail(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage");
  }
  Json params = question == std::string::npos
                    ? Json::object()
                    : parse_form(std::string_view{command.text}.substr(question + 1));
  resolve(params, results);
  if (const Method* known = find_method(method)) method = known->name;
  return run_method(world, method, params);
}

struct Answer {
  Parts results, errors, totals, nexts, times;

  void add(World& world, const std::string& name, const std::string& method, double started,
           Outcome outcome) {
    if (outcome.problem) {
      ++world.counters.refusals[outcome.problem->code];
      std::string error = "{";
      write_problem(error, *outcome.problem);
      errors.emplace_back(name, error + '}');
      return;
    }
    results.emplace_back(name, std::move(outcome.result));
    if (outcome.total) totals.emplace_back(name, std::to_string(*outcome.total));
    if (outcome.next) nexts.emplace_back(name, std::to_string(*outcome.next));
    std::string time;
    write_time(time, world, method, started);
    times.emplace_back(name, time.substr(time.find('{')));
  }

  std::string text() const {
    std::size_t size = 256;
    for (const auto& [name, json] : results) size += name.size() + json.size() + 512;
    std::string out;
    out.reserve(size);
    out += R"({"result":)";
    php_map(out, results);
    for (const auto& [name, parts] :
         {std::pair<std::string_view, const Parts*>{"result_error", &errors},
          {"result_total", &totals},
          {"result_next", &nexts},
          {"result_time", &times}}) {
      key(out, name);
      php_map(out, *parts);
    }
    return out + '}';
  }
};

}  // namespace

Outcome run_batch(World& world, const Json& params) {
  const std::vector<Command> commands = read_commands(params);
  if (commands.size() > kCommands) {
    return fail(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded");
  }
  const bool halt = to_flag(param(params, "halt"));
  Answer answer;
  for (const Command& command : commands) {
    ++world.counters.commands;
    const double started = seconds_now(world);
    std::string method;
    Outcome outcome = run_command(world, command, answer.results, method);
    const bool failed = outcome.problem.has_value();
    answer.add(world, command.name, method, started, std::move(outcome));
    if (failed && halt) break;
  }
  return ok(answer.text());
}

}  // namespace b24::sim
