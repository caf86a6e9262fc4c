#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rules/base/time.h"

// The `scope:` section of the settings: which objects count (catalogue, "Scope"). Plain data;
// metrics and rules ask for it by SQL functions (store.h, class Reader).

namespace b24 {

struct SalesScope {
  std::set<std::int64_t> pipelines{};  // of sales; empty: all. 0 is the portal's default one
  // Objects made to try something out count nowhere: by a mask over the title ("*" is anything,
  // case is ignored), by the deal's type, by the task's workgroup.
  std::vector<std::string> test_titles{};
  std::set<std::string> test_deal_types{};
  std::set<std::int64_t> test_task_groups{};
  // By the portal's line: what its exchange counts as talk before anybody talks.
  std::map<std::string, seconds> duration_offsets{};

  bool is_sales(std::optional<std::int64_t> pipeline) const {
    return pipelines.empty() || (pipeline && pipelines.contains(*pipeline));
  }
};

}  // namespace b24
