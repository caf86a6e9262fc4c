#include "tests/portal/tables.h"

// Portal docs: crm-item-list.md, crm-item-add.md, object-fields.md.

namespace b24::sim {
namespace {

using DealField = Field<Deal>;

Cell null_of(const Deal&, Scratch&) { return null_cell(); }
Cell empty_list(const Deal&, Scratch&) { return json_cell("[]"); }
Cell no(const Deal&, Scratch&) { return flag_cell(false); }

bool is_closed(const Deal& deal, const Scratch& scratch) {
  return scratch.world.stage(deal).semantic != 'P';
}

Cell semantic(const Deal& deal, Scratch& scratch) {
  return text_cell({&scratch.world.stage(deal).semantic, 1});
}

Cell contact_ids(const Deal& deal, Scratch& scratch) {
  if (deal.contact == 0) return json_cell("[]");
  scratch.text = "[" + std::to_string(deal.contact) + "]";
  return json_cell(scratch.text);
}

Cell probability(const Deal& deal, Scratch&) {
  return deal.probability < 0 ? null_cell() : integer_cell(deal.probability);
}

Cell lead(const Deal& deal, Scratch&) {
  return deal.lead == 0 ? null_cell() : integer_cell(deal.lead);
}

// A field of the portal's own, such as every portal has.
Cell channel(const Deal& deal, Scratch&) {
  constexpr std::string_view kChannels[] = {"сайт", "выставка", "рекомендация", ""};
  return text_cell(kChannels[static_cast<std::size_t>(deal.id) % 4]);
}

constexpr DealField kDealFields[] = {
    {"id", "id", [](const Deal& d, Scratch&) { return integer_cell(d.id); }},
    {"createdTime", "createdTime", [](const Deal& d, Scratch&) { return time_cell(d.created); }},
    {"dateCreateShort", "dateCreateShort", null_of, DealField::In::select_only},
    {"updatedTime", "updatedTime", [](const Deal& d, Scratch&) { return time_cell(d.updated); }},
    {"dateModifyShort", "dateModifyShort", null_of, DealField::In::select_only},
    {"createdBy", "createdBy", [](const Deal& d, Scratch&) { return integer_cell(d.created_by); }},
    {"updatedBy", "updatedBy", [](const Deal& d, Scratch&) { return integer_cell(d.updated_by); }},
    {"assignedById", "assignedById",
     [](const Deal& d, Scratch&) { return integer_cell(d.manager); }},
    {"opened", "opened", [](const Deal&, Scratch&) { return flag_cell(true); }},
    {"leadId", "leadId", lead},
    {"companyId", "companyId", [](const Deal& d, Scratch&) { return integer_cell(d.company); }},
    {"contactId", "contactId", [](const Deal& d, Scratch&) { return integer_cell(d.contact); }},
    {"quoteId", "quoteId", null_of},
    {"title", "title", [](const Deal& d, Scratch&) { return text_cell(d.title); }},
    {"productId", "productId", null_of, DealField::In::select_only},
    {"categoryId", "categoryId", [](const Deal& d, Scratch&) { return integer_cell(d.pipeline); }},
    {"stageId", "stageId",
     [](const Deal& d, Scratch& s) { return text_cell(s.world.stage(d).status_id); }},
    {"stageSemanticId", "stageSemanticId", semantic},
    {"isNew", "isNew",
     [](const Deal& d, Scratch& s) {
       return flag_cell(d.stage == s.world.first_stage(kDealType, d.pipeline));
     }},
    {"isRecurring", "isRecurring", [](const Deal& d, Scratch&) { return flag_cell(d.recurring); }},
    {"isReturnCustomer", "isReturnCustomer",
     [](const Deal& d, Scratch&) { return flag_cell(d.repeated); }},
    {"isRepeatedApproach", "isRepeatedApproach", no},
    {"closed", "closed", [](const Deal& d, Scratch& s) { return flag_cell(is_closed(d, s)); }},
    {"typeId", "typeId", [](const Deal& d, Scratch&) { return text_cell(d.type); }},
    {"opportunity", "opportunity", [](const Deal& d, Scratch&) { return real_cell(d.amount); }},
    {"isManualOpportunity", "isManualOpportunity", no},
    {"taxValue", "taxValue", [](const Deal&, Scratch&) { return real_cell(0); }},
    {"currencyId", "currencyId", [](const Deal& d, Scratch&) { return text_cell(d.currency); }},
    {"probability", "probability", probability},
    {"comments", "comments", [](const Deal& d, Scratch&) { return text_cell(d.comments); }},
    {"begindate", "begindate", [](const Deal& d, Scratch&) { return date_cell(d.begin_date); }},
    {"begindateShort", "begindateShort", null_of, DealField::In::select_only},
    {"closedate", "closedate", [](const Deal& d, Scratch&) { return date_cell(d.close_date); }},
    {"closedateShort", "closedateShort", null_of, DealField::In::select_only},
    {"eventDate", "eventDate", null_of, DealField::In::select_only},
    {"eventDateShort", "eventDateShort", null_of, DealField::In::select_only},
    {"eventId", "eventId", null_of, DealField::In::select_only},
    {"eventDescription", "eventDescription", null_of, DealField::In::select_only},
    {"locationId", "locationId", null_of},
    {"webformId", "webformId", null_of},
    {"sourceId", "sourceId", [](const Deal& d, Scratch&) { return text_cell(d.source); }},
    {"sourceDescription", "sourceDescription", null_of},
    {"originatorId", "originatorId", null_of},
    {"originId", "originId", null_of},
    {"additionalInfo", "additionalInfo", null_of},
    {"searchContent", "searchContent", null_of, DealField::In::select_only},
    {"orderStage", "orderStage", null_of},
    {"movedBy", "movedBy", [](const Deal& d, Scratch&) { return integer_cell(d.moved_by); }},
    {"movedTime", "movedTime", [](const Deal& d, Scratch&) { return time_cell(d.moved); }},
    {"lastActivityBy", "lastActivityBy",
     [](const Deal& d, Scratch&) { return integer_cell(d.last_activity_by); }},
    {"lastActivityTime", "lastActivityTime",
     [](const Deal& d, Scratch&) { return time_cell(d.last_activity); }},
    {"isWork", "isWork", null_of, DealField::In::select_only},
    {"isWon", "isWon", null_of, DealField::In::select_only},
    {"isLose", "isLose", null_of, DealField::In::select_only},
    {"receivedAmount", "receivedAmount", null_of, DealField::In::select_only},
    {"lostAmount", "lostAmount", null_of, DealField::In::select_only},
    {"hasProducts", "hasProducts", null_of, DealField::In::select_only},
    {"ufCrm_1700000001", "ufCrm_1700000001", channel},
    {"utmSource", "utmSource", null_of},
    {"utmMedium", "utmMedium", null_of},
    {"utmCampaign", "utmCampaign", null_of},
    {"utmContent", "utmContent", null_of},
    {"utmTerm", "utmTerm", null_of},
    {"observers", "observers", empty_list},
    {"contactIds", "contactIds", contact_ids},
    {"entityTypeId", "entityTypeId", [](const Deal&, Scratch&) { return integer_cell(kDealType); },
     DealField::In::whole},
};

}  // namespace

std::span<const Field<Deal>> deal_fields() { return kDealFields; }

}  // namespace b24::sim
