#include <nlohmann/json.hpp>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// The statistics of calls: FILTER is an object, SORT and ORDER are texts (portal docs:
// voximplant-statistic-get.md).

namespace b24::sim {
namespace {

Outcome statistic(Call& call) {
  std::string unknown;
  ListQuery<CallRow> query;
  query.filter = read_filter(param(call.params, "FILTER"), call_fields(), kCallOperators,
                             call.world.options.offset, unknown);
  if (!unknown.empty()) return fail(400, "ERROR_CORE", "Unknown filter field " + unknown);
  const std::string sort = to_text(param(call.params, "SORT"));
  if (!sort.empty()) {
    const Field<CallRow>* field = find_field(call_fields(), sort);
    if (field == nullptr || sort == "CALL_TYPE") {
      return fail(400, "ERROR_CORE", "Cannot sort by " + sort);
    }
    const std::string way = to_text(param(call.params, "ORDER"));
    query.order.push_back({field->get, way == "DESC" || way == "desc", sort == "ID"});
  }
  query.select = read_select<CallRow>(Json(), call_fields());
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found =
      find_rows<CallRow>(call.world, call.world.data.calls, query, [&](const CallRow& row) {
        if (call.world.hides(Entity::call, row.id)) return false;
        return call.as_admin || row.manager == call.world.owner;
      });
  Outcome outcome;
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const CallRow&) {});
  set_paging(outcome, query, found);
  return outcome;
}

constexpr Method kCallMethods[] = {
    {"voximplant.statistic.get", "telephony", Cost::page, statistic},
};

}  // namespace

std::span<const Method> call_methods() { return kCallMethods; }

}  // namespace b24::sim
