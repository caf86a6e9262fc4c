#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tests/portal/fields.h"
#include "tests/portal/filter.h"
#include "tests/portal/method.h"

// What every list method does: filter, order, cut out a page of 50, write the selected fields.
// Rows are sorted by id, so bounds on the id are found by bisection and a page in the order of ids
// ends as soon as it is full.

namespace b24::sim {

inline constexpr std::size_t kPage = 50;

template <class Row>
struct Selected {
  std::vector<const Field<Row>*> fields;
};

template <class Row>
struct OrderBy {
  Cell (*get)(const Row&, Scratch&);
  bool descending = false;
  bool by_id = false;
};

template <class Row>
struct ListQuery {
  Filter<Row> filter;
  std::vector<OrderBy<Row>> order;  // empty: by id, ascending
  Selected<Row> select;
  std::int64_t start = 0;  // -1: no counting
};

template <class Row>
struct Found {
  std::vector<const Row*> rows;
  std::int64_t matches = 0;
};

template <class Row>
const Field<Row>* find_field(std::span<const Field<Row>> fields, std::string_view name) {
  for (const Field<Row>& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// Reads a filter object. An unknown field or operator comes back in `unknown`.
template <class Row>
Filter<Row> read_filter(const Json& json, std::span<const Field<Row>> fields,
                        std::string_view operators, seconds offset, std::string& unknown) {
  Filter<Row> filter;
  std::size_t index = 0;
  for (const auto& entry : json.items()) {
    const std::string name = json.is_array() ? std::to_string(index) : entry.key();
    ++index;
    const bool group = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    if (group) {
      filter.groups.push_back(read_filter(entry.value(), fields, operators, offset, unknown));
      continue;
    }
    if (name == "logic" || name == "LOGIC") {
      const std::string logic = to_text(entry.value());
      filter.any = logic == "OR" || logic == "or";
      continue;
    }
    const auto split = split_key(name, operators);
    const Field<Row>* field = split ? find_field(fields, split->field) : nullptr;
    if (field == nullptr || field->in != Field<Row>::In::every) {
      unknown = split ? split->field : name;
      continue;
    }
    filter.conditions.push_back({field->get, split->op, operands(entry.value(), offset),
                                 field->name == "id" || field->name == "ID"});
  }
  return filter;
}

// The part of the rows that bounds on the id at the top of the filter leave.
template <class Row>
std::span<const Row> narrow(std::span<const Row> rows, const Filter<Row>& filter) {
  if (filter.any) return rows;
  const auto from = [&](Id id) {
    return std::lower_bound(rows.begin(), rows.end(), id,
                            [](const Row& row, Id wanted) { return row.id < wanted; });
  };
  for (const auto& condition : filter.conditions) {
    if (!condition.by_id || condition.with.empty()) continue;
    const Id bound = condition.with.front().number;
    auto first = rows.begin();
    auto last = rows.end();
    if (condition.op == Op::greater) first = from(bound + 1);
    if (condition.op == Op::greater_equal) first = from(bound);
    if (condition.op == Op::less) last = from(bound);
    if (condition.op == Op::less_equal) last = from(bound + 1);
    if (condition.op == Op::equal || condition.op == Op::in) {
      const auto [low, high] = std::minmax_element(
          condition.with.begin(), condition.with.end(),
          [](const Operand& a, const Operand& b) { return a.number < b.number; });
      first = from(low->number);
      last = from(high->number + 1);
    }
    rows = first < last ? std::span<const Row>(first, last) : std::span<const Row>();
  }
  return rows;
}

template <class Row>
void drop_id_conditions(Filter<Row>& filter) {
  std::erase_if(filter.conditions, [](const auto& c) { return c.by_id; });
}

inline int compare_cells(const Cell& a, const Cell& b) {
  if (a.kind == Cell::Kind::text && b.kind == Cell::Kind::text) return a.text.compare(b.text);
  if (a.kind == Cell::Kind::real) return a.real < b.real ? -1 : (b.real < a.real ? 1 : 0);
  return a.number < b.number ? -1 : (b.number < a.number ? 1 : 0);
}

template <class Row>
void sort_rows(std::vector<const Row*>& rows, const std::vector<OrderBy<Row>>& order,
               const World& world) {
  Scratch left{world, {}}, right{world, {}};
  std::stable_sort(rows.begin(), rows.end(), [&](const Row* a, const Row* b) {
    for (const auto& by : order) {
      const int result = compare_cells(by.get(*a, left), by.get(*b, right));
      if (result != 0) return by.descending ? result > 0 : result < 0;
    }
    return a->id < b->id;
  });
}

// `visible` says which rows the caller may see at all, or how many times one is given.
template <class Row, class Visible>
Found<Row> find_rows(const World& world, std::span<const Row> all, const ListQuery<Row>& query,
                     Visible visible) {
  Found<Row> found;
  Scratch scratch{world, {}};
  const std::span<const Row> rows = narrow(all, query.filter);
  const bool plain = query.order.empty() || query.order.front().by_id;
  const bool backward = !query.order.empty() && plain && query.order.front().descending;
  const bool counting = query.start >= 0;
  const auto skip = static_cast<std::size_t>(std::max<std::int64_t>(query.start, 0));
  std::vector<const Row*> matched;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = backward ? rows[rows.size() - 1 - i] : rows[i];
    int times = static_cast<int>(visible(row));
    if (times == 0 || !query.filter.match(row, scratch)) continue;
    for (; times > 0; --times) {
      ++found.matches;
      if (!plain) {
        matched.push_back(&row);
      } else if (static_cast<std::size_t>(found.matches) > skip && found.rows.size() < kPage) {
        found.rows.push_back(&row);
      }
    }
    if (plain && !counting && found.rows.size() == kPage) break;
  }
  if (plain) return found;
  sort_rows(matched, query.order, world);
  const std::size_t begin = std::min(skip, matched.size());
  const std::size_t end = std::min(begin + kPage, matched.size());
  found.rows.assign(matched.begin() + static_cast<std::ptrdiff_t>(begin),
                    matched.begin() + static_cast<std::ptrdiff_t>(end));
  return found;
}

template <class Row>
void write_fields(std::string& out, const Row& row, const Selected<Row>& select, Scratch& scratch,
                  const std::string* broken) {
  for (const Field<Row>* field : select.fields) {
    key(out, field->answer);
    if (broken != nullptr && field->answer == *broken) {
      out += R"({"unexpected":["value"]})";
      continue;
    }
    write_cell(out, field->get(row, scratch), scratch.world.options.offset);
  }
}

// Writes `[{...},{...}]`; `more(out, row)` appends fields that are not in the table.
template <class Row, class More>
void write_rows(std::string& out, const World& world, const Found<Row>& found,
                const Selected<Row>& select, const RowFaults& faults, More more) {
  Scratch scratch{world, {}};
  out += '[';
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    const bool broken = i == 0 && faults.broken_field.has_value();
    for (int copy = i == 0 && faults.duplicate ? 2 : 1; copy > 0; --copy) {
      comma(out);
      out += '{';
      write_fields(out, *found.rows[i], select, scratch, broken ? &*faults.broken_field : nullptr);
      more(out, *found.rows[i]);
      out += '}';
    }
  }
  out += ']';
}

// `total` and `next` as the portal gives them: with start=-1 the total is 0 and there is no next.
template <class Row>
void set_paging(Outcome& outcome, const ListQuery<Row>& query, const Found<Row>& found) {
  outcome.total = query.start < 0 ? 0 : found.matches;
  if (query.start < 0) return;
  const std::int64_t after = query.start + static_cast<std::int64_t>(found.rows.size());
  if (after < found.matches && !found.rows.empty()) outcome.next = after;
}

inline std::int64_t read_start(const Json& params) {
  const Json& start = param(params, "start");
  return start.is_null() ? 0 : std::max<std::int64_t>(-1, to_int(start));
}

// `order: {"id": "ASC"}`; an unknown field comes back in `unknown`.
template <class Row>
std::vector<OrderBy<Row>> read_order(const Json& json, std::span<const Field<Row>> fields,
                                     std::string& unknown) {
  std::vector<OrderBy<Row>> order;
  if (!json.is_object()) return order;
  for (const auto& [name, direction] : json.items()) {
    const Field<Row>* field = find_field(fields, name);
    if (field == nullptr) {
      unknown = name;
      continue;
    }
    const std::string way = to_text(direction);
    order.push_back({field->get, way == "DESC" || way == "desc", name == "id" || name == "ID"});
  }
  return order;
}

// The fields named in `select`, in the order of the table; all for an empty one or "*", but for
// those that want to be named. The first field, the id, is always there. Unknown names are ignored.
template <class Row>
Selected<Row> read_select(const Json& json, std::span<const Field<Row>> fields) {
  std::vector<std::string> names;
  if (json.is_array() || json.is_object()) {
    for (const auto& name : json) names.push_back(to_text(name));
  }
  const bool all = names.empty() || std::find(names.begin(), names.end(), "*") != names.end();
  Selected<Row> select;
  using In = typename Field<Row>::In;
  for (const Field<Row>& field : fields) {
    const bool named = std::find(names.begin(), names.end(), field.name) != names.end() ||
                       std::find(names.begin(), names.end(), field.answer) != names.end();
    const bool wanted = (all && field.in != In::named) || (named && field.in != In::whole);
    if (wanted || &field == fields.data()) select.fields.push_back(&field);
  }
  return select;
}

}  // namespace b24::sim
