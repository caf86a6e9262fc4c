#include "tests/portal/faults.h"

#include <algorithm>
#include <utility>

namespace b24::sim {
namespace {

constexpr std::pair<FaultKind, std::string_view> kNames[] = {
    {FaultKind::query_limit, "query_limit"},
    {FaultKind::server_error, "server_error"},
    {FaultKind::bad_gateway, "bad_gateway"},
    {FaultKind::html, "html"},
    {FaultKind::empty, "empty"},
    {FaultKind::truncated, "truncated"},
    {FaultKind::cut_json, "cut_json"},
    {FaultKind::not_utf8, "not_utf8"},
    {FaultKind::slow, "slow"},
    {FaultKind::reset, "reset"},
    {FaultKind::outage, "outage"},
    {FaultKind::redirect, "redirect"},
    {FaultKind::invalid_credentials, "invalid_credentials"},
    {FaultKind::operating_limit, "operating_limit"},
    {FaultKind::error, "error"},
    {FaultKind::ignore_id_filter, "ignore_id_filter"},
    {FaultKind::duplicate_rows, "duplicate_rows"},
    {FaultKind::broken_row, "broken_row"},
    {FaultKind::start_counts, "start_counts"},
    {FaultKind::start_empties, "start_empties"},
    {FaultKind::offset_ignored, "offset_ignored"},
    {FaultKind::since_ignored, "since_ignored"},
    {FaultKind::since_blind, "since_blind"},
};

bool concerns(const Fault& fault, const std::vector<std::string>& methods) {
  return fault.method.empty() ||
         std::find(methods.begin(), methods.end(), fault.method) != methods.end();
}

}  // namespace

std::string_view name(FaultKind kind) {
  for (const auto& [value, word] : kNames) {
    if (value == kind) return word;
  }
  return "";
}

std::optional<FaultKind> fault_named(std::string_view word) {
  for (const auto& [value, text] : kNames) {
    if (text == word) return value;
  }
  return std::nullopt;
}

bool of_request(FaultKind kind) { return kind < FaultKind::operating_limit; }

std::optional<Fault> Faults::strike(std::size_t index) {
  Fault& fault = faults_[index];
  if (fault.probability < 1 && std::uniform_real_distribution<>{}(random_) >= fault.probability) {
    return std::nullopt;
  }
  Fault taken = fault;
  if (fault.count > 0 && --fault.count == 0) {
    faults_.erase(faults_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  return taken;
}

std::optional<Fault> Faults::take(FaultKind kind, std::string_view method) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (faults_[i].kind != kind) continue;
    if (!faults_[i].method.empty() && faults_[i].method != method) continue;
    return strike(i);
  }
  return std::nullopt;
}

std::optional<Fault> Faults::take_request(const std::vector<std::string>& methods,
                                          std::string_view body) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!of_request(faults_[i].kind) || !concerns(faults_[i], methods)) continue;
    if (body.find(faults_[i].body) == std::string_view::npos) continue;
    if (auto fault = strike(i)) return fault;
  }
  return std::nullopt;
}

}  // namespace b24::sim
