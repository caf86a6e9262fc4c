#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/portal/fields.h"
#include "tests/portal/php.h"

// Filters: an object whose keys are an operator and a field's name (portal docs: crm-item-list.md,
// tasks-task-list.md, voximplant-statistic-get.md, user-get.md).

namespace b24::sim {

enum class Op : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
  contains,
  not_contains,
  pattern,
  not_pattern,
  between,
  not_between,
};

struct SplitKey {
  Op op;
  std::string field;
};
// ">=ID" -> {greater_equal, "ID"}. Nothing when the family does not know the operator;
// `operators` lists those it knows, longest first, without the empty one.
std::optional<SplitKey> split_key(std::string_view key, std::string_view family_operators);

// The operators of each family, separated by spaces.
inline constexpr std::string_view kCrmOperators = "!=% !%= !@ !% != =% %= >= <= ! > < = @ %";
inline constexpr std::string_view kTaskOperators = "<= >= ! < >";
inline constexpr std::string_view kCallOperators = "!>< >< !% != >= <= ! > < = ? %";

// The value a field is compared with, read in every way a field may need.
struct Operand {
  std::int64_t number = 0;
  double real = 0;
  std::string text;
  std::optional<std::int64_t> time;
  bool empty = false;  // null, "", false
};
std::vector<Operand> operands(const Json& value, seconds offset);

bool holds(const Cell& cell, Op op, const std::vector<Operand>& with);

template <class Row>
struct Condition {
  Cell (*get)(const Row&, Scratch&);
  Op op;
  std::vector<Operand> with;
  bool by_id = false;
};

// All conditions and all groups hold (or, for `any`, at least one of them).
template <class Row>
struct Filter {
  bool any = false;
  std::vector<Condition<Row>> conditions;
  std::vector<Filter> groups;

  bool empty() const { return conditions.empty() && groups.empty(); }
  bool match(const Row& row, Scratch& scratch) const {
    if (empty()) return true;
    for (const auto& condition : conditions) {
      if (holds(condition.get(row, scratch), condition.op, condition.with) == any) return any;
    }
    for (const auto& group : groups) {
      if (group.match(row, scratch) == any) return any;
    }
    return !any;
  }
};

}  // namespace b24::sim
