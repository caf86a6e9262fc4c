#include "tests/portal/card_fields.h"
#include "tests/portal/tables.h"

// Portal docs: object-fields.md, crm-item-list.md. A quote tells neither the group of its stage nor
// when it came there.

namespace b24::sim {
namespace {

using QuoteField = Field<Quote>;

Cell number(const Quote& quote, Scratch& scratch) {
  scratch.text = std::to_string(quote.id);
  return text_cell(scratch.text);
}

constexpr QuoteField kQuoteFields[] = {
    {"id", "id", integer_of<Quote, &Quote::id>},
    {"createdTime", "createdTime", time_of<Quote, &Quote::created>},
    {"updatedTime", "updatedTime", time_of<Quote, &Quote::updated>},
    {"createdBy", "createdBy", integer_of<Quote, &Quote::created_by>},
    {"updatedBy", "updatedBy", integer_of<Quote, &Quote::updated_by>},
    {"assignedById", "assignedById", integer_of<Quote, &Quote::manager>},
    {"opened", "opened", yes_of<Quote>},
    {"title", "title", text_of<Quote, &Quote::title>},
    {"stageId", "stageId", stage_id_of<Quote>},
    {"closed", "closed", closed_of<Quote>},
    {"opportunity", "opportunity", real_of<Quote, &Quote::amount>},
    {"isManualOpportunity", "isManualOpportunity", no_of<Quote>},
    {"taxValue", "taxValue", zero_of<Quote>},
    {"currencyId", "currencyId", text_of<Quote, &Quote::currency>},
    {"dealId", "dealId", link_of<Quote, &Quote::deal>},
    {"leadId", "leadId", link_of<Quote, &Quote::lead>},
    {"companyId", "companyId", integer_of<Quote, &Quote::company>},
    {"contactId", "contactId", integer_of<Quote, &Quote::contact>},
    {"mycompanyId", "mycompanyId", unset_of<Quote>},
    {"quoteNumber", "quoteNumber", number},
    {"begindate", "begindate", date_of<Quote, &Quote::begin_date>},
    {"begindateShort", "begindateShort", unset_of<Quote>},
    {"closedate", "closedate", date_of<Quote, &Quote::close_date>},
    {"closedateShort", "closedateShort", unset_of<Quote>},
    {"actualDate", "actualDate", date_of<Quote, &Quote::valid_until>},
    {"dateCreateShort", "dateCreateShort", unset_of<Quote>},
    {"dateModifyShort", "dateModifyShort", unset_of<Quote>},
    {"comments", "comments", text_of<Quote, &Quote::comments>},
    {"commentsType", "commentsType", zero_of<Quote>},
    {"content", "content", unset_of<Quote>},
    {"contentType", "contentType", zero_of<Quote>},
    {"terms", "terms", unset_of<Quote>},
    {"termsType", "termsType", zero_of<Quote>},
    {"storageTypeId", "storageTypeId", unset_of<Quote>},
    {"storageElementIds", "storageElementIds", empty_list_of<Quote>},
    {"personTypeId", "personTypeId", unset_of<Quote>},
    {"locationId", "locationId", unset_of<Quote>},
    {"webformId", "webformId", unset_of<Quote>},
    {"clientTitle", "clientTitle", unset_of<Quote>},
    {"clientAddr", "clientAddr", unset_of<Quote>},
    {"clientContact", "clientContact", unset_of<Quote>},
    {"clientEmail", "clientEmail", unset_of<Quote>},
    {"clientPhone", "clientPhone", unset_of<Quote>},
    {"clientTpId", "clientTpId", unset_of<Quote>},
    {"clientTpaId", "clientTpaId", unset_of<Quote>},
    {"hasProducts", "hasProducts", unset_of<Quote>},
    {"searchContent", "searchContent", unset_of<Quote>},
    {"lastActivityBy", "lastActivityBy", integer_of<Quote, &Quote::last_activity_by>},
    {"lastActivityTime", "lastActivityTime", time_of<Quote, &Quote::last_activity>},
    {"utmSource", "utmSource", unset_of<Quote>},
    {"utmMedium", "utmMedium", unset_of<Quote>},
    {"utmCampaign", "utmCampaign", unset_of<Quote>},
    {"utmContent", "utmContent", unset_of<Quote>},
    {"utmTerm", "utmTerm", unset_of<Quote>},
    {"contactIds", "contactIds", links_of<Quote, &Quote::contact>},
    {"entityTypeId", "entityTypeId", type_of<Quote>, QuoteField::In::whole},
};

}  // namespace

std::span<const Field<Quote>> quote_fields() { return kQuoteFields; }

}  // namespace b24::sim
