#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/portal/php.h"
#include "tests/portal/world.h"

// A REST method: its documented name, the scope it needs, what it costs, and its work.

namespace b24::sim {

// An error as the portal words it. `numeric`: the code is a number in the JSON, not a text.
struct Problem {
  int status = 400;
  std::string code;
  std::string description;
  bool numeric = false;
};

// What a method gives: JSON text of `result`, or a problem.
struct Outcome {
  std::string result;
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> next;
  std::optional<Problem> problem;
};

inline Outcome ok(std::string json) {
  Outcome outcome;
  outcome.result = std::move(json);
  return outcome;
}
inline Outcome fail(int status, std::string code, std::string description) {
  Outcome outcome;
  outcome.problem = Problem{status, std::move(code), std::move(description), false};
  return outcome;
}
inline Outcome fail_numeric(std::string description) {
  Outcome outcome;
  outcome.problem = Problem{400, "0", std::move(description), true};
  return outcome;
}

// Faults that strike the rows of a list.
struct RowFaults {
  bool ignore_id_filter = false;
  bool duplicate = false;
  std::optional<std::string> broken_field;
};

struct Call {
  World& world;
  const Json& params;
  RowFaults faults;
  bool as_admin = true;  // sees everybody's rows
};

// Whether the caller may see a card, one of kinds.h by its type; what is in it he sees then, too.
// Not when there is no such card.
bool sees_card(const Call& call, Id type, Id id);

enum class Cost { page, call, free };

struct Method {
  std::string_view name;
  std::string_view scope;  // "" for basic
  Cost cost;
  Outcome (*run)(Call&);
};

// Nothing for an unknown name; letter case does not matter.
const Method* find_method(std::string_view name);

std::span<const Method> item_methods();
std::span<const Method> crm_methods();
std::span<const Method> trade_methods();
std::span<const Method> activity_methods();
std::span<const Method> task_methods();
std::span<const Method> people_methods();
std::span<const Method> workday_methods();
std::span<const Method> line_methods();
std::span<const Method> call_methods();
std::span<const Method> message_methods();
std::span<const Method> bot_methods();
std::span<const Method> system_methods();
std::span<const Method> application_methods();

// Runs a method under scope, operating budget and the method's faults, and counts it. Not for
// "batch".
Outcome run_method(World& world, std::string_view name, const Json& params);

// Why a token opens nothing; nothing when it does.
std::optional<Problem> refusal_of(World& world, const std::string& token);

// The `data` of ONIMBOTV2COMMANDADD.
std::string command_event_data(const World& world, const Bot& bot, const BotCommand& command,
                               const User& user, Id message, const std::string& params);

// Runs batch: the whole "result".
Outcome run_batch(World& world, const Json& params);

// The `time` block, and an error as a JSON object's members.
void write_time(std::string& out, World& world, std::string_view method, double started);
void write_problem(std::string& out, const Problem& problem);
double seconds_now(const World& world);

}  // namespace b24::sim
