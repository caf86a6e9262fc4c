#include <fmt/format.h>

#include "tests/portal/tables.h"

// Portal docs: voximplant-statistic-get.md.

namespace b24::sim {
namespace {

using CallField = Field<CallRow>;

struct CodeWords {
  std::string_view code;
  std::string_view reason;
};
constexpr CodeWords kCodes[] = {{"200", "Success call"},
                                {"", ""},
                                {"304", "Call missed"},
                                {"603", "Decline"},
                                {"603-S", "Decline self"},
                                {"486", "Busy"},
                                {"480", "Temporarily unavailable"}};

const CodeWords& words(const CallRow& call) { return kCodes[static_cast<std::size_t>(call.code)]; }

Cell null_of(const CallRow&, Scratch&) { return null_cell(); }

Cell line(const CallRow& call, Scratch& scratch) {
  scratch.text = line_name(call);
  return text_cell(scratch.text);
}

// Numbers come with and without the plus sign, extensions without.
Cell phone(const CallRow& call, Scratch& scratch) {
  const bool plain = call.id % 3 == 0 || call.phone < 100'000;
  scratch.text = fmt::format("{}{}", plain ? "" : "+", call.phone);
  return text_cell(scratch.text);
}

Cell call_id(const CallRow& call, Scratch& scratch) {
  scratch.text =
      fmt::format("externalCall.{:016x}.{}",
                  static_cast<std::uint64_t>(call.id) * 0x9E3779B97F4A7C15ULL, call.started);
  return text_cell(scratch.text);
}

Cell crm_type(const CallRow& call, Scratch&) {
  return call.contact == 0 ? null_cell() : text_cell("CONTACT");
}

Cell crm_id(const CallRow& call, Scratch&) {
  return call.contact == 0 ? null_cell() : digits_cell(call.contact);
}

Cell activity(const CallRow& call, Scratch&) {
  return call.contact == 0 ? null_cell() : digits_cell(call.id + 5000);
}

constexpr CallField kCallFields[] = {
    {"ID", "ID", [](const CallRow& c, Scratch&) { return digits_cell(c.id); }},
    {"PORTAL_USER_ID", "PORTAL_USER_ID",
     [](const CallRow& c, Scratch&) { return digits_cell(c.manager); }},
    {"PORTAL_NUMBER", "PORTAL_NUMBER", line},
    {"PHONE_NUMBER", "PHONE_NUMBER", phone},
    {"CALL_ID", "CALL_ID", call_id},
    {"EXTERNAL_CALL_ID", "EXTERNAL_CALL_ID", null_of},
    {"CALL_CATEGORY", "CALL_CATEGORY",
     [](const CallRow&, Scratch&) { return text_cell("external"); }},
    {"CALL_LOG", "CALL_LOG", null_of},
    {"CALL_DURATION", "CALL_DURATION",
     [](const CallRow& c, Scratch&) { return digits_cell(c.duration); }},
    {"CALL_START_DATE", "CALL_START_DATE",
     [](const CallRow& c, Scratch&) { return time_cell(c.started); }},
    {"CALL_RECORD_URL", "CALL_RECORD_URL", [](const CallRow&, Scratch&) { return text_cell(""); }},
    {"CALL_VOTE", "CALL_VOTE", null_of},
    {"COST", "COST", [](const CallRow&, Scratch&) { return text_cell("0.0000"); }},
    {"COST_CURRENCY", "COST_CURRENCY", [](const CallRow&, Scratch&) { return text_cell("RUR"); }},
    {"CALL_FAILED_CODE", "CALL_FAILED_CODE",
     [](const CallRow& c, Scratch&) { return text_cell(words(c).code); }},
    {"CALL_FAILED_REASON", "CALL_FAILED_REASON",
     [](const CallRow& c, Scratch&) { return text_cell(words(c).reason); }},
    {"CRM_ENTITY_TYPE", "CRM_ENTITY_TYPE", crm_type},
    {"CRM_ENTITY_ID", "CRM_ENTITY_ID", crm_id},
    {"CRM_ACTIVITY_ID", "CRM_ACTIVITY_ID", activity},
    {"REST_APP_ID", "REST_APP_ID", null_of},
    {"REST_APP_NAME", "REST_APP_NAME", null_of},
    {"TRANSCRIPT_ID", "TRANSCRIPT_ID", null_of},
    {"TRANSCRIPT_PENDING", "TRANSCRIPT_PENDING",
     [](const CallRow&, Scratch&) { return flag_cell(false); }},
    {"SESSION_ID", "SESSION_ID", null_of},
    {"REDIAL_ATTEMPT", "REDIAL_ATTEMPT", null_of},
    {"COMMENT", "COMMENT", null_of},
    {"RECORD_DURATION", "RECORD_DURATION", null_of},
    {"RECORD_FILE_ID", "RECORD_FILE_ID", null_of},
    {"CALL_TYPE", "CALL_TYPE", [](const CallRow& c, Scratch&) { return digits_cell(c.type); }},
};

}  // namespace

std::span<const Field<CallRow>> call_fields() { return kCallFields; }

}  // namespace b24::sim
