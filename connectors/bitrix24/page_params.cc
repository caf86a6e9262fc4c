#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/entities.h"

// What one page of a list is asked for with.

namespace b24 {
namespace {

// Ids as numbers, references as they are.
Params id_value(const std::string& after) {
  const bool digits =
      !after.empty() && after.size() < 19 && after.find_first_not_of("0123456789") == after.npos;
  return digits ? Params(std::stoll(after)) : Params(after);
}

Params selection(const EntitySpec& spec, const PageQuery& query) {
  Params select = Params::array({std::string(spec.id_select)});
  if (query.ids_only) return select;
  for (const Field& field : spec.fields) select.push_back(std::string(field.select));
  return select;
}

// `in` is the operator that takes a list of ids: "@", or none.
Params filter(const EntitySpec& spec, const PageQuery& query, std::string_view in) {
  Params result = Params::object();
  const std::string id{spec.id_select};
  if (!query.ids.empty()) {
    result[std::string(in) + id] = query.ids;
    return result;
  }
  result[">" + id] = id_value(query.after);
  const auto at_least = [&](std::string_view field, Time since) {
    return Params{{">=" + std::string(field), format_offset(since, query.portal_offset)}};
  };
  if (query.since && !spec.changed_filter.empty()) {
    if (spec.also_changed.empty()) {
      result.update(at_least(spec.changed_filter, *query.since));
    } else {
      Params any = {{"logic", "OR"}, {"0", at_least(spec.changed_filter, *query.since)}};
      for (std::size_t i = 0; i < spec.also_changed.size(); ++i) {
        any[std::to_string(i + 1)] = at_least(spec.also_changed[i], *query.since);
      }
      result["0"] = std::move(any);
    }
  }
  if (query.also_since && !spec.also_filter.empty()) {
    result.update(at_least(spec.also_filter, *query.also_since));
  }
  if (query.recent_since && !spec.recent_filter.empty()) {
    result.update(at_least(spec.recent_filter, *query.recent_since));
  }
  return result;
}

}  // namespace

Params page_params(const EntitySpec& spec, const PageQuery& query) {
  const std::string id{spec.id_select};
  Params params = Params::object();
  switch (spec.style) {
    case RequestStyle::crm_item:
      params["entityTypeId"] = spec.crm_type;
      params["select"] = selection(spec, query);
      params["filter"] = filter(spec, query, "@");
      params["order"] = {{id, "ASC"}};
      params["start"] = query.start;
      params["useOriginalUfNames"] = "Y";
      break;
    case RequestStyle::task:
      params["order"] = {{id, "asc"}};
      params["filter"] = filter(spec, query, "");
      params["select"] = selection(spec, query);
      params["start"] = query.start;
      break;
    case RequestStyle::call:
      params["FILTER"] = filter(spec, query, "");
      params["SORT"] = id;
      params["ORDER"] = "ASC";
      params["start"] = query.start;
      break;
    case RequestStyle::activity:
      params["order"] = {{id, "ASC"}};
      params["filter"] = filter(spec, query, "@");
      params["select"] = selection(spec, query);
      params["start"] = query.start;
      break;
    case RequestStyle::stage_history:
      params["entityTypeId"] = spec.crm_type;
      params["order"] = {{id, "ASC"}};
      params["filter"] = filter(spec, query, "@");
      params["select"] = selection(spec, query);
      params["start"] = query.start;
      break;
    // An array is documented for "=" here, and shown for "@" of the same filter elsewhere.
    case RequestStyle::payment:
      params["select"] = selection(spec, query);
      params["filter"] = filter(spec, query, "=");
      params["order"] = {{id, "asc"}};
      params["start"] = std::max<std::int64_t>(query.start, 0);
      break;
    case RequestStyle::order_link:
      params["select"] = selection(spec, query);
      params["filter"] = filter(spec, query, "@");
      params["order"] = {{id, "asc"}};
      params["start"] = std::max<std::int64_t>(query.start, 0);
      break;
    case RequestStyle::user:
      params["FILTER"] = filter(spec, query, "@");
      params["sort"] = id;
      params["order"] = "ASC";
      params["select"] = selection(spec, query);
      params["start"] = query.start;
      break;
    case RequestStyle::department:
      if (!query.ids.empty()) params[id] = query.ids;
      params["sort"] = id;
      params["order"] = "ASC";
      if (query.start >= 0) params["START"] = query.start;
      break;
    case RequestStyle::category:
      params["entityTypeId"] = spec.crm_type;
      if (query.start > 0) params["start"] = query.start;
      break;
    case RequestStyle::status:
      params["order"] = {{id, "ASC"}};
      if (!query.ids.empty()) params["filter"] = {{"@" + id, query.ids}};
      if (query.start > 0) params["start"] = query.start;
      break;
    case RequestStyle::currency:
      params["order"] = {{"currency", "asc"}};
      if (query.start > 0) params["start"] = query.start;
      break;
  }
  return params;
}

}  // namespace b24
