#include "tests/portal/card_fields.h"
#include "tests/portal/tables.h"

// Portal docs: object-fields.md, invoice.md. The deal and the quote stand in parentId2 and
// parentId7; neither the group of the stage nor "closed" is told.

namespace b24::sim {
namespace {

using InvoiceField = Field<Invoice>;

Cell number(const Invoice& invoice, Scratch& scratch) {
  scratch.text = std::to_string(invoice.id);
  return text_cell(scratch.text);
}

Cell stage_before(const Invoice& invoice, Scratch& scratch) {
  if (invoice.stage_before < 0) return text_cell("");
  const auto index = static_cast<std::size_t>(invoice.stage_before);
  return text_cell(scratch.world.data.statuses[index].status_id);
}

constexpr InvoiceField kInvoiceFields[] = {
    {"id", "id", integer_of<Invoice, &Invoice::id>},
    {"createdTime", "createdTime", time_of<Invoice, &Invoice::created>},
    {"updatedTime", "updatedTime", time_of<Invoice, &Invoice::updated>},
    {"createdBy", "createdBy", integer_of<Invoice, &Invoice::created_by>},
    {"updatedBy", "updatedBy", integer_of<Invoice, &Invoice::updated_by>},
    {"assignedById", "assignedById", integer_of<Invoice, &Invoice::manager>},
    {"opened", "opened", yes_of<Invoice>},
    {"title", "title", text_of<Invoice, &Invoice::title>},
    {"xmlId", "xmlId", unset_of<Invoice>},
    {"accountNumber", "accountNumber", number},
    {"categoryId", "categoryId", integer_of<Invoice, &Invoice::pipeline>},
    {"stageId", "stageId", stage_id_of<Invoice>},
    {"previousStageId", "previousStageId", stage_before},
    {"movedBy", "movedBy", integer_of<Invoice, &Invoice::moved_by>},
    {"movedTime", "movedTime", time_of<Invoice, &Invoice::moved>},
    {"opportunity", "opportunity", real_of<Invoice, &Invoice::amount>},
    {"isManualOpportunity", "isManualOpportunity", no_of<Invoice>},
    {"taxValue", "taxValue", zero_of<Invoice>},
    {"currencyId", "currencyId", text_of<Invoice, &Invoice::currency>},
    {"begindate", "begindate", date_of<Invoice, &Invoice::begin_date>},
    {"closedate", "closedate", date_of<Invoice, &Invoice::pay_before>},
    {"comments", "comments", text_of<Invoice, &Invoice::comments>},
    {"companyId", "companyId", integer_of<Invoice, &Invoice::company>},
    {"contactId", "contactId", integer_of<Invoice, &Invoice::contact>},
    {"mycompanyId", "mycompanyId", unset_of<Invoice>},
    {"sourceId", "sourceId", unset_of<Invoice>},
    {"sourceDescription", "sourceDescription", unset_of<Invoice>},
    {"isRecurring", "isRecurring", no_of<Invoice>},
    {"locationId", "locationId", unset_of<Invoice>},
    {"webformId", "webformId", zero_of<Invoice>},
    {"parentId2", "parentId2", link_of<Invoice, &Invoice::deal>},
    {"parentId7", "parentId7", link_of<Invoice, &Invoice::quote>},
    {"lastActivityBy", "lastActivityBy", integer_of<Invoice, &Invoice::last_activity_by>},
    {"lastActivityTime", "lastActivityTime", time_of<Invoice, &Invoice::last_activity>},
    {"utmSource", "utmSource", unset_of<Invoice>},
    {"utmMedium", "utmMedium", unset_of<Invoice>},
    {"utmCampaign", "utmCampaign", unset_of<Invoice>},
    {"utmContent", "utmContent", unset_of<Invoice>},
    {"utmTerm", "utmTerm", unset_of<Invoice>},
    {"observers", "observers", empty_list_of<Invoice>},
    {"contactIds", "contactIds", links_of<Invoice, &Invoice::contact>},
    {"entityTypeId", "entityTypeId", type_of<Invoice>, InvoiceField::In::whole},
};

}  // namespace

std::span<const Field<Invoice>> invoice_fields() { return kInvoiceFields; }

}  // namespace b24::sim
