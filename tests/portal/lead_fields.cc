#include "tests/portal/card_fields.h"
#include "tests/portal/tables.h"

// Portal docs: crm-item-get.md, object-fields.md.

namespace b24::sim {
namespace {

using LeadField = Field<Lead>;

constexpr LeadField kLeadFields[] = {
    {"id", "id", integer_of<Lead, &Lead::id>},
    {"createdTime", "createdTime", time_of<Lead, &Lead::created>},
    {"dateCreateShort", "dateCreateShort", unset_of<Lead>},
    {"updatedTime", "updatedTime", time_of<Lead, &Lead::updated>},
    {"dateModifyShort", "dateModifyShort", unset_of<Lead>},
    {"createdBy", "createdBy", integer_of<Lead, &Lead::created_by>},
    {"updatedBy", "updatedBy", integer_of<Lead, &Lead::updated_by>},
    {"assignedById", "assignedById", integer_of<Lead, &Lead::manager>},
    {"opened", "opened", yes_of<Lead>},
    {"companyId", "companyId", integer_of<Lead, &Lead::company>},
    {"contactId", "contactId", integer_of<Lead, &Lead::contact>},
    {"stageId", "stageId", stage_id_of<Lead>},
    {"isConvert", "isConvert", unset_of<Lead>},
    {"statusDescription", "statusDescription", unset_of<Lead>},
    {"stageSemanticId", "stageSemanticId", semantic_of<Lead>},
    {"productId", "productId", unset_of<Lead>},
    {"opportunity", "opportunity", real_of<Lead, &Lead::amount>},
    {"currencyId", "currencyId", text_of<Lead, &Lead::currency>},
    {"sourceId", "sourceId", text_of<Lead, &Lead::source>},
    {"sourceDescription", "sourceDescription", unset_of<Lead>},
    {"title", "title", text_of<Lead, &Lead::title>},
    {"name", "name", text_of<Lead, &Lead::first_name>},
    {"lastName", "lastName", text_of<Lead, &Lead::last_name>},
    {"secondName", "secondName", unset_of<Lead>},
    {"shortName", "shortName", unset_of<Lead>},
    {"companyTitle", "companyTitle", text_of<Lead, &Lead::company_title>},
    {"post", "post", unset_of<Lead>},
    {"address", "address", unset_of<Lead>},
    {"comments", "comments", text_of<Lead, &Lead::comments>},
    {"webformId", "webformId", zero_of<Lead>},
    {"originatorId", "originatorId", unset_of<Lead>},
    {"originId", "originId", unset_of<Lead>},
    {"dateClosed", "dateClosed", time_of<Lead, &Lead::closed>},
    {"birthdate", "birthdate", unset_of<Lead>},
    {"honorific", "honorific", unset_of<Lead>},
    {"hasPhone", "hasPhone", yes_of<Lead>},
    {"hasEmail", "hasEmail", has_email_of<Lead>},
    {"hasImol", "hasImol", no_of<Lead>},
    {"login", "login", unset_of<Lead>},
    {"isReturnCustomer", "isReturnCustomer", flag_of<Lead, &Lead::repeated>},
    {"searchContent", "searchContent", unset_of<Lead>},
    {"isManualOpportunity", "isManualOpportunity", no_of<Lead>},
    {"movedBy", "movedBy", integer_of<Lead, &Lead::moved_by>},
    {"movedTime", "movedTime", time_of<Lead, &Lead::moved>},
    {"lastActivityBy", "lastActivityBy", integer_of<Lead, &Lead::last_activity_by>},
    {"lastActivityTime", "lastActivityTime", time_of<Lead, &Lead::last_activity>},
    {"phoneMobile", "phoneMobile", empty_text_of<Lead>},
    {"phoneWork", "phoneWork", phone_of<Lead>},
    {"phoneMailing", "phoneMailing", empty_text_of<Lead>},
    {"emailHome", "emailHome", empty_text_of<Lead>},
    {"emailWork", "emailWork", email_of<Lead>},
    {"emailMailing", "emailMailing", empty_text_of<Lead>},
    {"skype", "skype", unset_of<Lead>},
    {"icq", "icq", unset_of<Lead>},
    {"imol", "imol", empty_text_of<Lead>},
    {"email", "email", email_of<Lead>},
    {"phone", "phone", phone_of<Lead>},
    {"fm", "fm", multifield_of<Lead>, LeadField::In::whole},
    {"utmSource", "utmSource", unset_of<Lead>},
    {"utmMedium", "utmMedium", unset_of<Lead>},
    {"utmCampaign", "utmCampaign", unset_of<Lead>},
    {"utmContent", "utmContent", unset_of<Lead>},
    {"utmTerm", "utmTerm", unset_of<Lead>},
    {"observers", "observers", empty_list_of<Lead>},
    {"contactIds", "contactIds", links_of<Lead, &Lead::contact>},
    {"entityTypeId", "entityTypeId", type_of<Lead>, LeadField::In::whole},
};

}  // namespace

std::span<const Field<Lead>> lead_fields() { return kLeadFields; }

}  // namespace b24::sim
