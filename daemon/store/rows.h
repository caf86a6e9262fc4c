#pragma once

#include "daemon/store/connection.h"
#include "daemon/store/store.h"

// What both the Writer and the Reader read, from whichever connection.

namespace b24 {

std::vector<StreamState> read_streams(Connection& connection);
std::vector<Alert> read_alerts(Connection& connection);
std::vector<DetailState> read_details(Connection& connection);
std::vector<DetailAsk> read_wanted_details(Connection& connection, Detail detail,
                                           std::int64_t most);
std::vector<DetailAsk> read_open_owners(Connection& connection, Detail detail,
                                        const std::optional<std::int64_t>& below,
                                        std::int64_t most);
std::vector<DetailAsk> read_detail_owners(Connection& connection, Detail detail, Time now);
std::optional<DetailDifference> read_difference(Connection& connection, const DetailRows& there);
std::map<Detail, std::int64_t> read_waiting_details(Connection& connection);
std::vector<ObjectRef> read_lost(Connection& connection, const std::set<Entity>& without,
                                 std::size_t most);
std::map<Entity, std::int64_t> read_hidden_counts(Connection& connection);
std::vector<Alert> read_alerts(Connection& connection, const std::string& rule_id);
std::optional<std::string> read_meta(Connection& connection, const std::string& name);

}  // namespace b24
